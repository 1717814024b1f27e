//! What a row of a scenario says.

use std::{collections::BTreeMap, time::Duration};

use events::{Class, Credits};

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
    /// An operation and what is expected of it.
    Do(Box<(Operation, Expected)>),
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) name: String,
    pub(super) amount: Option<Credits>,
    pub(super) options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Open,
    Purchase,
    Grant,
    Check,
    Deduct,
    Rollback,
}

/// The `name=value` words before the expectation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) key: Option<String>,
    pub(super) class: Option<Class>,
    pub(super) priority: Option<u8>,
    /// How long after it came in a lot expires.
    pub(super) expires: Option<Duration>,
    /// When a lot expires, counted from the beginning.
    pub(super) until: Option<Duration>,
    pub(super) times: Option<usize>,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// A balance, or a problem code.
    pub(super) result: Result<Credits, String>,
    pub(super) replayed: bool,
    pub(super) sufficient: Option<bool>,
    pub(super) slices: Option<Lots>,
    pub(super) expired: Lots,
    /// Members of the problem.
    pub(super) members: BTreeMap<String, String>,
}

/// Amounts by the names of lots: `P1:30,G1:40`. With `…` at the end, more may follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lots {
    pub(super) named: Vec<(String, Credits)>,
    pub(super) and_more: bool,
}

impl Lots {
    /// Whether these are the lots that were meant.
    pub(super) fn matches(&self, seen: &[(String, Credits)]) -> bool {
        if self.and_more { seen.starts_with(&self.named) } else { seen == self.named }
    }
}
