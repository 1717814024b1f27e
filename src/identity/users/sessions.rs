//! Sessions: they begin, are listed, and end.

use events::{AppId, SessionId, Time, UserId};

use super::{Origin, Session, UserError, Users};
use crate::identity::{
    User,
    chain::Chain,
    vault::{ActivityKind, Change, Draft, Kind, Outcome, Stored},
};

/// Sessions of one user that are listed.
const LISTED_MAX: usize = 1_000;

const DAY_MICROS: i64 = 86_400_000_000;

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// How long it may lie unused, in days.
    pub idle_days: i64,
    /// How long in all.
    pub days: i64,
    /// Whether it has refresh tokens.
    pub tokens: bool,
}

impl Lives {
    /// With refresh tokens: 30 days unused, 180 in all.
    pub const TOKENS: Self = Self { idle_days: 30, days: 180, tokens: true };
    /// In a browser: 30 days, used or not.
    pub const BROWSER: Self = Self { idle_days: 30, days: 30, tokens: false };

    /// When a session that was used just now ends.
    #[must_use]
    pub fn expires(self, session: &Session, now: Time) -> Time {
        now.plus_micros(self.idle_days * DAY_MICROS).min(session.ends)
    }
}

/// A session as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: SessionId,
    /// What is known of it.
    pub session: Session,
    /// When it ends unless it is used.
    pub expires: Option<Time>,
}

impl Users {
    /// Begins a session for somebody who proved to be this user otherwise than by a password, for which
    /// there is [`Self::begin_by_password`].
    ///
    /// # Errors
    /// What is not available.
    pub async fn begin(
        &self,
        user: &User,
        method: &str,
        app: Option<AppId>,
        origin: &Origin,
        lives: Lives,
    ) -> Result<(SessionId, Session), UserError> {
        let begun = self.start(user, method, app, origin, lives).await?;
        self.note(ActivityKind::SignIn, Outcome::Done, (user.org, Some(user.id)), origin, Some(method));
        Ok(begun)
    }

    /// A session: a fact first, then the row.
    pub(super) async fn start(
        &self,
        user: &User,
        method: &str,
        app: Option<AppId>,
        origin: &Origin,
        lives: Lives,
    ) -> Result<(SessionId, Session), UserError> {
        let id = SessionId(self.identity().random_id());
        self.identity().signed_in(user.id, id, app, method, actor(user.id)).await?;
        let now = self.now();
        let session = Session {
            method: method.into(),
            app,
            started: now,
            seen: now,
            address: Some(origin.address),
            agent: origin.agent.clone(),
            chain: lives.tokens.then(|| Chain::new(self.identity().random_id(), now)),
            ends: now.plus_micros(lives.days * DAY_MICROS),
        };
        let expires = Some(lives.expires(&session, now));
        let draft = Draft::of(id.to_string(), Some(user.id.0), expires, &session);
        self.shelf().commit(vec![Change::Insert(draft)], now).await?;
        Ok((id, session))
    }

    /// The sessions of a user, newest first.
    ///
    /// # Errors
    /// What is not available.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Listed>, UserError> {
        let stored = self.shelf().of_owner::<Session>(user.0, None, LISTED_MAX, self.now()).await?;
        let mut sessions: Vec<_> = stored.into_iter().filter_map(listed).collect();
        sessions.sort_by_key(|listed| std::cmp::Reverse((listed.session.started, listed.id)));
        Ok(sessions)
    }

    /// Ends a session of a user, with all of its tokens.
    ///
    /// # Errors
    /// [`UserError::NotFound`] when the user has no such session, or what is not available.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        reason: &str,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        let stored = self.shelf().get::<Session>(&session.to_string(), self.now()).await?;
        let stored = stored.filter(|stored| stored.owner == Some(user.id.0)).ok_or(UserError::NotFound)?;
        self.end(&user, session, stored.value.app, reason).await?;
        let kind = if reason == "logout" { ActivityKind::SignOut } else { ActivityKind::SessionRevocation };
        self.note(kind, Outcome::Done, (user.org, Some(user.id)), origin, None);
        Ok(())
    }

    /// Ends every session of a user, with all of their tokens.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or what is not available.
    pub async fn end_sessions(
        &self,
        user: UserId,
        reason: &str,
        by: Option<Box<str>>,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        self.end_until_now(&user, reason, by).await?;
        self.forget_sessions(user.id).await?;
        let kind = ActivityKind::SessionRevocation;
        self.note(kind, Outcome::Done, (user.org, Some(user.id)), origin, Some("all"));
        Ok(())
    }

    /// Ends what began or was issued up to now.
    pub(super) async fn end_until_now(
        &self,
        user: &User,
        reason: &str,
        by: Option<Box<str>>,
    ) -> Result<(), UserError> {
        // Ends are compared by the millisecond: this one's are among them.
        let before = self.now().plus_micros(1_000);
        Ok(self.identity().revoke_sessions(user.id, before, reason, by).await?)
    }

    pub(super) async fn end(
        &self,
        user: &User,
        session: SessionId,
        app: Option<AppId>,
        reason: &str,
    ) -> Result<(), UserError> {
        self.identity().revoke_session(user.id, session, app, reason, actor(user.id)).await?;
        Ok(self.shelf().delete::<Session>(&session.to_string(), self.now()).await?)
    }

    /// The rows of all sessions, which have ended.
    pub(super) async fn forget_sessions(&self, user: UserId) -> Result<(), UserError> {
        Ok(self.shelf().commit(gone(user), self.now()).await?)
    }
}

/// What takes away the rows of all sessions of a user.
pub(super) fn gone(user: UserId) -> Vec<Change> {
    let kinds = [Kind::Session, Kind::Browser, Kind::Refresh, Kind::Code, Kind::Verification];
    kinds.map(|kind| Change::DeleteOf { kind, owner: user.0 }).into()
}

pub(super) fn actor(user: UserId) -> Option<Box<str>> {
    Some(format!("user/{user}").into())
}

fn listed(stored: Stored<Session>) -> Option<Listed> {
    Some(Listed { id: stored.id.parse().ok()?, session: stored.value, expires: stored.expires })
}
