//! What a row of a scenario says.

use std::{collections::BTreeMap, time::Duration};

use events::{Class, Credits, ExpiryPolicy, Period, Quantity, UnitPrice};

/// A row, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) says: Says,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// `wallet W2`
    Wallet(String),
    /// `app B1 org=elsewhere`
    App { name: String, elsewhere: bool },
    /// `at +31d`
    At(Duration),
    /// `price chat input_tokens=0.15/1000000`
    Price(Price),
    /// `policy cost=forbidden`
    Policy(Policy),
    /// An operation and what is expected of it.
    Do(Box<(Operation, Expected)>),
    /// The rows between `batch` and `end`: one request.
    Batch(Vec<Row>),
    /// `due W1`: what time alone has done to a wallet.
    Due(String, Box<Expected>),
    /// `state W1`: what is in a wallet now.
    State(String, Box<Expected>),
}

/// What a service costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) service: String,
    pub(super) units: BTreeMap<String, UnitPrice>,
    /// From when on, counted from the beginning.
    pub(super) from: Option<Duration>,
    /// Until when, counted from the beginning.
    pub(super) until: Option<Duration>,
    /// What this version is called.
    pub(super) version: Option<String>,
}

/// What an organization has ruled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) rollback: ExpiryPolicy,
    pub(super) cost_forbidden: bool,
    pub(super) approval_above: Option<Credits>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) name: String,
    pub(super) amount: Figure,
    pub(super) options: Options,
}

/// How much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Figure {
    /// Nothing is said, or `none`.
    None,
    /// `70`
    Credits(Credits),
    /// `30,40`: of an atomic batch.
    List(Vec<Credits>),
    /// `usage input_tokens=1183,output_tokens=20`
    Usage(BTreeMap<Box<str>, Quantity>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Open,
    Purchase,
    Grant,
    Check,
    Deduct,
    Atomic,
    Rollback,
    Hold,
    Capture,
    Extend,
    Release,
    Refund,
    Chargeback,
    Adjust,
    Approve,
    Freeze,
    Unfreeze,
    Limit,
    Cap,
    Threshold,
}

impl Verb {
    /// Whether it is about something that an earlier row has named.
    pub(super) fn has_target(self) -> bool {
        use Verb::{Approve, Capture, Chargeback, Extend, Refund, Release, Rollback};
        [Rollback, Capture, Extend, Release, Refund, Chargeback, Approve].contains(&self)
    }
}

/// The words before the expectation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) key: Option<String>,
    /// What the operation is about, when that is not its own name.
    pub(super) of: Option<String>,
    pub(super) class: Option<Class>,
    pub(super) priority: Option<u8>,
    /// How long after it came in a lot expires.
    pub(super) expires: Option<Duration>,
    /// When a lot expires, counted from the beginning.
    pub(super) until: Option<Duration>,
    pub(super) service: Option<String>,
    pub(super) budget: Option<String>,
    /// How long a hold lives.
    pub(super) timeout: Option<Duration>,
    /// The most that may be captured of a hold.
    pub(super) cap: Option<Credits>,
    /// The name of the hold that a check is to place.
    pub(super) hold: Option<String>,
    /// Whose spending is capped.
    pub(super) app: Option<String>,
    pub(super) per: Option<Period>,
    pub(super) times: Option<usize>,
    /// The last capture of its hold.
    pub(super) last: bool,
    /// Only asks what would happen.
    pub(super) dry: bool,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// A balance, or a problem code.
    pub(super) result: Result<Credits, String>,
    pub(super) replayed: bool,
    pub(super) proposed: bool,
    pub(super) frozen: bool,
    pub(super) sufficient: Option<bool>,
    pub(super) slices: Option<Lots>,
    pub(super) beyond: Option<Lots>,
    pub(super) lines: Option<Lots>,
    pub(super) lots: Option<Lots>,
    pub(super) holds: Option<Lots>,
    pub(super) news: News,
    /// Members of the answer, or of the problem.
    pub(super) members: BTreeMap<String, String>,
}

/// What happened beside the answer; what is not said must not happen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) expired: Lots,
    pub(super) released: Lots,
    pub(super) settled: Lots,
    pub(super) low: bool,
}

/// Amounts by names: `P1:30,G1:40`. With `…` at the end, more may follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lots {
    pub(super) named: Vec<(String, Credits)>,
    pub(super) and_more: bool,
}

impl Lots {
    /// Whether these are the ones that were meant.
    pub(super) fn matches(&self, seen: &[(String, Credits)]) -> bool {
        if self.and_more { seen.starts_with(&self.named) } else { seen == self.named }
    }
}
