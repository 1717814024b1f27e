//! Signing in with a password, and going on with a refresh token.

use std::fmt;

use events::{AppId, SessionId, Time, UserRole};
use zeroize::Zeroizing;

use super::{FIRST_PARTY, Lives, Origin, Session, UserError, Users};
use crate::identity::{
    DEFAULT_ORGANIZATION, Denial, User,
    chain::{Presented, Purpose, Worth},
    leading, role_scopes,
    tokens::{AccessGrant, Whose},
    trail::alarm,
    vault::{ActivityKind, Outcome, Stored, VaultError},
};

/// Refreshes at once, from one client that lost its answer again and again: more find the session busy.
const ATTEMPTS: usize = 4;

/// What somebody who signed in is given.
pub struct Login {
    /// The session.
    pub session: SessionId,
    /// The access token.
    pub access_token: Zeroizing<String>,
    /// For how many seconds it is good.
    pub expires_in: u64,
    /// What it allows, between spaces.
    pub scope: Box<str>,
    /// With what to go on.
    pub refresh_token: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Users {
    /// Notes a failure, in the organization of the user, or where nobody is known, in that of strangers.
    pub(super) fn failed(&self, kind: ActivityKind, user: Option<&User>, origin: &Origin, detail: &str) {
        let org = user
            .map(|user| user.org)
            .or_else(|| self.identity().organization_by_name(DEFAULT_ORGANIZATION).map(|default| default.id));
        if let Some(org) = org {
            self.note(kind, Outcome::Refused, (org, user.map(|user| user.id)), origin, Some(detail));
        }
    }

    /// Signs in with a password, at the ledger itself.
    ///
    /// # Errors
    /// As [`Self::check_password`] and [`Self::begin_by_password`].
    pub async fn login(&self, email: &str, password: &str, origin: &Origin) -> Result<Login, UserError> {
        let proven = self.check_password(email, password, origin).await?;
        let (id, session) = self.begin_by_password(&proven, origin, Lives::TOKENS).await?;
        self.tokens(proven.user(), (id, &session), session.started)
    }

    /// Begins a session with tokens of the ledger itself, for somebody who proved to be this user.
    ///
    /// # Errors
    /// What is not available.
    pub async fn begin_with_tokens(
        &self,
        user: &User,
        method: &str,
        app: Option<AppId>,
        origin: &Origin,
    ) -> Result<Login, UserError> {
        let (id, session) = self.begin(user, method, app, origin, Lives::TOKENS).await?;
        self.tokens(user, (id, &session), session.started)
    }

    /// New tokens for a refresh token, which is good once. One that comes again a moment later gets the
    /// same successor; later, the session ends, because two have it.
    ///
    /// # Errors
    /// [`UserError::InvalidRefresh`], or what is not available.
    pub async fn refresh(&self, token: &str, origin: &Origin) -> Result<Login, UserError> {
        let presented = Presented::parse(token).ok_or(UserError::InvalidRefresh)?;
        for _ in 0..ATTEMPTS {
            match self.refreshed(&presented, origin).await {
                // Another request was faster: what the token is worth now is another matter.
                Err(UserError::Vault(VaultError::Conflict)) => {}
                result => return result,
            }
        }
        Err(UserError::Busy)
    }

    async fn refreshed(&self, presented: &Presented, origin: &Origin) -> Result<Login, UserError> {
        let (id, now) = (SessionId(presented.id), self.now());
        let stored = self.shelf().get::<Session>(&id.to_string(), now).await?;
        let mut stored = stored.ok_or(UserError::InvalidRefresh)?;
        let chain = stored.value.chain.clone().ok_or(UserError::InvalidRefresh)?;
        let user = self.live(&stored)?;
        match chain.worth(Purpose::Session, presented, &self.identity().shared.pepper, now) {
            Worth::Current => {
                stored.value.chain = Some(chain.rotated(now));
                stored.value.seen = now;
                stored.expires = Some(Lives::TOKENS.expires(&stored.value, now));
                self.shelf().replace(&stored, now).await?;
                // Meanwhile it may have ended.
                let user = self.live(&stored)?;
                self.note(ActivityKind::Refresh, Outcome::Done, (user.org, Some(user.id)), origin, None);
                self.tokens(&user, (id, &stored.value), now)
            }
            Worth::JustUsed => self.tokens(&user, (id, &stored.value), now),
            Worth::Reused => {
                self.end(&user, id, stored.value.app, "refresh-reused").await?;
                alarm("session_reused", Some(origin.address));
                self.failed(ActivityKind::SecurityAlert, Some(&user), origin, "refresh token reused");
                Err(UserError::InvalidRefresh)
            }
            Worth::Forged => Err(UserError::InvalidRefresh),
        }
    }

    /// The user of a session that has not ended.
    pub(super) fn live(&self, stored: &Stored<Session>) -> Result<User, UserError> {
        let user = stored.owner.and_then(|owner| self.identity().user(events::UserId(owner)));
        let denial = Denial {
            token: None,
            session: stored.id.parse().ok(),
            user: user.as_ref().map(|user| user.id),
            app: None,
            issued: stored.value.started,
        };
        let user = user.filter(|user| !user.disabled && !self.identity().denied(&denial));
        user.ok_or(UserError::InvalidRefresh)
    }

    /// Tokens of a session, issued at a moment before which its row was read or written: whoever ends all
    /// sessions afterwards, by rows and by time, ends these.
    fn tokens(
        &self,
        user: &User,
        (id, session): (SessionId, &Session),
        issued: Time,
    ) -> Result<Login, UserError> {
        let Some(chain) = &session.chain else { return Err(UserError::Failed) };
        let role = leading(&user.roles);
        let grant = AccessGrant {
            whose: Whose::User {
                user: user.id,
                session: Some(id),
                roles: shown_roles(user),
                auth_time: Some(session.started.micros().div_euclid(1_000_000)),
            },
            org: user.org,
            client_id: FIRST_PARTY.into(),
            app: None,
            scopes: role_scopes(role),
            audience: Vec::new(),
            domain: None,
        };
        let (access_token, claims) = self.parts().tokens.issue_access(&grant, issued)?;
        Ok(Login {
            session: id,
            access_token: access_token.into(),
            expires_in: u64::try_from(claims.exp - claims.iat).unwrap_or_default(),
            scope: claims.scope,
            refresh_token: chain.token(Purpose::Session, id.0, &self.identity().shared.pepper),
        })
    }
}

/// A user's roles as others are told: whoever was given none is a customer.
#[must_use]
pub fn shown_roles(user: &User) -> Vec<UserRole> {
    if user.roles.is_empty() { vec![UserRole::Customer] } else { user.roles.clone() }
}
