//! The rows, with what is needed to find them by something else than their key.

use std::collections::BTreeSet;

use events::{AppId, AuthEvent, GroupId, OrgId, Position, Recorded, SecretId, Time, UserId};
use hashbrown::HashMap;
use projections::{People, PersonRow, RowKey};

use super::Denial;
use crate::identity::{Scopes, directory::known_scopes};

/// Everything about people, in memory.
#[derive(Debug, Default)]
pub(in crate::identity) struct Index {
    pub(super) rows: People,
    clients: HashMap<Box<str>, AppId>,
    standings: HashMap<AppId, Standing>,
    group_names: HashMap<(OrgId, Box<str>), GroupId>,
    /// Pairs that were there at some time.
    apps_of: BTreeSet<(UserId, AppId)>,
    groups_of: BTreeSet<(UserId, GroupId)>,
    secrets_of: BTreeSet<(AppId, SecretId)>,
    users_of: BTreeSet<(OrgId, UserId)>,
    groups_in: BTreeSet<(OrgId, GroupId)>,
}

/// What counts of a client at each use of its tokens: found by one look, with no text to be read.
#[derive(Debug, Clone, Copy)]
pub(in crate::identity) struct Standing {
    /// Whether it belongs to whoever runs the ledger.
    pub(in crate::identity) first_party: bool,
    /// What it may ask for.
    pub(in crate::identity) scopes: Scopes,
}

impl Index {
    /// Takes rows in, those that are newer than what is known.
    pub(in crate::identity) fn put_all(&mut self, rows: impl IntoIterator<Item = PersonRow>) {
        let mut latest = None;
        for row in rows {
            latest = latest.max(row.ended());
            let key = row.key();
            if self.rows.put(row) {
                self.index(&key);
            }
        }
        if let Some(latest) = latest {
            self.rows.forget(latest);
        }
    }

    /// Takes a recorded fact in; a second time changes nothing. A fact about an unknown user opens nothing.
    pub(in crate::identity) fn apply(&mut self, recorded: &Recorded, event: &AuthEvent) {
        let at = (recorded.envelope.position, recorded.envelope.time);
        if self.is_known(at.0, event) {
            return;
        }
        for key in self.rows.apply(at, event, |_| true).unwrap_or_default() {
            self.index(&key);
        }
    }

    /// Whether what the fact is about already has it, or something later.
    fn is_known(&self, position: Position, event: &AuthEvent) -> bool {
        let key = match event {
            AuthEvent::UserVerified(e) => RowKey::User(e.user),
            AuthEvent::UserRolesSet(e) => RowKey::User(e.user),
            AuthEvent::UserDisabled(e) => RowKey::User(e.user),
            AuthEvent::UserEnabled(e) => RowKey::User(e.user),
            AuthEvent::UserLinked(e) => RowKey::User(e.user),
            AuthEvent::PasswordChanged(e) => RowKey::User(e.user),
            AuthEvent::SessionsRevoked(e) => RowKey::User(e.user),
            AuthEvent::ClientSet(e) => RowKey::Client(e.app),
            AuthEvent::AppAccessGranted(e) => return self.has_access_from(e.user, e.app, position),
            AuthEvent::AppAccessRevoked(e) => return self.has_access_from(e.user, e.app, position),
            AuthEvent::GroupMemberAdded(e) => return self.has_member_from(e.group, e.user, position),
            AuthEvent::GroupMemberRemoved(e) => return self.has_member_from(e.group, e.user, position),
            AuthEvent::OrganizationRegistered(_)
            | AuthEvent::AppRegistered(_)
            | AuthEvent::ApiKeyIssued(_)
            | AuthEvent::ApiKeyExpirySet(_)
            | AuthEvent::ApiKeyRevoked(_)
            | AuthEvent::ClientSecretIssued(_)
            | AuthEvent::ClientSecretRevoked(_)
            | AuthEvent::UserRegistered(_)
            | AuthEvent::UserSignedIn(_)
            | AuthEvent::SessionVerified(_)
            | AuthEvent::SessionRevoked(_)
            | AuthEvent::TokenRevoked(_)
            | AuthEvent::RefreshReused(_)
            | AuthEvent::GroupRegistered(_)
            | AuthEvent::SigningKeyChanged(_) => return false,
        };
        self.rows.get(&key).is_some_and(|row| position <= row.changed())
    }

    fn has_access_from(&self, user: UserId, app: AppId, position: Position) -> bool {
        self.rows.last_access(user, app).is_some_and(|row| position <= row.changed)
    }

    fn has_member_from(&self, group: GroupId, user: UserId, position: Position) -> bool {
        self.rows.last_membership(group, user).is_some_and(|row| position <= row.changed)
    }

