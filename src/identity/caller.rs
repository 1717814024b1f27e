//! Who calls.

use events::{AppId, KeyId, OrgId, SessionId, UserId};

use super::{Scope, Scopes};

/// Who somebody has proved to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// An app, by one of its API keys.
    App {
        /// The app.
        app: AppId,
        /// The key it showed.
        key: KeyId,
    },
    /// Whoever can read the data directory: the command line beside the running server.
    Operator,
    /// A user, by a token of its own: from a login here, or through an app.
    User {
        /// The user.
        user: UserId,
        /// Its session.
        session: Option<SessionId>,
        /// The app that has the token; none for a login here.
        app: Option<AppId>,
    },
    /// An app, by a token that it got for itself.
    Service {
        /// The app.
        app: AppId,
    },
    /// An app that shows its API key and a token of its own user: it acts for that user alone.
    OnBehalf {
        /// The app.
        app: AppId,
        /// The key it showed.
        key: KeyId,
        /// The user.
        user: UserId,
    },
}

/// Of whom the things are that a caller can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everything in its organization.
    Organization,
    /// What is this user's: its wallet and those of its groups. Others' things do not exist for it.
    Own(UserId),
}

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The organization in which it acts; other organizations' things do not exist for it.
    pub org: OrgId,
    /// Who it is.
    pub principal: Principal,
    /// What it may do.
    pub scopes: Scopes,
    /// With whose things.
    pub reach: Reach,
}

impl Principal {
    /// The app that acts, if one does.
    #[must_use]
    pub const fn app(&self) -> Option<AppId> {
        match *self {
            Self::App { app, .. } | Self::Service { app } | Self::OnBehalf { app, .. } => Some(app),
            Self::User { app, .. } => app,
            Self::Operator => None,
        }
    }

    /// The user who acts, or for whom an app does.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match *self {
            Self::User { user, .. } | Self::OnBehalf { user, .. } => Some(user),
            Self::App { .. } | Self::Service { .. } | Self::Operator => None,
        }
    }

    /// The API key that was shown, if one was.
    #[must_use]
    pub const fn key(&self) -> Option<KeyId> {
        match *self {
            Self::App { key, .. } | Self::OnBehalf { key, .. } => Some(key),
            Self::User { .. } | Self::Service { .. } | Self::Operator => None,
        }
    }
}

impl Caller {
    /// The app that acts, if one does.
    #[must_use]
    pub const fn app(&self) -> Option<AppId> {
        self.principal.app()
    }

    /// Whether it may do this.
    #[must_use]
    pub const fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// The `actor` of the events it causes; none when that is the app itself.
    #[must_use]
    pub fn actor(&self) -> Option<Box<str>> {
        match self.principal {
            Principal::App { .. } => None,
            Principal::Operator => Some("operator".into()),
            Principal::User { user, .. } | Principal::OnBehalf { user, .. } => {
                Some(format!("user/{user}").into())
            }
            Principal::Service { app } => Some(format!("service/{app}").into()),
        }
    }
}
