//! What a caller may do.

use std::{fmt, str::FromStr};

/// One thing that a credential may allow.
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
    /// `groups:read`
    GroupsRead,
    /// `groups:admin`: making groups and changing their members; implies `groups:read`.
    GroupsAdmin,
    /// `members:read`: who the members of a group are.
    MembersRead,
    /// `members:email`: their e-mail addresses as well.
    MembersEmail,
    /// `users:read`
    UsersRead,
    /// `users:admin`: changing users of the organization; implies `users:read`.
    UsersAdmin,
    /// `apps:admin`: apps, their keys and their registration as OAuth clients.
    AppsAdmin,
    /// `activity:read`: sign-ins and token issues in the organization.
    ActivityRead,
    /// `openid`: an ID token. This and the next three are about people and allow nothing else.
    Openid,
    /// `profile`: the user's name.
    Profile,
    /// `email`: the user's e-mail address.
    Email,
    /// `offline_access`: a refresh token.
    OfflineAccess,
    /// `admin`: everything in its own organization but what is about one person: the four before.
    Admin,
}

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown scope; one of credits:check, credits:deduct, credits:rollback, credits:purchase, credits:grant, credits:hold, credits:refund, credits:adjust, credits:read, wallets:control, prices:write, reports:read, events:read, groups:read, groups:admin, members:read, members:email, users:read, users:admin, apps:admin, activity:read, openid, profile, email, offline_access, admin"
)]
pub struct UnknownScope;

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 26] = [
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
        Self::GroupsRead,
        Self::GroupsAdmin,
        Self::MembersRead,
        Self::MembersEmail,
        Self::UsersRead,
        Self::UsersAdmin,
        Self::AppsAdmin,
        Self::ActivityRead,
        Self::Openid,
        Self::Profile,
        Self::Email,
        Self::OfflineAccess,
        Self::Admin,
    ];

    /// The name in requests, tokens and events.
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
            Self::GroupsRead => "groups:read",
            Self::GroupsAdmin => "groups:admin",
            Self::MembersRead => "members:read",
            Self::MembersEmail => "members:email",
            Self::UsersRead => "users:read",
            Self::UsersAdmin => "users:admin",
            Self::AppsAdmin => "apps:admin",
            Self::ActivityRead => "activity:read",
            Self::Openid => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
            Self::Admin => "admin",
        }
    }

    /// Whether it is one of OpenID Connect, about a person who signs in: apps have none of these for
    /// themselves, neither by a key nor as a service.
    #[must_use]
    pub const fn is_oidc(self) -> bool {
        matches!(self, Self::Openid | Self::Profile | Self::Email | Self::OfflineAccess)
    }

    /// Whether an API key or a service of its own may have it.
    #[must_use]
    pub const fn is_for_apps(self) -> bool {
        !self.is_oidc()
    }

    /// Whether a user without a further role may have it, and let an app have it: what concerns the
    /// user's own wallet and groups. Not to give back what was spent: that is for whoever sold it.
    #[must_use]
    pub const fn is_for_customers(self) -> bool {
        self.is_oidc()
            || matches!(
                self,
                Self::CreditsCheck
                    | Self::CreditsDeduct
                    | Self::CreditsHold
                    | Self::CreditsRead
                    | Self::EventsRead
                    | Self::GroupsRead
                    | Self::MembersRead
            )
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The scopes that allow this, each by itself.
    const fn allowed_by(self) -> u32 {
        let groups = if matches!(self, Self::GroupsRead) { Self::GroupsAdmin.bit() } else { 0 };
        let users = if matches!(self, Self::UsersRead) { Self::UsersAdmin.bit() } else { 0 };
        let admin = if self.is_oidc() { 0 } else { Self::Admin.bit() };
        self.bit() | groups | users | admin
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
pub struct Scopes(u32);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);
    /// What an operator has.
    pub const ADMIN: Self = Self(Scope::Admin.bit());

    /// Whether the set allows this, by the scope itself or by one that implies it.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.allowed_by() != 0
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

    /// What both sets allow.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Scope::ALL.into_iter().filter(|scope| self.contains(*scope) && other.contains(*scope)).collect()
    }

    /// Whether this set allows everything that the other one does.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        other.iter().all(|scope| self.contains(scope))
    }

    /// The scopes of a list between spaces, as far as they are ours.
    #[must_use]
    pub fn known(list: &str) -> Self {
        list.split(' ').filter_map(|name| name.parse::<Scope>().ok()).collect()
    }

    /// The names between spaces, as OAuth has them (RFC 6749 section 3.3).
    #[must_use]
    pub fn spaced(self) -> String {
        self.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
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
    fn a_set_allows_what_was_put_in_and_what_that_implies() {
        for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin) {
            let only: Scopes = [scope].into_iter().collect();
            let allowed: Vec<_> = Scope::ALL.into_iter().filter(|other| only.contains(*other)).collect();
            let implied = [(Scope::GroupsAdmin, Scope::GroupsRead), (Scope::UsersAdmin, Scope::UsersRead)];
            let implied = implied.into_iter().find(|(whole, _)| *whole == scope).map(|(_, part)| part);
            assert_eq!(allowed, implied.into_iter().chain([scope]).collect::<Vec<_>>());
            assert!(!Scopes::NONE.contains(scope));
        }
    }

    #[test]
    fn admin_allows_everything_that_is_not_one_person_s_and_is_listed_alone() {
        for scope in Scope::ALL {
            assert_eq!(Scopes::ADMIN.contains(scope), !scope.is_oidc(), "{scope}");
        }
        assert_eq!(Scopes::ADMIN.to_string(), "admin");
    }

    #[test]
    fn two_sets_allow_together_what_each_allows() {
        let set = |names: &str| names.parse::<Scopes>().expect("scopes");
        let both = |one: &str, other: &str| set(one).both(set(other)).spaced();
        assert_eq!(both("admin", "openid credits:read"), "credits:read");
        assert_eq!(both("groups:admin", "groups:read members:read"), "groups:read");
        assert_eq!(both("credits:check", "credits:deduct"), "");
        assert!(set("admin").both(set("admin")).contains(Scope::Admin));
        assert!(set("groups:admin").covers(set("groups:read")));
        assert!(!set("admin").covers(set("openid")));
    }

    #[test]
    fn a_list_of_somebody_else_s_scopes_allows_nothing() {
        assert_eq!(Scopes::known("groups:read drive.file  ADMIN").spaced(), "groups:read");
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
