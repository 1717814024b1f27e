//! What a caller may do.

use std::{fmt, str::FromStr};

/// One thing that a key may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `credits:check`
    CreditsCheck,
    /// `credits:deduct`
    CreditsDeduct,
    /// `credits:rollback`: giving back what any app of the organization spent, not only the key's own.
    CreditsRollback,
    /// `credits:purchase`
    CreditsPurchase,
    /// `credits:grant`
    CreditsGrant,
    /// `credits:hold`
    CreditsHold,
    /// `credits:refund`
    CreditsRefund,
    /// `credits:adjust`
    CreditsAdjust,
    /// `credits:read`
    CreditsRead,
    /// `wallets:control`: freezing, the credit limit, caps and the threshold.
    WalletsControl,
    /// `prices:write`
    PricesWrite,
    /// `reports:read`
    ReportsRead,
    /// `events:read`
    EventsRead,
    /// `admin`: everything, in its own organization.
    Admin,
}

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown scope; one of credits:check, credits:deduct, credits:rollback, credits:purchase, credits:grant, credits:hold, credits:refund, credits:adjust, credits:read, wallets:control, prices:write, reports:read, events:read, admin"
)]
pub struct UnknownScope;

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 14] = [
        Self::CreditsCheck,
        Self::CreditsDeduct,
        Self::CreditsRollback,
        Self::CreditsPurchase,
        Self::CreditsGrant,
        Self::CreditsHold,
        Self::CreditsRefund,
        Self::CreditsAdjust,
        Self::CreditsRead,
        Self::WalletsControl,
        Self::PricesWrite,
        Self::ReportsRead,
        Self::EventsRead,
        Self::Admin,
    ];

    /// The name in requests and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreditsCheck => "credits:check",
            Self::CreditsDeduct => "credits:deduct",
            Self::CreditsRollback => "credits:rollback",
            Self::CreditsPurchase => "credits:purchase",
            Self::CreditsGrant => "credits:grant",
            Self::CreditsHold => "credits:hold",
            Self::CreditsRefund => "credits:refund",
            Self::CreditsAdjust => "credits:adjust",
            Self::CreditsRead => "credits:read",
            Self::WalletsControl => "wallets:control",
            Self::PricesWrite => "prices:write",
            Self::ReportsRead => "reports:read",
            Self::EventsRead => "events:read",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);
    /// What an operator has.
    pub const ADMIN: Self = Self(Scope::Admin.bit());

    /// Whether the set allows this; [`Scope::Admin`] allows everything.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// Whether the set allows nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes that were put in, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    /// Reads scopes between commas or spaces; an empty text is the empty set.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_one_name() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        for other in ["", "credits", "credits:", "credits:*", "Admin", " admin", "credits:deduct "] {
            assert_eq!(other.parse::<Scope>(), Err(UnknownScope), "{other:?}");
        }
    }

    #[test]
    fn a_set_allows_what_was_put_in_and_nothing_else() {
        for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin) {
            let only: Scopes = [scope].into_iter().collect();
            let allowed: Vec<_> = Scope::ALL.into_iter().filter(|other| only.contains(*other)).collect();
            assert_eq!(allowed, [scope]);
            assert!(!Scopes::NONE.contains(scope));
        }
    }

    #[test]
    fn admin_allows_everything_but_is_listed_alone() {
        assert!(Scope::ALL.into_iter().all(|scope| Scopes::ADMIN.contains(scope)));
        assert_eq!(Scopes::ADMIN.to_string(), "admin");
    }

    #[test]
    fn sets_print_and_parse_the_same_text() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("".parse(), Ok(Scopes::NONE));
        assert_eq!(
            "credits:deduct, credits:check".parse::<Scopes>().map(|set| set.to_string()).as_deref(),
            Ok("credits:check,credits:deduct")
        );
        assert_eq!("credits:check,nonsense".parse::<Scopes>(), Err(UnknownScope));
    }
}
