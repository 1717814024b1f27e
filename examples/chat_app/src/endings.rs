//! What ends: sessions, tokens, users. Written in the transaction that marks the event as handled.

use credit_ledger_client::{
    Failure, Handler, Received,
    events::{AuthEvent, Event},
};
use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use crate::store::{Ended, Store};

/// For good.
const EVER: i64 = i64::MAX;

/// Writes down what ends.
pub(crate) struct Endings;

impl Handler<Transaction<'static, Sqlite>> for Endings {
    async fn handle(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        event: &Received,
    ) -> Result<(), Failure> {
        let recorded = &event.recorded;
        let Event::Auth(event) = &recorded.event else {
            return Ok(());
        };
        if let Some((kind, id, before_us)) = ending(event, recorded.envelope.time.micros()) {
            tracing::info!(?kind, %id, "ended");
            Store::end(transaction, kind, id, before_us).await?;
        }
        Ok(())
    }
}

/// What ends with an event of this time, and up to when it must have been issued to end.
fn ending(event: &AuthEvent, at_us: i64) -> Option<(Ended, Uuid, i64)> {
    match event {
        AuthEvent::SessionRevoked(ended) => Some((Ended::Session, ended.session.0, EVER)),
        AuthEvent::SessionsRevoked(ended) => Some((Ended::User, ended.user.0, ended.before.micros())),
        AuthEvent::PasswordChanged(changed) => Some((Ended::User, changed.user.0, at_us)),
        AuthEvent::UserDisabled(disabled) => Some((Ended::User, disabled.user.0, at_us)),
        // No more events about this user come here, so all that there is ends now.
        AuthEvent::AppAccessRevoked(revoked) => Some((Ended::User, revoked.user.0, at_us)),
        AuthEvent::TokenRevoked(revoked) => Some((Ended::Token, revoked.token.0, EVER)),
        AuthEvent::OrganizationRegistered(_)
        | AuthEvent::AppRegistered(_)
        | AuthEvent::ApiKeyIssued(_)
        | AuthEvent::ApiKeyRevoked(_)
        | AuthEvent::ApiKeyExpirySet(_)
        | AuthEvent::ClientSet(_)
        | AuthEvent::ClientSecretIssued(_)
        | AuthEvent::ClientSecretRevoked(_)
        | AuthEvent::UserRegistered(_)
        | AuthEvent::UserVerified(_)
        | AuthEvent::UserRolesSet(_)
        | AuthEvent::UserEnabled(_)
        | AuthEvent::UserLinked(_)
        | AuthEvent::UserSignedIn(_)
        | AuthEvent::SessionVerified(_)
        | AuthEvent::AppAccessGranted(_)
        | AuthEvent::RefreshReused(_)
        | AuthEvent::GroupRegistered(_)
        | AuthEvent::GroupMemberAdded(_)
        | AuthEvent::GroupMemberRemoved(_)
        | AuthEvent::SigningKeyChanged(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use credit_ledger_client::{
        Consumer,
        auth::{Claims, PrincipalType},
        events::{EventType, decode},
        kit::{ScriptedBroker, Step, Story, sample},
    };

    use super::*;

    fn claims(sid: Option<Uuid>, jti: &str) -> Claims {
        Claims {
            iss: String::new(),
            sub: String::new(),
            aud: Vec::new(),
            exp: 0,
            iat: 1,
            nbf: None,
            jti: jti.to_owned(),
            client_id: String::new(),
            scope: String::new(),
            kind: "access".to_owned(),
            principal_type: PrincipalType::User,
            org_id: None,
            sid,
            roles: Vec::new(),
            auth_time: None,
            app_id: None,
            domain: None,
        }
    }

    /// Plays one event to an app with a new database, and asks whether it ended this token.
    async fn ends(event_type: EventType, user: Uuid, claims: &Claims) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("chat.db");
        let store = Store::open(path.to_str().expect("a path")).await.expect("a database");
        assert!(!store.has_ended(user, claims).await.expect("an answer"));
        let mut story = Story::new();
        story.happens(event_type, 1);
        let broker = ScriptedBroker::new(&story, Step::all(&story));
        broker.play(Consumer::new(broker.clone(), store.clone(), Endings)).await;
        store.has_ended(user, claims).await.expect("an answer")
    }

    fn said(event_type: EventType) -> AuthEvent {
        let recorded = decode(sample(event_type).as_bytes()).expect("a golden event");
        let Event::Auth(event) = recorded.event else { panic!("{event_type:?}") };
        event
    }

    #[tokio::test]
    async fn a_session_that_ends_takes_its_tokens_and_no_others() {
        let AuthEvent::SessionRevoked(revoked) = said(EventType::SessionRevoked) else { panic!("another") };
        let (user, session) = (revoked.user.0, Some(revoked.session.0));
        assert!(ends(EventType::SessionRevoked, user, &claims(session, "a")).await);
        assert!(!ends(EventType::SessionRevoked, user, &claims(Some(Uuid::nil()), "a")).await);
        assert!(!ends(EventType::SessionRevoked, user, &claims(None, "a")).await);
        assert!(!ends(EventType::SessionVerified, user, &claims(session, "a")).await);
    }

    #[tokio::test]
    async fn all_sessions_end_up_to_a_time() {
        let AuthEvent::SessionsRevoked(revoked) = said(EventType::SessionsRevoked) else { panic!("another") };
        let user = revoked.user.0;
        assert!(ends(EventType::SessionsRevoked, user, &claims(None, "a")).await);
        assert!(!ends(EventType::SessionsRevoked, Uuid::nil(), &claims(None, "a")).await);
        let later = Claims { iat: 4_000_000_000, ..claims(None, "a") };
        assert!(!ends(EventType::SessionsRevoked, user, &later).await);
    }

    #[tokio::test]
    async fn users_and_tokens_end_too() {
        let AuthEvent::UserDisabled(disabled) = said(EventType::UserDisabled) else { panic!("another") };
        assert!(ends(EventType::UserDisabled, disabled.user.0, &claims(None, "a")).await);
        let AuthEvent::AppAccessRevoked(revoked) = said(EventType::AppAccessRevoked) else {
            panic!("another")
        };
        assert!(ends(EventType::AppAccessRevoked, revoked.user.0, &claims(None, "a")).await);
        let AuthEvent::TokenRevoked(revoked) = said(EventType::TokenRevoked) else { panic!("another") };
        let token = revoked.token.to_string();
        assert!(ends(EventType::TokenRevoked, Uuid::nil(), &claims(None, &token)).await);
        assert!(!ends(EventType::TokenRevoked, Uuid::nil(), &claims(None, "another")).await);
    }
}
