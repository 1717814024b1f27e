//! Signing in with a password, and going on with a refresh token.

use std::fmt;

use events::{AppId, SessionId, UserRole};
use zeroize::Zeroizing;

use super::{EmailOwner, FIRST_PARTY, Lives, Origin, PasswordHash, Session, UserError, Users};
use crate::identity::{
    DEFAULT_ORGANIZATION, Denial, User,
    chain::{Presented, Purpose, Worth},
    leading,
    mail::EmailAddress,
    passwords::{Password, Verdict},
    role_scopes,
    throttle::Attempt,
    tokens::{AccessGrant, Whose},
    trail::alarm,
    vault::{ActivityKind, Change, Draft, Outcome, Stored, VaultError},
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
    /// The user with this address and this password. It takes as long when there is none.
    ///
    /// # Errors
    /// [`UserError::Throttled`]; [`UserError::InvalidCredentials`], also when the address is not confirmed;
    /// with the right password, [`UserError::Disabled`]; what is not available.
    pub async fn check_password(
        &self,
        email: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<User, UserError> {
        let (now, password) = (self.parts().clock.monotonic(), Password::presented(password));
        let password = password.map_err(|_| UserError::InvalidCredentials)?;
        let attempt = self.shared.throttle.admit(email, origin.address, now)?;
        match self.compare(email, password).await {
            Ok((user, true)) => self.admitted(user, attempt, origin),
            Ok((user, false)) => {
                let confirmed = user.as_ref().is_none_or(|user| user.verified);
                let detail = if confirmed { "wrong password" } else { "address not confirmed" };
                self.failed(ActivityKind::SignIn, user.as_ref(), origin, detail);
                Err(UserError::InvalidCredentials)
            }
            Err(error) => {
                // Nothing was learned about the password.
                self.shared.throttle.withdrawn(attempt);
                Err(error)
            }
        }
    }

    /// Whose the address is, and whether the password is right. None is until the address is confirmed:
    /// who registers somebody's address and tries the password learns nothing of an account there.
    async fn compare(&self, email: &str, password: Password) -> Result<(Option<User>, bool), UserError> {
        let (mut user, mut phc) = (None, None);
        // What is no address is nobody's, and looked up all the same.
        let id = match email.parse::<EmailAddress>() {
            Ok(email) => self.email_id(&email),
            Err(_) => "".into(),
        };
        match self.shelf().get::<EmailOwner>(&id, self.now()).await? {
            Some(owner) => {
                user = self.identity().user(owner.value.user);
                let id = owner.value.user.to_string();
                let kept = self.shelf().get::<PasswordHash>(&id, self.now()).await?;
                phc = kept
                    .filter(|_| user.as_ref().is_some_and(|user| user.verified))
                    .map(|kept| kept.value.phc);
            }
            // As many questions to the database as for somebody.
            None => drop(self.shelf().get::<PasswordHash>(&id, self.now()).await?),
        }
        let verdict = self.parts().passwords.verify(password.clone(), phc.map(String::from)).await?;
        let right = match verdict {
            Verdict::Wrong => false,
            Verdict::Right { rehash } => {
                if let Some(user) = user.as_ref().filter(|_| rehash) {
                    self.rehash(user, password).await?;
                }
                true
            }
        };
        Ok((user, right))
    }

    async fn rehash(&self, user: &User, password: Password) -> Result<(), UserError> {
        let phc = self.parts().passwords.hash(password).await?.into();
        let draft = Draft::of(user.id.to_string(), Some(user.id.0), None, &PasswordHash { phc });
        Ok(self.shelf().commit(vec![Change::Put(draft)], self.now()).await?)
    }

    /// The password was right; now the user must be one who may sign in.
    fn admitted(&self, user: Option<User>, attempt: Attempt, origin: &Origin) -> Result<User, UserError> {
        self.shared.throttle.succeeded(attempt, self.parts().clock.monotonic());
        let user = user.filter(|user| user.verified).ok_or(UserError::InvalidCredentials)?;
        if user.disabled {
            self.failed(ActivityKind::SignIn, Some(&user), origin, "disabled");
            Err(UserError::Disabled)
        } else {
            Ok(user)
        }
    }

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
    /// As [`Self::check_password`].
    pub async fn login(&self, email: &str, password: &str, origin: &Origin) -> Result<Login, UserError> {
        let user = self.check_password(email, password, origin).await?;
        self.begin_with_tokens(&user, "password", None, origin).await
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
        self.tokens(user, id, &session)
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
                self.tokens(&user, id, &stored.value)
            }
            Worth::JustUsed => self.tokens(&user, id, &stored.value),
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

    fn tokens(&self, user: &User, id: SessionId, session: &Session) -> Result<Login, UserError> {
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
        let (access_token, claims) = self.parts().tokens.issue_access(&grant, self.now())?;
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
