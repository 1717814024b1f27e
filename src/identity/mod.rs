//! Who may call: organizations, their apps, and the apps' API keys.
//!
//! Each change is a fact in the log; the [`Identity`] here is the directory that follows from those
//! facts, in memory, so that authenticating a request costs one hash and no wait.

mod bearer;
pub mod browsers;
mod caller;
mod chain;
mod change;
mod directory;
mod following;
pub mod google;
pub mod mail;
mod name;
pub mod oauth;
pub mod passwords;
mod people;
mod pepper;
mod role;
mod scope;
pub mod seal;
mod secret;
pub mod server_file;
mod service;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod tokens;
pub mod trail;
mod used;
pub mod users;
pub mod vault;

pub use bearer::leading;
pub use caller::{Caller, Principal, Reach};
pub use change::{IdentityError, Issued};
pub use directory::{App, DEFAULT_ORGANIZATION, Key, Organization};
pub use name::{MAX_NAME_CHARS, is_name};
pub use people::{
    Access, Client, ClientFault, Denial, Group, IssuedClientSecret, Member, Secret, User, is_client_id,
};
pub use pepper::{Pepper, PepperError};
pub use role::{parse_role, role_scopes};
pub use scope::{Scope, Scopes, UnknownScope};
pub use secret::{ApiKey, OperatorToken};
pub use service::{Service, ServiceError, ServiceParts};
pub use used::LastUsed;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use events::{AppId, AuthEvent, Event, KeyId, OrgId, Position, Recorded, Time, Verifier};

use crate::{clock::Entropy, engine::Commands, read::IdentityRows};
use directory::Directory;
use following::Following;
use people::Index;
use secret::{Kind, Presented};

/// The directory of callers. Clones share it.
#[derive(Clone)]
pub struct Identity {
    shared: Arc<Shared>,
}

struct Shared {
    pepper: Pepper,
    commands: Arc<dyn Commands>,
    directory: ArcSwap<Directory>,
    people: RwLock<Index>,
    /// Rows about people below this position were loaded.
    people_as_of: Mutex<Position>,
    following: Following,
    /// Id and hash of the operator token that counts.
    operator: ArcSwapOption<(KeyId, Verifier)>,
    entropy: Mutex<Box<dyn Entropy>>,
    /// Held from reading the directory to applying the fact, so that names stay unique.
    turn: tokio::sync::Mutex<()>,
    /// Where others write as well: the facts applied since the rows that were loaded last.
    since_rows: Mutex<Option<Vec<Recorded>>>,
}

