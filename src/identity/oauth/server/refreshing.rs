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
    vault::{Stored, VaultError},
};

/// How often a family that others write is read again. Each time one of them went on with it, so a token
/// that counted no longer does after the first.
const ATTEMPTS: usize = 8;

/// One use of a refresh token.
struct Use<'a> {
    client: &'a Client,
    presented: &'a Presented,
    request: &'a TokenRequest,
    now: Time,
}

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
        for _ in 0..ATTEMPTS {
            let stored = self.shelf.get::<Family>(&row, now).await?.ok_or_else(OauthError::grant)?;
            let worth = stored.value.worth(&presented, &self.identity.shared.pepper, now);
            if stored.value.app != client.app || worth == Worth::Forged {
                return Err(OauthError::grant());
            }
            let once = Use { client, presented: &presented, request, now };
            let used = self.used(&once, stored, worth).await;
            if let Some(granted) = used.map_err(OauthError::of_genuine)? {
                return Ok(granted);
            }
        }
        Err(OauthError::unavailable())
    }

    /// Uses a token of this family; none when another request changed the family meanwhile. Then nobody gets
    /// the tokens that were issued: none is given that the family does not know.
    async fn used(
        &self,
        &Use { client, presented, request, now }: &Use<'_>,
        stored: Stored<Family>,
        worth: Worth,
    ) -> Result<Option<Granted>, OauthError> {
        let family = &stored.value;
        if self.has_ended(family.session, now).await? {
            return Err(OauthError::grant());
        }
        if worth == Worth::Reused {
            return Err(self.reused(FamilyId(presented.id), stored, now).await);
        }
        let mut sight = self.continued(client, family, request)?;
        if worth == Worth::JustUsed {
            // The answer was lost: the same is given again, and the family knows it already.
            sight.again = family.recent.last().copied();
            let (granted, _) = self.issue(client, sight, now).await?;
            return Ok(Some(self.going_on(granted, family, presented)));
        }
        if let Some(wait_s) = family.is_full(now) {
            return Err(OauthError::too_often(wait_s));
        }
        let (granted, claims) = self.issue(client, sight, now).await?;
        let next = family.rotated(now).with(claims.jti, claims.exp, now);
        let granted = self.going_on(granted, &next, presented);
        let expires = Some(next.expires());
        match self.shelf.replace(&Stored { value: next, expires, ..stored }, now).await {
            Ok(()) => Ok(Some(granted)),
            Err(VaultError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The answer with the token to go on with.
    fn going_on(&self, granted: Granted, family: &Family, presented: &Presented) -> Granted {
        let token = family.token(presented.id, &self.identity.shared.pepper);
        Granted { refresh_token: Some(token.to_string()), ..granted }
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
            again: None,
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

    /// Ends a family and its access tokens, those as well that it gives meanwhile.
    pub(super) async fn end(&self, stored: &Stored<Family>, now: Time) -> Result<(), OauthError> {
        let mut stored = stored.clone();
        for _ in 0..ATTEMPTS {
            let family = &stored.value;
            for (token, until) in family.live(now) {
                let until = Time::from_micros(until.saturating_mul(1_000_000));
                self.identity.revoke_token(token, family.app, Some(family.user), until, None).await?;
            }
            match self.shelf.commit(vec![stored.taken()], now).await {
                Err(VaultError::Conflict) => {}
                done => return Ok(done?),
            }
            match self.shelf.get::<Family>(&stored.id, now).await? {
                Some(newer) => stored = newer,
                None => return Ok(()),
            }
        }
        Err(OauthError::unavailable())
    }
}
