//! What can be asked of the ledger: a port over the projections, and what keeps them up to date.
//!
//! [`Runner`] follows the log and folds each event once, into all projections at a time; a [`Store`]
//! keeps the rows and the checkpoint in one transaction; [`sqlite`] is the store of the embedded
//! profile. [`replay`] folds the log again and compares.

mod explanation;
mod fold;
mod pages;
pub mod postgres;
mod progress;
pub mod replay;
mod reports;
mod runner;
pub mod sqlite;
mod store;
mod stored;

pub use explanation::{DebtStory, Explained, Explanation, LotStory, Micros, Origin};
pub use fold::{
    Batch, Fold, Found, Kept, LiabilityMark, Missing, Start, TimerChange, WalletMark, mark_below,
};
pub use pages::{Decoded, PAGE, PageFault, decoded};
pub use progress::Progress;
pub use reports::{
    LiabilityReport, StatementPart, StatementQuery, UsageBy, UsageGroup, UsageQuery, UsageReport, When,
};
pub use runner::{Halted, Runner};
pub use store::{Live, Store, StoreFault};
pub use stored::{
    Database, ListKey, Projected, Snapshot, Stored, StoredKey, StoredReads, StoredUsage, Tables,
};

pub use projections::{EntryKind, Line as FlowLine, RollForward, Standing, UsageCounts, ValueLine};

use std::sync::Arc;

use events::{AppId, Credits, OrgId, Position, Recorded, Time, WalletId};
use futures::future::BoxFuture;
use ledger::Rules;
use projections::{AppRow, KeyRow, OrgRow, PersonRow, WalletRow};
use tokio::sync::watch;

/// A wallet as of a checkpoint.
#[derive(Debug, Clone)]
pub struct WalletView {
    /// The wallet's row.
    pub row: WalletRow,
    /// Events below this position are in it, none above.
    pub as_of: Position,
}

/// How a hold ended.
#[derive(Debug, Clone)]
pub struct HoldEnd {
    /// The event that closed it: a capture up to its cap, a release, or its expiry.
    pub by: Recorded,
    /// All that was captured of it.
    pub captured: Credits,
    /// When it was to expire at last.
    pub expires: Time,
}

/// Which entries are asked for, newest first.
#[derive(Debug, Clone)]
pub struct EntryQuery {
    /// The organization whose entries they are.
    pub org: OrgId,
    /// Only this wallet's.
    pub wallet: Option<WalletId>,
    /// Only of these kinds; all when empty.
    pub kinds: Vec<EntryKind>,
    /// Only by this app.
    pub app: Option<AppId>,
    /// Only at or after this moment.
    pub from: Option<Time>,
    /// Only before this moment.
    pub until: Option<Time>,
    /// Only below this position: the cursor of the page before.
    pub before: Option<Position>,
    /// At most so many, 1 to 1,000.
    pub limit: usize,
}

/// One line of the audit: an event that matters to an auditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the log.
    pub position: Position,
    /// When it was decided.
    pub time: Time,
    /// The wallet.
    pub wallet: WalletId,
    /// The app that acted; none when an operator did.
    pub app: Option<AppId>,
    /// What happened.
    pub kind: EntryKind,
    /// What it added to (positive) or took from (negative) the balance.
    pub amount: Credits,
    /// The balance afterwards.
    pub balance: Credits,
    /// The service, payment reference, reason, refusal code or position it refers to, as text.
    pub reference: Option<String>,
    /// The caller's idempotency key.
    pub key: Option<String>,
    /// The last event that gave back of this deduction or capture, took back of this purchase, or
    /// approved this proposal.
    pub reversed_by: Option<Position>,
}

/// A page of entries.
#[derive(Debug, Clone, Default)]
pub struct EntryPage {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Pass as [`EntryQuery::before`] for the next page; none when this was the last.
    pub next: Option<Position>,
    /// Events below this position were looked at.
    pub as_of: Position,
}

/// Which of the rows about people are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleQuery {
    /// Those that an event at this position or a later one changed.
    Since(Position),
    /// What users granted to an app, at any time.
    GrantedTo(AppId),
}

impl PeopleQuery {
    /// All of them.
    pub const ALL: Self = Self::Since(Position(0));
}

/// Identity rows as of a checkpoint.
#[derive(Debug, Clone, Default)]
pub struct IdentityRows {
    /// Organizations.
    pub organizations: Vec<OrgRow>,
    /// Apps.
    pub apps: Vec<AppRow>,
    /// API keys, revoked ones too.
    pub keys: Vec<KeyRow>,
    /// Users, groups, clients and the like: those that were wanted.
    pub people: Vec<PersonRow>,
    /// Events below this position are in them, none above.
    pub as_of: Position,
}

/// Why a read failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadFault {
    /// The store cannot be read now.
    #[error("the projections cannot be read: {0}")]
    Unavailable(String),
    /// Stored data breaks a rule; a person has to look.
    #[error("the projections are corrupt: {0}")]
    Corrupt(String),
}

/// Reads of the projections.
pub trait Reads: Send + Sync + 'static {
    /// One wallet.
    fn wallet(&self, wallet: WalletId) -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>>;

    /// A page of the audit.
    fn entries(&self, query: EntryQuery) -> BoxFuture<'_, Result<EntryPage, ReadFault>>;

    /// What was given back of a deduction or capture so far, taken back of a purchase, or approved of a
    /// proposal, by size; and the last event that did so.
    fn returned(&self, event: Position) -> BoxFuture<'_, Result<Option<(Credits, Position)>, ReadFault>>;

    /// How a hold of the wallet ended; none while it is open.
    fn hold_end(&self, wallet: WalletId, hold: Position)
    -> BoxFuture<'_, Result<Option<HoldEnd>, ReadFault>>;

    /// The rules of an organization.
    fn rules(&self, org: OrgId) -> BoxFuture<'_, Result<Arc<Rules>, ReadFault>>;

    /// Every organization, app and key, and the wanted rows about people.
    fn identity(&self, people: PeopleQuery) -> BoxFuture<'_, Result<IdentityRows, ReadFault>>;

    /// How many events happened before `time`: the position of the first one at or after it.
    fn position_at(&self, time: Time) -> BoxFuture<'_, Result<Position, ReadFault>>;

    /// A wallet as it was; none when it was not open yet. Moments beyond the checkpoint are the
    /// checkpoint, as the view's `as_of` tells.
    fn wallet_at(&self, wallet: WalletId, when: When)
    -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>>;

    /// What a statement is made of; none when there is no such wallet.
    fn statement(&self, query: StatementQuery) -> BoxFuture<'_, Result<Option<StatementPart>, ReadFault>>;

    /// Every lot that a wallet ever had, and what became of it. Reads all of the wallet's events up to
    /// then, checks and refusals included, if they are at most `events_max`.
    fn explanation(
        &self,
        wallet: WalletId,
        when: When,
        events_max: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadFault>>;

    /// What an organization's apps spent on what.
    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<UsageReport, ReadFault>>;

    /// What an organization owed at two moments, and what happened in between.
    fn liability(
        &self,
        org: OrgId,
        from: When,
        to: When,
    ) -> BoxFuture<'_, Result<LiabilityReport, ReadFault>>;

    /// The checkpoint, as it advances.
    fn checkpoint(&self) -> watch::Receiver<Position>;

    /// Asks for events up to `position` to be applied without delay.
    fn hurry(&self, position: Position);
}