    fn index(&mut self, key: &RowKey) {
        match (key, self.rows.get(key)) {
            (_, Some(PersonRow::Client(row))) => {
                self.clients.insert(row.set.client_id.clone(), row.set.app);
                let (first_party, scopes) = (row.set.first_party, known_scopes(&row.set.scopes));
                self.standings.insert(row.set.app, Standing { first_party, scopes });
            }
            (_, Some(PersonRow::Group(row))) => {
                self.group_names.insert((row.org, row.name.clone()), row.id);
                self.groups_in.insert((row.org, row.id));
            }
            (_, Some(PersonRow::User(row))) => drop(self.users_of.insert((row.org, row.id))),
            (RowKey::Access(app, user, _), _) => drop(self.apps_of.insert((*user, *app))),
            (RowKey::Member(group, user, _), _) => drop(self.groups_of.insert((*user, *group))),
            (RowKey::Secret(id), Some(PersonRow::Secret(row))) => {
                self.secrets_of.insert((row.app, *id));
            }
            (
                RowKey::User(_)
                | RowKey::Group(_)
                | RowKey::Client(_)
                | RowKey::Secret(_)
                | RowKey::Session(_)
                | RowKey::Token(_)
                | RowKey::SigningKey(_),
                _,
            ) => {}
        }
    }

    /// Every app that is a client.
    pub(in crate::identity) fn clients(&self) -> impl Iterator<Item = AppId> {
        self.clients.values().copied()
    }

    /// What counts of a client; none when the app is none.
    pub(super) fn standing(&self, app: AppId) -> Option<Standing> {
        self.standings.get(&app).copied()
    }

    /// The app that is a client of this name.
    pub(super) fn client_named(&self, client_id: &str) -> Option<AppId> {
        let app = self.clients.get(client_id).copied()?;
        self.rows.client(app).filter(|row| &*row.set.client_id == client_id).map(|row| row.set.app)
    }

    pub(super) fn group_named(&self, org: OrgId, name: &str) -> Option<GroupId> {
        self.group_names.get(&(org, name.into())).copied()
    }

    pub(super) fn apps_of(&self, user: UserId) -> impl Iterator<Item = AppId> {
        let all = (user, AppId(uuid::Uuid::nil()))..=(user, AppId(uuid::Uuid::max()));
        self.apps_of.range(all).map(|(_, app)| *app)
    }

    pub(super) fn groups_of(&self, user: UserId) -> impl Iterator<Item = GroupId> {
        let all = (user, GroupId(uuid::Uuid::nil()))..=(user, GroupId(uuid::Uuid::max()));
        self.groups_of.range(all).map(|(_, group)| *group)
    }

    pub(super) fn secrets_of(&self, app: AppId) -> impl Iterator<Item = SecretId> {
        let all = (app, SecretId(uuid::Uuid::nil()))..=(app, SecretId(uuid::Uuid::max()));
        self.secrets_of.range(all).map(|(_, secret)| *secret)
    }

    /// Users of an organization with ids above `after`, by id.
    pub(super) fn users_of(&self, org: OrgId, after: Option<UserId>) -> impl Iterator<Item = UserId> {
        let first = after.unwrap_or(UserId(uuid::Uuid::nil()));
        let all = (org, first)..=(org, UserId(uuid::Uuid::max()));
        self.users_of.range(all).map(|(_, user)| *user).filter(move |user| after != Some(*user))
    }

    /// Groups of an organization with ids above `after`, by id.
    pub(super) fn groups_in(&self, org: OrgId, after: Option<GroupId>) -> impl Iterator<Item = GroupId> {
        let first = after.unwrap_or(GroupId(uuid::Uuid::nil()));
        let all = (org, first)..=(org, GroupId(uuid::Uuid::max()));
        self.groups_in.range(all).map(|(_, group)| *group).filter(move |group| after != Some(*group))
    }

    /// Whether the token was ended early.
    pub(super) fn denied(&self, denial: &Denial) -> bool {
        let is_older = |time: Time| millis(denial.issued) < millis(time);
        let token = denial.token.is_some_and(|token| self.rows.ended_token(token).is_some());
        let session = denial.session.is_some_and(|session| self.rows.ended_session(session).is_some());
        let user = denial.user.is_some_and(|user| {
            let row = self.rows.user(user);
            row.is_some_and(|row| row.disabled.is_some() || row.before.is_some_and(is_older))
        });
        let client = denial.app.and_then(|app| self.rows.client(app)).is_some_and(|row| row.set.disabled);
        let access = denial.user.zip(denial.app).and_then(|(user, app)| self.rows.last_access(user, app));
        // By the second, as tokens tell it: the first token comes right after the grant.
        let access =
            access.is_some_and(|row| row.revoked.is_some() || seconds(denial.issued) < seconds(row.granted));
        token || session || user || client || access
    }
}

fn seconds(time: Time) -> i64 {
    time.micros().div_euclid(1_000_000)
}

fn millis(time: Time) -> i64 {
    time.micros().div_euclid(1_000)
}
