//! A log with apps of two organizations, and who must be told of each of its events.

use std::{collections::BTreeMap, sync::Arc};

use credit_ledger::{
    clock::{Clock, Generator, SystemClock, sixteen},
    log::{Log, memory::MemoryLog},
};
use events::{
    ApiKeyIssued, ApiKeyRevoked, AppAccessGranted, AppAccessRevoked, AppId, Asked, Balances, CommandId,
    Credits, CreditsChecked, Envelope, Event, GroupId, GroupMemberAdded, GroupMemberRemoved, GroupRegistered,
    GroupRole, KeyId, LedgerId, OrgId, PasswordChanged, Position, RequestHash, Salt, SessionId,
    SessionRevoked, Subject, Time, UserId, UserRegistered, Verifier, WalletId, encode,
};
use uuid::Uuid;

use crate::support::{dice::Dice, ground::LEDGER};

/// The apps: two that read, one of which administers; two that only spend, one elsewhere.
pub(super) const ADMIN: usize = 0;
pub(super) const READER: usize = 1;
pub(super) const SPENDER: usize = 2;
pub(super) const STRANGER: usize = 3;

/// A log that grows.
pub(super) struct World {
    pub(super) log: Arc<MemoryLog>,
    pub(super) apps: [AppId; 4],
    /// The positions that each app is to be told of.
    told: BTreeMap<AppId, Vec<u64>>,
    reads: bool,
    last: Time,
}

impl World {
    /// Its apps have their keys. Ids differ from those of every other world: they share a broker.
    pub(super) async fn new() -> Self {
        let apps = std::array::from_fn(|_| AppId(Uuid::from_bytes(sixteen(&mut Generator::from_system()))));
        let told = apps.iter().map(|app| (*app, Vec::new())).collect();
        let log = Arc::new(MemoryLog::new());
        let mut world = Self { log, apps, told, reads: false, last: Time::from_micros(0) };
        for (number, scope) in ["admin", "events:read", "credits:deduct", "admin"].into_iter().enumerate() {
            world.issue(number, scope).await;
        }
        world.reads = true;
        world
    }

    pub(super) fn log(&self) -> Arc<dyn Log> {
        self.log.clone()
    }

    /// What this app must be told of, in order.
    pub(super) fn told(&self, number: usize) -> &[u64] {
        &self.told[&self.apps[number]]
    }

    fn org(&self, number: usize) -> OrgId {
        let kin = if number == STRANGER { STRANGER } else { ADMIN };
        OrgId(self.apps[kin].0)
    }

    async fn issue(&mut self, number: usize, scope: &str) {
        let app = self.apps[number];
        let (key, scopes, verifier) = (KeyId(app.0), vec![scope.into()], Verifier([0; 32]));
        let fact = ApiKeyIssued { key, app, scopes, verifier, expires: None };
        let receivers: &[usize] = if number == STRANGER { &[STRANGER] } else { &[ADMIN, number] };
        self.add(number, Subject::App(app), fact.into(), receivers).await;
    }

    /// The reader's key is revoked: of this, it is the last thing it is told.
    pub(super) async fn revoke_reader(&mut self) {
        let app = self.apps[READER];
        let fact = ApiKeyRevoked { key: KeyId(app.0), app };
        self.add(READER, Subject::App(app), fact.into(), &[ADMIN, READER]).await;
        self.reads = false;
    }

    /// A user comes, grants access to the spender, joins a group, takes the access back and leaves: the
    /// spender is told of what happens while it has access, and of nothing else.
    pub(super) async fn people(&mut self) {
        let (user, app) = (UserId(self.apps[SPENDER].0), self.apps[SPENDER]);
        let (group, organization) = (GroupId(self.apps[READER].0), self.org(ADMIN));
        let (of_user, of_group) = (Subject::User(user), Subject::Group(group));
        let scopes = vec!["credits:deduct".into()];
        let ended = |n| {
            let session = SessionId(Uuid::from_u128(n));
            Event::from(SessionRevoked { user, session, app: None, reason: "logout".into() })
        };
        let role = GroupRole::Member;
        let (nobody, spender) = (&[ADMIN][..], &[ADMIN, SPENDER][..]);
        for (subject, event, receivers) in [
            (of_user, UserRegistered { user, organization }.into(), nobody),
            (of_group, GroupRegistered { group, organization, name: "red".into() }.into(), nobody),
            (of_user, ended(1), nobody),
            (of_user, AppAccessGranted { user, app, scopes }.into(), spender),
            (of_user, ended(2), spender),
            (of_group, GroupMemberAdded { group, user, role, added_by: None }.into(), spender),
            (of_user, PasswordChanged { user }.into(), spender),
            (of_user, AppAccessRevoked { user, app }.into(), spender),
            (of_group, GroupMemberRemoved { group, user }.into(), nobody),
            (of_user, ended(3), nobody),
        ] {
            self.add(ADMIN, subject, event, receivers).await;
        }
    }

    /// So many events of wallets, each by an app drawn.
    pub(super) async fn spend(&mut self, count: usize, seed: u64) {
        let mut dice = Dice::new(seed);
        for _ in 0..count {
            let number = [ADMIN, READER, SPENDER, STRANGER][dice.below(4) as usize];
            let wallet = WalletId(Uuid::from_u128(u128::from(dice.below(10))));
            let mut receivers = vec![number];
            if number != STRANGER {
                receivers.push(ADMIN);
                receivers.extend(self.reads.then_some(READER));
            }
            self.add(number, Subject::Wallet(wallet), checked(), &receivers).await;
        }
    }

    /// Bytes that are no event.
    pub(super) async fn spoil(&mut self, bytes: &str) -> u64 {
        let position = self.log.head().await.expect("a head");
        self.log.append(position, &[bytes].into_iter().collect()).await.expect("appended");
        position.get()
    }

    async fn add(&mut self, number: usize, subject: Subject, event: Event, receivers: &[usize]) {
        let position = self.log.head().await.expect("a head");
        self.last = SystemClock::new().now().max(self.last.plus_micros(1));
        let body = body(position, self.last, (self.org(number), self.apps[number]), subject, &event);
        self.log.append(position, &[body].into_iter().collect()).await.expect("appended");
        for receiver in receivers {
            let told = self.told.get_mut(&self.apps[*receiver]).expect("a known app");
            if told.last() != Some(&position.get()) {
                told.push(position.get());
            }
        }
    }
}

/// A stored event.
pub(super) fn body(
    position: Position,
    time: Time,
    (org, app): (OrgId, AppId),
    subject: Subject,
    event: &Event,
) -> Vec<u8> {
    let command = CommandId(Uuid::from_u128(u128::from(position.get()) << 64 | 1));
    let envelope = Envelope {
        id: command.event(0),
        ledger: LedgerId(LEDGER.0),
        subject,
        time,
        org: Some(org),
        app: Some(app),
        actor: None,
        position,
        account_seq: Some(position.get()),
        previous: None,
        correlation: Some("request-7".into()),
        causation: command,
        traceparent: None,
        salt: Salt([0; 16]),
    };
    let mut body = Vec::new();
    encode(&envelope, event, &mut body).expect("an event");
    body
}

/// Something that happens to a wallet.
pub(super) fn checked() -> Event {
    CreditsChecked {
        asked: Asked { key: None, request: RequestHash([0; 16]) },
        service: "s".into(),
        cost: Credits::from_micros(1),
        sufficient: true,
        price: None,
        budget: None,
        hold: None,
        wallet: Balances::default(),
    }
    .into()
}
