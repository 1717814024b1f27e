//! Who is told of an event: relay, feed and every restart compute the same, from facts alone.

use events::{AppId, AuthEvent, Event, IdMap, KeyId, OrgId, Recorded, Subject, Time};

use crate::KeyRow;

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
    revoked: Option<Time>,
}

/// Everybody who is told of events: the keys that let an app read them, past ones too.
///
/// Facts may be applied in any order but that of one key, and more than once: an audience that
/// knows later facts already gives the same recipients of earlier events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    readers: IdMap<OrgId, Vec<Reader>>,
}

impl Audience {
    /// The audience that follows from these keys, revoked ones too.
    pub fn of_keys<'a>(keys: impl IntoIterator<Item = &'a KeyRow>) -> Self {
        let mut audience = Self::default();
        for key in keys {
            audience.issued(key.org, key.id, key.app, &key.scopes, key.issued);
            if let Some(revoked) = key.revoked {
                audience.revoked(key.org, key.id, revoked);
            }
        }
        audience
    }

    /// Takes in what the event says about who may read; most say nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        let Some(org) = recorded.envelope.org else { return };
        let time = recorded.envelope.time;
        match &recorded.event {
            Event::Auth(AuthEvent::ApiKeyIssued(e)) => self.issued(org, e.key, e.app, &e.scopes, time),
            Event::Auth(AuthEvent::ApiKeyRevoked(e)) => self.revoked(org, e.key, time),
            Event::Auth(
                AuthEvent::OrganizationRegistered(_)
                | AuthEvent::AppRegistered(_)
                | AuthEvent::ApiKeyExpirySet(_)
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
                | AuthEvent::AppAccessGranted(_)
                | AuthEvent::AppAccessRevoked(_)
                | AuthEvent::TokenRevoked(_)
                | AuthEvent::RefreshReused(_)
                | AuthEvent::GroupRegistered(_)
                | AuthEvent::GroupMemberAdded(_)
                | AuthEvent::GroupMemberRemoved(_)
                | AuthEvent::SigningKeyChanged(_),
            )
            | Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::WriterChanged(_) => {}
        }
    }

    fn issued(&mut self, org: OrgId, key: KeyId, app: AppId, scopes: &[Box<str>], issued: Time) {
        let has = |wanted: &str| scopes.iter().any(|scope| &**scope == wanted);
        let administers = has(ADMINISTERS);
        if !administers && !has(READS) {
            return;
        }
        let readers = self.readers.entry(org).or_default();
        // Recorded again, because whoever recorded it did not see that it was stored.
        if readers.iter().all(|reader| reader.key != key) {
            readers.push(Reader { key, app, administers, issued, revoked: None });
        }
    }

    fn revoked(&mut self, org: OrgId, key: KeyId, time: Time) {
        let readers = self.readers.get_mut(&org).into_iter().flatten();
        for reader in readers.filter(|reader| reader.key == key) {
            reader.revoked.get_or_insert(time);
        }
    }

    /// The apps that are told of the event, each once, in ascending order: the one that acted or, of
    /// an `auth.*` event, the one it is about; and every app of the organization that held a live key
    /// for reading the event (`events:read`; `admin` for `auth.*`) when it was made. A key lives from
    /// its issue on until, not including, its revocation.
    #[must_use]
    pub fn recipients(&self, event: &Occurrence) -> Vec<AppId> {
        let Some(org) = event.org else { return Vec::new() };
        let mut apps: Vec<AppId> = concerned(event).into_iter().collect();
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
        concerned(event) == Some(app) || readers.any(|reader| reader.app == app && reader.reads(event))
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
    fn reads(&self, event: &Occurrence) -> bool {
        let lives = self.issued <= event.time && self.revoked.is_none_or(|revoked| event.time < revoked);
        lives && (self.administers || !event.is_auth)
    }
}

#[cfg(test)]
mod tests;
