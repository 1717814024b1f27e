//! Organizations, apps and keys as they are now.

use events::{AppId, AppRegistered, AuthEvent, KeyId, OrgId, OrganizationRegistered, Time, Verifier};
use hashbrown::HashMap;

use super::Scopes;
use crate::read::IdentityRows;

/// The name of the organization that is always there.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrgId,
    /// Its unique name.
    pub name: Box<str>,
}

/// A registered client of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its owner.
    pub org: OrgId,
    /// Its name, unique in the organization.
    pub name: Box<str>,
    /// When it came to be.
    pub registered: Time,
}

/// An API key, without what it takes to use or to check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its public id.
    pub id: KeyId,
    /// The app that may use it.
    pub app: AppId,
    /// The app's organization.
    pub org: OrgId,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was issued.
    pub issued: Time,
    /// From when on it is no longer accepted, if it ends.
    pub expires: Option<Time>,
    /// Since when it is revoked.
    pub revoked: Option<Time>,
}

impl Key {
    /// Whether it is accepted at this time, by a clock that may be behind the one that revoked it.
    #[must_use]
    pub fn lives(&self, time: Time) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| time < expires)
    }
}

/// Everything about who may call, in memory.
#[derive(Clone, Default)]
pub(super) struct Directory {
    organizations: HashMap<OrgId, Organization>,
    apps: HashMap<AppId, App>,
    keys: HashMap<KeyId, (Key, Verifier)>,
    default: Option<OrgId>,
}

impl Directory {
    /// The directory as of the rows' checkpoint.
    pub(super) fn from_rows(rows: &IdentityRows) -> Self {
        let mut directory = Self::default();
        for row in &rows.organizations {
            directory.add_organization(Organization { id: row.id, name: row.name.clone() });
        }
        for row in &rows.apps {
            let app = App { id: row.id, org: row.org, name: row.name.clone(), registered: row.registered };
            directory.apps.insert(app.id, app);
        }
        for row in &rows.keys {
            let scopes = known_scopes(&row.scopes);
            let (issued, expires, revoked) = (row.issued, row.expires, row.revoked);
            let key = Key { id: row.id, app: row.app, org: row.org, scopes, issued, expires, revoked };
            directory.keys.insert(key.id, (key, row.verifier));
        }
        directory
    }

    /// Whether [`Self::apply`] would do anything with such an event.
    pub(super) const fn concerns(event: &AuthEvent) -> bool {
        match event {
            AuthEvent::OrganizationRegistered(_)
            | AuthEvent::AppRegistered(_)
            | AuthEvent::ApiKeyIssued(_)
            | AuthEvent::ApiKeyExpirySet(_)
            | AuthEvent::ApiKeyRevoked(_) => true,
            AuthEvent::ClientSet(_)
            | AuthEvent::ClientSecretIssued(_)
            | AuthEvent::ClientSecretRevoked(_)
            | AuthEvent::UserRegistered(_)
            | AuthEvent::UserVerified(_)
            | AuthEvent::UserRolesSet(_)
            | AuthEvent::UserDisabled(_)
            | AuthEvent::UserEnabled(_)
            | AuthEvent::UserLinked(_)
            | AuthEvent::PasswordChanged(_)
            | AuthEvent::UserSignedIn(_)
            | AuthEvent::SessionVerified(_)
            | AuthEvent::SessionRevoked(_)
            | AuthEvent::SessionsRevoked(_)
            | AuthEvent::AppAccessGranted(_)
            | AuthEvent::AppAccessRevoked(_)
            | AuthEvent::TokenRevoked(_)
            | AuthEvent::RefreshReused(_)
            | AuthEvent::GroupRegistered(_)
            | AuthEvent::GroupMemberAdded(_)
            | AuthEvent::GroupMemberRemoved(_)
            | AuthEvent::SigningKeyChanged(_) => false,
        }
    }

