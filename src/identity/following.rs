//! A directory that follows what other processes record: rows come in from time to time, and at once when
//! somebody shows a key that is not known yet.

use std::{sync::OnceLock, time::Duration};

use events::{Position, Time};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{
    Caller, Identity,
    secret::{Kind, Presented},
    tokens::{Claims, TokenFault},
};

/// For how long a key that is not known is waited for: a little longer than the projections and a reload
/// take.
const WAIT: Duration = Duration::from_millis(600);

/// Asks for events up to a position to be applied to the projections without delay.
type Hurry = Box<dyn Fn(Position) + Send + Sync>;

/// What a directory that follows others has beside its rows.
#[derive(Default)]
pub(super) struct Following {
    hurry: OnceLock<Hurry>,
    /// Somebody waits for rows.
    wanted: Notify,
    /// How often rows came in.
    reloads: watch::Sender<u64>,
}

impl Following {
    /// Rows came in.
    pub(super) fn reloaded(&self) {
        self.reloads.send_modify(|count| *count += 1);
    }

    /// A fact was recorded here, on which other processes wait.
    pub(super) fn recorded(&self, position: Position) {
        if let Some(hurry) = self.hurry.get() {
            hurry(position);
        }
    }
}

impl Identity {
    /// Calls `hurry` with the position of each fact that is recorded through this directory, so that those who
    /// follow hear of it soon. The first one counts.
    pub fn hurry_with(&self, hurry: impl Fn(Position) + Send + Sync + 'static) {
        let _ = self.shared.following.hurry.set(Box::new(hurry));
    }

    /// Resolves when somebody has shown a key that is not known: [`Self::reload`] may tell more.
    pub async fn reload_wanted(&self) {
        self.shared.following.wanted.notified().await;
    }

    /// The same as [`Self::bearer`], but where other processes write, a user or an app that is not known is
    /// waited for a little: the token may have been issued just now elsewhere.
    ///
    /// # Errors
    /// As [`Self::bearer`].
    pub async fn bearer_or_reload(&self, claims: &Claims) -> Result<Caller, TokenFault> {
        let known = |claims: &Claims| {
            claims.user().is_none_or(|user| self.user(user).is_some())
                && claims.app_id.is_none_or(|app| self.app(app).is_some())
        };
        if known(claims) || *self.shared.following.reloads.borrow() == 0 {
            return self.bearer(claims);
        }
        let mut reloads = self.shared.following.reloads.subscribe();
        let wait = async {
            while !known(claims) {
                self.shared.following.wanted.notify_one();
                if reloads.changed().await.is_err() {
                    return;
                }
            }
        };
        // A time-out only means that there is no such user.
        let _ = timeout(WAIT, wait).await;
        self.bearer(claims)
    }

    /// The same as [`Self::authenticate`], but where other processes write, a key that is not known is
    /// waited for a little: it may have been issued just now elsewhere.
    pub async fn authenticate_or_reload(&self, presented: &str, now: Time) -> Option<Caller> {
        if let Some(caller) = self.authenticate(presented, now) {
            return Some(caller);
        }
        let unknown = Presented::parse(presented).is_some_and(|key| key.kind == Kind::ApiKey);
        if !unknown || self.knows(presented) || *self.shared.following.reloads.borrow() == 0 {
            return None;
        }
        let mut reloads = self.shared.following.reloads.subscribe();
        let known = async {
            while !self.knows(presented) {
                self.shared.following.wanted.notify_one();
                if reloads.changed().await.is_err() {
                    return;
                }
            }
        };
        // A time-out only means that nobody has such a key.
        let _ = timeout(WAIT, known).await;
        self.authenticate(presented, now)
    }
}
