//! Who is told of an event: relay, feed and every restart compute the same, from facts alone.

use events::{AppId, AuthEvent, Event, IdMap, KeyId, OrgId, Recorded, Subject, Time, UserId};
use serde::Deserialize;

use crate::{AccessRow, KeyRow, PersonRow};

/// With this scope an app may read every event of its organization but `auth.*`.
const READS: &str = "events:read";
/// With this one, those too.
const ADMINISTERS: &str = "admin";

/// What of an event decides who is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The organization it belongs to; nobody is told of the ledger's own events.
    pub org: Option<OrgId>,
    /// The app that acted.
    pub app: Option<AppId>,
    /// What it is about.
    pub subject: Subject,
    /// The user who joined or left the group that it is about: see [`Whose`].
    pub member: Option<UserId>,
    /// Whether it is a fact about who may call: an `auth.*` event.
    pub is_auth: bool,
    /// When it was made. Times in a log are unique and ascend.
    pub time: Time,
}

/// A key that lets its app read events, while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reader {
    key: KeyId,
    app: AppId,
    administers: bool,
    issued: Time,
    expires: Option<Time>,
    revoked: Option<Time>,
}

/// What a user granted to an app, without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Access {
    app: AppId,
    from: Time,
    until: Option<Time>,
}

/// Of an event of which its subject does not tell: which user it is about. Reads the whole document.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Whose {
    data: WhoseData,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct WhoseData {
    user: Option<UserId>,
}

/// Everybody who is told of events: the keys that let an app read them, and what users granted to
/// apps, past ones too.
///
/// Facts may be applied in any order but that of one key or grant, and more than once: an audience that
/// knows later facts already gives the same recipients of earlier events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    readers: IdMap<OrgId, Vec<Reader>>,
    access: IdMap<UserId, Vec<Access>>,
}

