//! What can be asked about the past, and what comes back.

use events::{AppId, OrgId, Position, Recorded, Time, WalletId};
use projections::{RollForward, UsageCounts};

use crate::report::{Edge, Opening};

/// A moment of the ledger: what lies before it has happened, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Events below this position have happened.
    Position(Position),
    /// Events before this time have happened.
    Time(Time),
}

/// Which part of a wallet's life a statement is to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementQuery {
    /// The wallet.
    pub wallet: WalletId,
    /// Its first moment.
    pub from: When,
    /// Its end.
    pub to: When,
    /// At most so many events, 1 or more: a longer statement comes in parts, each of which is one.
    pub limit: usize,
}

/// What [`Statement::build`](crate::report::Statement::build) needs.
#[derive(Debug, Clone)]
pub struct StatementPart {
    /// The organization that the wallet belongs to.
    pub org: OrgId,
    /// The first position that it covers.
    pub from: Edge,
    /// The position after the last one that it covers.
    pub to: Edge,
    /// The wallet at `from`.
    pub opening: Opening,
    /// All events of the wallet in between, in order.
    pub events: Vec<Recorded>,
    /// Where the next part begins; none when this was the last.
    pub next: Option<Position>,
    /// Events below this position were looked at.
    pub as_of: Position,
}

/// What usage is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsageBy {
    /// The app that spent.
    App,
    /// The service.
    Service,
    /// The day in UTC.
    Day,
}

/// Which usage is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageQuery {
    /// The organization.
    pub org: OrgId,
    /// The first day: that in which this moment lies, in UTC.
    pub from: Time,
    /// The end: a day that begins before this moment counts as a whole.
    pub until: Time,
    /// What gets a line of its own.
    pub by: Vec<UsageBy>,
}

/// The counts of one combination of what was asked for; what was not is absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageGroup {
    /// When the day began.
    pub day: Option<Time>,
    /// The app; none inside for operators.
    pub app: Option<Option<AppId>>,
    /// The service.
    pub service: Option<Box<str>>,
}

/// Usage of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// One line for each group with anything in it: in order of day, app and service.
    pub lines: Vec<(UsageGroup, UsageCounts)>,
    /// Their sum.
    pub total: UsageCounts,
    /// Events below this position are counted, none above.
    pub as_of: Position,
}

/// What an organization owed, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiabilityReport {
    /// Where it begins.
    pub from: Edge,
    /// Where it ends.
    pub to: Edge,
    /// Opening, flows and closing.
    pub forward: RollForward,
    /// Events below this position were looked at.
    pub as_of: Position,
}
