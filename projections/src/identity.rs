//! Organizations, apps, API keys, and the people and clients that come with them.

use events::{AppId, AuthEvent, Event, IdMap, KeyId, OrgId, Recorded, Time, Verifier};

use crate::{Fault, People, Poison, RowKey};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 3;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its unique name.
    pub name: Box<str>,
}

/// An app of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its id.
    pub id: AppId,
    /// Its owner.
    pub org: OrgId,
    /// Its name, unique in the organization.
    pub name: Box<str>,
    /// When it was registered.
    pub registered: Time,
}

/// An API key of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its public id.
    pub id: KeyId,
    /// The app that may use it.
    pub app: AppId,
    /// The app's organization.
    pub org: OrgId,
    /// What it allows.
    pub scopes: Vec<Box<str>>,
    /// The keyed hash of its secret part.
    pub verifier: Verifier,
    /// When it was issued.
    pub issued: Time,
    /// From when on it is no longer accepted, if it ends.
    pub expires: Option<Time>,
    /// When it was revoked, if it was.
    pub revoked: Option<Time>,
}

impl KeyRow {
    /// Whether it is accepted at this time.
    #[must_use]
    pub fn lives(&self, time: Time) -> bool {
        self.revoked.is_none_or(|revoked| time < revoked) && self.expires.is_none_or(|expires| time < expires)
    }

    /// Sets another end, as a fact of `time` says. A key that has ended stays ended, and what it was
    /// used for until now stays as it was.
    pub fn ends(&mut self, expires: Option<Time>, time: Time) {
        if self.lives(time) {
            self.expires = expires.map(|expires| expires.max(time));
        }
    }
}

/// A row that an event made, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// An organization.
    Organization(OrgId),
    /// An app.
    App(AppId),
    /// A key.
    Key(KeyId),
    /// Anything about people; it is gone when there is no such row.
    Person(RowKey),
}

/// All identity rows. They are few beside what happens to wallets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Organizations by id.
    pub organizations: IdMap<OrgId, OrgRow>,
    /// Apps by id.
    pub apps: IdMap<AppId, AppRow>,
    /// Keys by id, revoked ones too.
    pub keys: IdMap<KeyId, KeyRow>,
    /// Users, groups, clients and the like.
    pub people: People,
}

impl Identity {
    /// Applies an event; tells which rows it made, changed or removed. A fact that is recorded again,
    /// because whoever recorded it did not see that it was stored, makes the same rows again.
    ///
    /// # Errors
    /// When an app's organization, a key's app, a revoked key, or whoever a fact is about is unknown.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Vec<Changed>, Poison> {
        let (position, time) = (recorded.envelope.position, recorded.envelope.time);
        let Event::Auth(event) = &recorded.event else { return Ok(Vec::new()) };
        let apps = &self.apps;
        let people = self.people.apply((position, time), event, |app| apps.contains_key(&app))?;
        let mut changed: Vec<Changed> = people.into_iter().map(Changed::Person).collect();
        changed.extend(self.apply_to_apps(event, time, Fault::Subject.at(position))?);
        Ok(changed)
    }

    fn apply_to_apps(
        &mut self,
        event: &AuthEvent,
        time: Time,
        unknown: Poison,
    ) -> Result<Option<Changed>, Poison> {
        Ok(Some(match event {
            AuthEvent::OrganizationRegistered(e) => {
                let id = e.organization;
                self.organizations.insert(id, OrgRow { id, name: e.name.clone() });
                Changed::Organization(id)
            }
            AuthEvent::AppRegistered(e) => {
                let (id, org) = (e.app, e.organization);
                if !self.organizations.contains_key(&org) {
                    return Err(unknown);
                }
                self.apps.insert(id, AppRow { id, org, name: e.name.clone(), registered: time });
                Changed::App(id)
            }
            AuthEvent::ApiKeyIssued(e) => {
                let app = self.apps.get(&e.app).ok_or(unknown)?;
                let row = KeyRow {
                    id: e.key,
                    app: app.id,
                    org: app.org,
                    scopes: e.scopes.clone(),
                    verifier: e.verifier,
                    issued: time,
                    expires: e.expires,
                    revoked: None,
                };
                // Issued again it stays as it is, or a revoked key would come back to life.
                self.keys.entry(e.key).or_insert(row);
                Changed::Key(e.key)
            }
            AuthEvent::ApiKeyExpirySet(e) => {
                let key = self.keys.get_mut(&e.key).filter(|key| key.app == e.app).ok_or(unknown)?;
                key.ends(e.expires, time);
                Changed::Key(e.key)
            }
            AuthEvent::ApiKeyRevoked(e) => {
                let key = self.keys.get_mut(&e.key).filter(|key| key.app == e.app).ok_or(unknown)?;
                key.revoked.get_or_insert(time);
                Changed::Key(e.key)
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
            | AuthEvent::SigningKeyChanged(_) => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests;