impl Audience {
    /// The audience that follows from these keys, revoked ones too, and from what was ever granted.
    pub fn of_rows<'a>(
        keys: impl IntoIterator<Item = &'a KeyRow>,
        people: impl IntoIterator<Item = &'a PersonRow>,
    ) -> Self {
        let mut audience = Self::default();
        for key in keys {
            audience.issued(key.org, (key.id, key.app), &key.scopes, (key.issued, key.expires));
            if let Some(revoked) = key.revoked {
                audience.revoked(key.org, key.id, revoked);
            }
        }
        let mut granted: Vec<&AccessRow> = people.into_iter().filter_map(PersonRow::access).collect();
        granted.sort_unstable_by_key(|row| row.at);
        for row in granted {
            let known = audience.access.entry(row.user).or_default();
            match known.iter_mut().find(|access| access.app == row.app && access.until == Some(row.granted)) {
                // It took the place of the one before, with other scopes.
                Some(before) => before.until = row.revoked,
                None => known.push(Access { app: row.app, from: row.granted, until: row.revoked }),
            }
        }
        audience
    }

    /// Takes in what the event says about who may read; most say nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        let (Some(org), Event::Auth(event)) = (recorded.envelope.org, &recorded.event) else { return };
        let time = recorded.envelope.time;
        match event {
            AuthEvent::ApiKeyIssued(e) => self.issued(org, (e.key, e.app), &e.scopes, (time, e.expires)),
            AuthEvent::ApiKeyExpirySet(e) => self.ends(org, e.key, e.expires, time),
            AuthEvent::ApiKeyRevoked(e) => self.revoked(org, e.key, time),
            AuthEvent::AppAccessGranted(e) => self.granted(e.user, e.app, time),
            AuthEvent::AppAccessRevoked(e) => self.access_ended(e.user, e.app, time),
            AuthEvent::OrganizationRegistered(_)
            | AuthEvent::AppRegistered(_)
            | AuthEvent::ClientSet(_)
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
            | AuthEvent::TokenRevoked(_)
            | AuthEvent::RefreshReused(_)
            | AuthEvent::GroupRegistered(_)
            | AuthEvent::GroupMemberAdded(_)
            | AuthEvent::GroupMemberRemoved(_)
            | AuthEvent::SigningKeyChanged(_) => {}
        }
    }

    fn issued(
        &mut self,
        org: OrgId,
        (key, app): (KeyId, AppId),
        scopes: &[Box<str>],
        (issued, expires): (Time, Option<Time>),
    ) {
        let has = |wanted: &str| scopes.iter().any(|scope| &**scope == wanted);
        let administers = has(ADMINISTERS);
        if !administers && !has(READS) {
            return;
        }
        let readers = self.readers.entry(org).or_default();
        // Recorded again, because whoever recorded it did not see that it was stored.
        if readers.iter().all(|reader| reader.key != key) {
            readers.push(Reader { key, app, administers, issued, expires, revoked: None });
        }
    }

    fn reader(&mut self, org: OrgId, key: KeyId) -> Option<&mut Reader> {
        self.readers.get_mut(&org)?.iter_mut().find(|reader| reader.key == key)
    }

    fn revoked(&mut self, org: OrgId, key: KeyId, time: Time) {
        if let Some(reader) = self.reader(org, key) {
            reader.revoked.get_or_insert(time);
        }
    }

    /// As [`KeyRow::ends`] does, so that what was read before stays as it was.
    fn ends(&mut self, org: OrgId, key: KeyId, expires: Option<Time>, time: Time) {
        if let Some(reader) = self.reader(org, key).filter(|reader| reader.lives(time)) {
            reader.expires = expires.map(|expires| expires.max(time));
        }
    }

    fn granted(&mut self, user: UserId, app: AppId, time: Time) {
        let known = self.access.entry(user).or_default();
        // Granted again, with other scopes or because whoever recorded it did not see that it was stored.
        if !known.iter().any(|access| access.app == app && access.lasts(time)) {
            known.push(Access { app, from: time, until: None });
        }
    }

    fn access_ended(&mut self, user: UserId, app: AppId, time: Time) {
        let known = self.access.get_mut(&user).into_iter().flatten();
        for access in known.filter(|access| access.app == app && access.lasts(time)) {
            access.until.get_or_insert(time);
        }
    }

    /// The apps that are told of the event, each once, in ascending order: the one that acted or, of
    /// an `auth.*` event, the one it is about and those to which the user it is about had granted access
    /// when it was made, the granting and its end included; and every app of the organization that held
    /// a live key for reading the event (`events:read`; `admin` for `auth.*`) then. A key lives from its
    /// issue on until, not including, its end.
    #[must_use]
    pub fn recipients(&self, event: &Occurrence) -> Vec<AppId> {
        let Some(org) = event.org else { return Vec::new() };
        let mut apps: Vec<AppId> = concerned(event).into_iter().collect();
        apps.extend(self.granted_then(event).map(|access| access.app));
        let readers = self.readers.get(&org).into_iter().flatten();
        apps.extend(readers.filter(|reader| reader.reads(event)).map(|reader| reader.app));
        apps.sort_unstable();
        apps.dedup();
        apps
    }

    /// Whether this app is one of [`Self::recipients`].
    #[must_use]
    pub fn includes(&self, app: AppId, event: &Occurrence) -> bool {
        let Some(org) = event.org else { return false };
        let mut readers = self.readers.get(&org).into_iter().flatten();
        concerned(event) == Some(app)
            || self.granted_then(event).any(|access| access.app == app)
            || readers.any(|reader| reader.app == app && reader.reads(event))
    }

    /// What the user that an `auth.*` event is about had granted when it was made.
    fn granted_then(&self, event: &Occurrence) -> impl Iterator<Item = &Access> {
        let user = match event.subject {
            _ if !event.is_auth => None,
            Subject::User(user) => Some(user),
            Subject::Group(_) => event.member,
            Subject::Wallet(_) | Subject::Organization(_) | Subject::App(_) | Subject::Ledger(_) => None,
        };
        let granted = user.and_then(|user| self.access.get(&user)).into_iter().flatten();
        granted.filter(|access| access.lasts(event.time))
    }
}

/// The app that the event concerns, whatever it may read.
const fn concerned(event: &Occurrence) -> Option<AppId> {
    match (event.is_auth, event.subject) {
        (true, Subject::App(app)) => Some(app),
        (
            true,
            Subject::Wallet(_)
            | Subject::Organization(_)
            | Subject::User(_)
            | Subject::Group(_)
            | Subject::Ledger(_),
        ) => None,
        (false, _) => event.app,
    }
}

impl Reader {
    fn lives(&self, time: Time) -> bool {
        let is_before = |end: Option<Time>| end.is_none_or(|end| time < end);
        self.issued <= time && is_before(self.revoked) && is_before(self.expires)
    }

    fn reads(&self, event: &Occurrence) -> bool {
        self.lives(event.time) && (self.administers || !event.is_auth)
    }
}

impl Access {
    /// Whether it is there at this time, both of its ends included.
    fn lasts(&self, time: Time) -> bool {
        self.from <= time && self.until.is_none_or(|until| time <= until)
    }
}

impl Whose {
    /// Whether events of this type tell in their data which user they are about.
    #[must_use]
    pub fn is_told_by(event_type: &str) -> bool {
        event_type.starts_with("auth.group_member_")
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.data.user
    }
}

#[cfg(test)]
mod tests;
