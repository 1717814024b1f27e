//! Whether a fact that another process decided on its own directory may be recorded here, on a newer one.

use events::{AppId, AuthEvent, GroupId, OrgId, UserId};

use super::Index;
use crate::identity::directory::Directory;

/// Whether whatever the fact is about is there, and its names are free.
pub(in crate::identity) fn admits(directory: &Directory, people: &Index, event: &AuthEvent) -> bool {
    let rows = &people.rows;
    let user = |id: UserId| rows.user(id).is_some();
    let app = |id: AppId| directory.app(id).is_some();
    let org = |id: OrgId| directory.organization(id).is_some();
    match event {
        AuthEvent::OrganizationRegistered(e) => directory.organization_by_name(&e.name).is_none(),
        AuthEvent::AppRegistered(e) => {
            org(e.organization) && directory.app_by_name(e.organization, &e.name).is_none()
        }
        AuthEvent::ApiKeyIssued(e) => app(e.app) && directory.key(e.key).is_none(),
        AuthEvent::ApiKeyExpirySet(e) => {
            directory.key(e.key).is_some_and(|(key, _)| key.app == e.app && key.revoked.is_none())
        }
        AuthEvent::ApiKeyRevoked(e) => {
            directory.key(e.key).is_some_and(|(key, _)| key.app == e.app && key.revoked.is_none())
        }
        AuthEvent::ClientSet(e) => {
            app(e.app) && people.client_named(&e.client_id).is_none_or(|other| other == e.app)
        }
        AuthEvent::ClientSecretIssued(e) => app(e.app) && rows.secret(e.secret).is_none(),
        AuthEvent::ClientSecretRevoked(e) => {
            rows.secret(e.secret).is_some_and(|row| row.app == e.app && row.revoked.is_none())
        }
        AuthEvent::UserRegistered(e) => {
            org(e.organization) && !user(e.user) && rows.group(GroupId(e.user.0)).is_none()
        }
        AuthEvent::UserVerified(e) => user(e.user),
        AuthEvent::UserRolesSet(e) => user(e.user),
        AuthEvent::UserDisabled(e) => user(e.user),
        AuthEvent::UserEnabled(e) => user(e.user),
        AuthEvent::UserLinked(e) => user(e.user),
        AuthEvent::PasswordChanged(e) => user(e.user),
        AuthEvent::UserSignedIn(e) => user(e.user),
        AuthEvent::SessionVerified(e) => user(e.user),
        AuthEvent::SessionRevoked(e) => user(e.user),
        AuthEvent::SessionsRevoked(e) => user(e.user),
        AuthEvent::AppAccessGranted(e) => user(e.user) && app(e.app),
        AuthEvent::AppAccessRevoked(e) => user(e.user),
        AuthEvent::TokenRevoked(e) => app(e.app),
        AuthEvent::RefreshReused(e) => app(e.app),
        AuthEvent::GroupRegistered(e) => {
            org(e.organization)
                && rows.group(e.group).is_none()
                && people.group_named(e.organization, &e.name).is_none()
        }
        AuthEvent::GroupMemberAdded(e) => user(e.user) && rows.group(e.group).is_some(),
        AuthEvent::GroupMemberRemoved(e) => rows.group(e.group).is_some(),
        AuthEvent::SigningKeyChanged(e) => rows.signing_key(&e.kid).is_none_or(|row| row.state < e.state),
    }
}