    /// Takes a recorded fact in; a second time changes nothing.
    pub(super) fn apply(&mut self, event: &AuthEvent, time: Time) {
        match event {
            AuthEvent::OrganizationRegistered(OrganizationRegistered { organization, name }) => {
                self.add_organization(Organization { id: *organization, name: name.clone() });
            }
            AuthEvent::AppRegistered(AppRegistered { app, organization, name }) => {
                let app = App { id: *app, org: *organization, name: name.clone(), registered: time };
                self.apps.insert(app.id, app);
            }
            AuthEvent::ApiKeyIssued(fact) => {
                // A key of an app that is not there opens nothing.
                if let Some(app) = self.apps.get(&fact.app) {
                    let (id, app, org) = (fact.key, app.id, app.org);
                    let (scopes, expires) = (known_scopes(&fact.scopes), fact.expires);
                    let key = Key { id, app, org, scopes, issued: time, expires, revoked: None };
                    self.keys.entry(id).or_insert((key, fact.verifier));
                }
            }
            AuthEvent::ApiKeyExpirySet(fact) => {
                if let Some((key, _)) = self.keys.get_mut(&fact.key).filter(|(key, _)| key.lives(time)) {
                    key.expires = fact.expires.map(|expires| expires.max(time));
                }
            }
            AuthEvent::ApiKeyRevoked(fact) => {
                if let Some((key, _)) = self.keys.get_mut(&fact.key) {
                    key.revoked.get_or_insert(time);
                }
            }
            AuthEvent::ClientSet(_)
            | AuthEvent::ClientSecretIssued(_)
            | AuthEvent::ClientSecretRevoked(_)
            | AuthEvent::UserRegistered(_)
            | AuthEvent::UserVerified(_)
            | AuthEvent::UserRolesSet(_)
            | AuthEvent::UserDisabled(_)
            | AuthEvent::UserEnabled(_)
            | AuthEvent::UserLinked(_)
            | AuthEvent::PasswordChanged(_)
            | AuthEvent::UserSignedIn(_)
            | AuthEvent::SessionVerified(_)
            | AuthEvent::SessionRevoked(_)
            | AuthEvent::SessionsRevoked(_)
            | AuthEvent::AppAccessGranted(_)
            | AuthEvent::AppAccessRevoked(_)
            | AuthEvent::TokenRevoked(_)
            | AuthEvent::RefreshReused(_)
            | AuthEvent::GroupRegistered(_)
            | AuthEvent::GroupMemberAdded(_)
            | AuthEvent::GroupMemberRemoved(_)
            | AuthEvent::SigningKeyChanged(_) => {}
        }
    }

    fn add_organization(&mut self, organization: Organization) {
        if &*organization.name == DEFAULT_ORGANIZATION {
            self.default.get_or_insert(organization.id);
        }
        self.organizations.insert(organization.id, organization);
    }

    pub(super) const fn default_organization(&self) -> Option<OrgId> {
        self.default
    }

    pub(super) fn organizations(&self) -> Vec<Organization> {
        let mut all: Vec<_> = self.organizations.values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    pub(super) fn organization(&self, id: OrgId) -> Option<&Organization> {
        self.organizations.get(&id)
    }

    pub(super) fn organization_by_name(&self, name: &str) -> Option<&Organization> {
        self.organizations.values().find(|organization| &*organization.name == name)
    }

    pub(super) fn apps(&self, org: OrgId) -> Vec<App> {
        let mut all: Vec<_> = self.apps.values().filter(|app| app.org == org).cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    pub(super) fn app(&self, id: AppId) -> Option<&App> {
        self.apps.get(&id)
    }

    pub(super) fn app_by_name(&self, org: OrgId, name: &str) -> Option<&App> {
        self.apps.values().find(|app| app.org == org && &*app.name == name)
    }

    pub(super) fn keys(&self, app: AppId) -> Vec<Key> {
        let mut all: Vec<_> = self.keys.values().map(|(key, _)| *key).filter(|key| key.app == app).collect();
        all.sort_by_key(|key| (key.issued, key.id));
        all
    }

    pub(super) fn key(&self, id: KeyId) -> Option<&(Key, Verifier)> {
        self.keys.get(&id)
    }
}

/// A scope that only a newer version knows allows nothing here.
pub(super) fn known_scopes(names: &[Box<str>]) -> Scopes {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}
