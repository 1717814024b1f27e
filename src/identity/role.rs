//! What a user is in its organization.

use serde::{Deserialize, Serialize};

use super::{Scope, Scopes};

/// A user's role. Whoever has none of the others is a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Has a wallet, and may do with it what the session or the app allows.
    Customer,
    /// Does anything in its organization.
    Admin,
    /// Reads everything in its organization and changes nothing.
    Auditor,
}

impl Role {
    /// Every role there is.
    pub const ALL: [Self; 3] = [Self::Customer, Self::Admin, Self::Auditor];

    /// The name in requests, tokens and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// The most that it allows, whatever a token says.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Customer => Scope::ALL.into_iter().filter(|scope| scope.is_for_customers()).collect(),
            Self::Admin => Scope::ALL.into_iter().collect(),
            Self::Auditor => {
                let read = [Scope::CreditsRead, Scope::ReportsRead, Scope::EventsRead];
                Scope::ALL.into_iter().filter(|scope| scope.is_oidc()).chain(read).collect()
            }
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown role; one of customer, admin, auditor")]
pub struct UnknownRole;
