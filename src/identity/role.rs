//! What a user's role allows.

use events::UserRole;

use super::{Scope, Scopes};

/// The most that a role allows, whatever a token says.
#[must_use]
pub fn role_scopes(role: UserRole) -> Scopes {
    match role {
        UserRole::Customer => Scope::ALL.into_iter().filter(|scope| scope.is_for_customers()).collect(),
        UserRole::Admin => Scope::ALL.into_iter().collect(),
        UserRole::Auditor => {
            // Not `members:email`, which is for services that write to people.
            let read = [
                Scope::CreditsRead,
                Scope::ReportsRead,
                Scope::EventsRead,
                Scope::GroupsRead,
                Scope::MembersRead,
                Scope::UsersRead,
                Scope::ActivityRead,
            ];
            Scope::ALL.into_iter().filter(|scope| scope.is_oidc()).chain(read).collect()
        }
    }
}

/// The role with this name.
#[must_use]
pub fn parse_role(name: &str) -> Option<UserRole> {
    match name {
        "customer" => Some(UserRole::Customer),
        "admin" => Some(UserRole::Admin),
        "auditor" => Some(UserRole::Auditor),
        _ => None,
    }
}
