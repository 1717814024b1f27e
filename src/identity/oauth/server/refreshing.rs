//! Going on: refresh tokens, each used once.

use events::{FamilyId, SessionId, Time, UserId};

use super::{
    Client, OauthError, Server, User,
    issuing::{Granted, Sight},
};
use crate::identity::{
    Denial, Scope, Scopes,
    chain::Chain,
    oauth::{
        code::{Code, later},
        refresh::{self, Family, Presented, Worth},
        selection,
        token::{TokenRequest, audiences},
    },
    tokens::Claims,
    trail::alarm,
    users::Session,
    vault::{Change, Stored, VaultError},
};

/// How often a row that others write is read again.
const ATTEMPTS: u32 = 8;
/// Access tokens of a family that are remembered, to be ended with it.
const RECENT_MAX: usize = 8;

impl Server {
    /// The family that begins with a code.
    pub(super) fn begin(&self, code: &Code, claims: &Claims, now: Time) -> (FamilyId, Family) {
        let lasting = Scopes::known(&code.scope).contains(Scope::OfflineAccess);
        let family = Family {
            app: code.app,
            user: code.user,
            session: Some(code.session).filter(|_| !lasting),
            auth_time: code.auth_time,
            scope: code.scope.clone(),
            audiences: code.audiences.clone(),
            domain: claims.domain.clone(),
            chain: Chain::new(self.random_id(), now),
            began: now,
            ends: later(now, refresh::FAMILY_S),
            recent: vec![(claims.jti, claims.exp)],
        };
        (FamilyId(self.random_id()), family)
    }

    /// Answers a refresh token: with new tokens once, with the same successor for a moment, and then
    /// with the end of the family.
    pub(super) async fn refresh(
        &self,
        client: &Client,
        token: &str,
        request: &TokenRequest,
        now: Time,
    ) -> Result<Granted, OauthError> {
        let presented = Presented::parse(token).ok_or_else(OauthError::grant)?;
        let row = presented.id.simple().to_string();
        let pepper = &self.identity.shared.pepper;
        for _ in 0..ATTEMPTS {
            let stored = self.shelf.get::<Family>(&row, now).await?.ok_or_else(OauthError::grant)?;
            let worth = stored.value.worth(&presented, pepper, now);
            if stored.value.app != client.app || worth == Worth::Forged {
                return Err(OauthError::grant());
            }
            if self.has_ended(stored.value.session, now).await? {
                return Err(OauthError::grant());
            }
            if worth == Worth::Reused {
                return Err(self.reused(FamilyId(presented.id), stored, now).await);
            }
            let sight = self.continued(client, &stored.value, request)?;
            let (mut granted, claims) = self.issue(client, sight, now).await?;
            let next = noted(&stored.value, worth, &claims, now);
            let successor = next.token(presented.id, pepper).to_string();
            let expires = Some(next.expires());
            match self.shelf.replace(&Stored { value: next, expires, ..stored }, now).await {
                Err(VaultError::Conflict) if worth == Worth::Current => continue,
                // Who only gets the same successor again needs no row of its own, but the family must live.
                Err(VaultError::Conflict) if self.shelf.get::<Family>(&row, now).await?.is_none() => {
                    return Err(OauthError::grant());
                }
                Ok(()) | Err(VaultError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            granted.refresh_token = Some(successor);
            return Ok(granted);
        }
        Err(OauthError::unavailable())
    }

    /// What the tokens of a family are issued for, as long as it lives.
    fn continued<'a>(
        &self,
        client: &Client,
        family: &'a Family,
        request: &TokenRequest,
    ) -> Result<Sight<'a>, OauthError> {
        let agreed = Scopes::known(&family.scope);
        let user =
            self.present(family.user, client, family.session, family.began).ok_or_else(OauthError::grant)?;
        Ok(Sight {
            user,
            session: family.session,
            auth_time: family.auth_time,
            scopes: selection::select(request.scope.as_deref(), agreed)?,
            audiences: audiences(&request.resources, &family.audiences)?,
            domain: family.domain.clone(),
            nonce: None,
        })
    }

    /// Whether the session with which a family ends has ended. The directory knows it only for a while.
    pub(super) async fn has_ended(&self, session: Option<SessionId>, now: Time) -> Result<bool, OauthError> {
        let Some(session) = session else { return Ok(false) };
        Ok(self.shelf.get::<Session>(&session.to_string(), now).await?.is_none())
    }

    /// The user, when what was agreed to at `since` still holds: nobody is disabled, no session ended, no
    /// access was taken away.
    pub(super) fn present(
        &self,
        user: UserId,
        client: &Client,
        session: Option<SessionId>,
        since: Time,
    ) -> Option<User> {
        let user = self.user(user)?;
        let denial =
            Denial { token: None, session, user: Some(user.id), app: Some(client.app), issued: since };
        let agreed = client.first_party || self.identity.access(user.id, client.app).is_some();
        (agreed && !self.identity.denied(&denial)).then_some(user)
    }

    /// A used token came again, too late for a lost answer: two hold it.
    async fn reused(&self, id: FamilyId, stored: Stored<Family>, now: Time) -> OauthError {
        let family = &stored.value;
        tracing::warn!(app = %family.app, family = %id, "a refresh token was used twice: its family ends");
        alarm("refresh_reused", None);
        match self.identity.refresh_reused(family.app, Some(family.user), id, None).await {
            Ok(()) => match self.end(&stored, now).await {
                Ok(()) => OauthError::grant(),
                Err(error) => error,
            },
            Err(error) => error.into(),
        }
    }

    /// Ends a family, if it is still there, and its access tokens.
    pub(super) async fn end_family(&self, id: FamilyId, now: Time) -> Result<(), OauthError> {
        match self.shelf.get::<Family>(&id.0.simple().to_string(), now).await? {
            Some(stored) => self.end(&stored, now).await,
            None => Ok(()),
        }
    }

    pub(super) async fn end(&self, stored: &Stored<Family>, now: Time) -> Result<(), OauthError> {
        let family = &stored.value;
        for (token, until) in &family.recent {
            let until = Time::from_micros(until.saturating_mul(1_000_000));
            if until > now {
                self.identity.revoke_token(*token, family.app, Some(family.user), until, None).await?;
            }
        }
        let gone = Change::Delete {
            kind: <Family as crate::identity::vault::Kept>::KIND,
            id: stored.id.clone(),
            version: None,
        };
        Ok(self.shelf.commit(vec![gone], now).await?)
    }
}

/// The family after it gave one more access token.
fn noted(family: &Family, worth: Worth, claims: &Claims, now: Time) -> Family {
    let mut next = if worth == Worth::Current { family.rotated(now) } else { family.clone() };
    let seconds = now.micros().div_euclid(1_000_000);
    next.recent.retain(|(_, until)| *until > seconds);
    next.recent.push((claims.jti, claims.exp));
    let surplus = next.recent.len().saturating_sub(RECENT_MAX);
    next.recent.drain(..surplus);
    next
}
