//! Who calls.

use events::{AppId, KeyId, OrgId};

use super::{Scope, Scopes};

/// Who somebody has proved to be. Users and service tokens will be further cases.
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
}

impl Caller {
    /// The app that acts, if it is one.
    #[must_use]
    pub const fn app(&self) -> Option<AppId> {
        match self.principal {
            Principal::App { app, .. } => Some(app),
            Principal::Operator => None,
        }
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
        }
    }
}