impl Identity {
    /// The directory as of the rows' checkpoint; [`Self::apply_all`] takes the log's tail in.
    #[must_use]
    pub fn new(
        pepper: Pepper,
        mut rows: IdentityRows,
        commands: Arc<dyn Commands>,
        entropy: Box<dyn Entropy>,
    ) -> Self {
        let mut people = Index::default();
        people.put_all(std::mem::take(&mut rows.people));
        let shared = Shared {
            pepper,
            commands,
            directory: ArcSwap::from_pointee(Directory::from_rows(&rows)),
            people: RwLock::new(people),
            people_as_of: Mutex::new(rows.as_of),
            following: Following::default(),
            operator: ArcSwapOption::empty(),
            entropy: Mutex::new(entropy),
            turn: tokio::sync::Mutex::default(),
            since_rows: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Whether the directory takes anything from this event.
    #[must_use]
    pub const fn concerns(recorded: &Recorded) -> bool {
        matches!(recorded.event, Event::Auth(_))
    }

    /// Takes one event in; see [`Self::apply_all`].
    pub fn apply(&self, recorded: &Recorded) {
        self.shared.apply_all([recorded]);
    }

    /// Takes events in, in the order of the log. Events that were applied before change nothing,
    /// nor do those of other things.
    pub fn apply_all<'a>(&self, recorded: impl IntoIterator<Item = &'a Recorded>) {
        self.shared.apply_all(recorded);
    }

    /// Replaces the directory by what these rows say and what was applied after them; rows about people
    /// are taken in beside what is known. To be called from time to time where other processes write to
    /// the same ledger, with the rows that changed since [`Self::people_as_of`].
    pub fn reload(&self, mut rows: IdentityRows) {
        self.shared.people_mut().put_all(std::mem::take(&mut rows.people));
        let mut as_of = self.shared.people_as_of.lock().unwrap_or_else(PoisonError::into_inner);
        *as_of = rows.as_of.max(*as_of);
        drop(as_of);
        let mut since_rows = self.shared.since_rows.lock().unwrap_or_else(PoisonError::into_inner);
        let later = since_rows.get_or_insert_default();
        later.retain(|recorded| recorded.envelope.position >= rows.as_of);
        let mut next = Directory::from_rows(&rows);
        for recorded in later.iter() {
            if let Some(event) = about_apps(recorded) {
                next.apply(event, recorded.envelope.time);
            }
        }
        self.shared.directory.store(Arc::new(next));
        drop(since_rows);
        self.shared.following.reloaded();
    }

    /// Every change of people before this position is known, as far as rows told it.
    #[must_use]
    pub fn people_as_of(&self) -> Position {
        *self.shared.people_as_of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> RwLockReadGuard<'_, Index> {
        self.shared.people()
    }

    /// Makes the one operator token that counts from now on. It belongs to
    /// [`Self::ensure_default_organization`]'s organization.
    #[must_use]
    pub fn issue_operator_token(&self) -> OperatorToken {
        let (id, token) = self.draw(Kind::Operator);
        let verifier = self.shared.pepper.verifier(token.secret());
        self.shared.operator.store(Some(Arc::new((id, verifier))));
        OperatorToken(token)
    }

    /// Takes the operator of another ledger of this process for its own. Both have the same pepper.
    pub fn accept_operator_of(&self, other: &Self) {
        self.shared.operator.store(other.shared.operator.load_full());
    }

    /// Whether this is the directory that the text is to be looked up in: it has a key of that id. It
    /// may be revoked, and the secret a wrong one.
    #[must_use]
    pub fn knows(&self, presented: &str) -> bool {
        let key = Presented::parse(presented).filter(|presented| presented.kind == Kind::ApiKey);
        key.is_some_and(|key| self.shared.directory.load().key(key.id).is_some())
    }

    /// Who presents this text: an app by its key, or the operator. `None` for anything else, be it
    /// unknown, wrong, revoked or expired; callers are not told which.
    #[must_use]
    pub fn authenticate(&self, presented: &str, now: Time) -> Option<Caller> {
        let Presented { kind, id, secret } = Presented::parse(presented)?;
        let Shared { pepper, directory, operator, .. } = &*self.shared;
        match kind {
            Kind::ApiKey => {
                let directory = directory.load();
                let (key, verifier) = directory.key(id)?;
                let accepted = pepper.accepts(secret, verifier) && key.lives(now);
                let principal = Principal::App { app: key.app, key: id };
                let reach = Reach::Organization;
                accepted.then_some(Caller { org: key.org, principal, scopes: key.scopes, reach })
            }
            // Shown to the authorization server, which asks for the client's name too.
            Kind::ClientSecret => None,
            Kind::Operator => {
                let operator = operator.load();
                let (known, verifier) = &**operator.as_ref()?;
                let org = directory.load().default_organization()?;
                (*known == id && pepper.accepts(secret, verifier)).then_some(Caller {
                    org,
                    principal: Principal::Operator,
                    scopes: Scopes::ADMIN,
                    reach: Reach::Organization,
                })
            }
        }
    }

    /// Every organization, by name.
    #[must_use]
    pub fn organizations(&self) -> Vec<Organization> {
        self.shared.directory.load().organizations()
    }

    /// One organization.
    #[must_use]
    pub fn organization(&self, id: OrgId) -> Option<Organization> {
        self.shared.directory.load().organization(id).cloned()
    }

    /// The organization with this name.
    #[must_use]
    pub fn organization_by_name(&self, name: &str) -> Option<Organization> {
        self.shared.directory.load().organization_by_name(name).cloned()
    }

    /// The apps of an organization, by name.
    #[must_use]
    pub fn apps(&self, org: OrgId) -> Vec<App> {
        self.shared.directory.load().apps(org)
    }

    /// One app.
    #[must_use]
    pub fn app(&self, id: AppId) -> Option<App> {
        self.shared.directory.load().app(id).cloned()
    }

    /// The keys of an app, oldest first, revoked ones too.
    #[must_use]
    pub fn keys(&self, app: AppId) -> Vec<Key> {
        self.shared.directory.load().keys(app)
    }

    /// One key.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<Key> {
        self.shared.directory.load().key(id).map(|(key, _)| *key)
    }
}

impl Shared {
    /// Takes in what these events say: first about people, in place, then about organizations, apps and
    /// keys, all at once.
    fn apply_all<'a>(&self, recorded: impl IntoIterator<Item = &'a Recorded>) {
        let mut facts = Vec::new();
        let mut people = None;
        for recorded in recorded {
            let Event::Auth(event) = &recorded.event else { continue };
            if Directory::concerns(event) {
                facts.push((recorded, event));
            } else {
                people.get_or_insert_with(|| self.people_mut()).apply(recorded, event);
            }
        }
        drop(people);
        if facts.is_empty() {
            return;
        }
        let mut since_rows = self.since_rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since_rows) = &mut *since_rows {
            since_rows.extend(facts.iter().map(|(recorded, _)| (*recorded).clone()));
        }
        self.directory.rcu(|known| {
            let mut next = Directory::clone(known);
            facts.iter().for_each(|(recorded, event)| next.apply(event, recorded.envelope.time));
            next
        });
    }

    fn people(&self) -> RwLockReadGuard<'_, Index> {
        self.people.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn people_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.people.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn entropy(&self) -> MutexGuard<'_, Box<dyn Entropy>> {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fact about an organization, an app or a key that it is, if it is one.
fn about_apps(recorded: &Recorded) -> Option<&AuthEvent> {
    let Event::Auth(event) = &recorded.event else { return None };
    Directory::concerns(event).then_some(event)
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("organizations", &self.organizations().len()).finish_non_exhaustive()
    }
}
