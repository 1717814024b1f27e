//! The statement of one wallet: what it held, every line that moved credits, and what it holds then.
//!
//! Checks, refusals, proposals and settings move nothing, so they have no line. What is stated is
//! proved while it is built: each line's lots make its amount, and every balance that an event
//! states is the one before it plus that amount.

mod essence;
mod fold;
mod moves;

use std::borrow::Borrow;

use events::{AppId, Balances, Class, Credits, LedgerId, OrgId, Position, Recorded, Time, WalletId};
use serde::Serialize;

use self::fold::Books;

/// Whose statement it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatementOf {
    /// The ledger.
    pub ledger: LedgerId,
    /// The organization that the wallet belongs to.
    pub organization: OrgId,
    /// The wallet.
    pub wallet: WalletId,
}

/// Where a statement begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Events below it lie before the edge.
    pub position: Position,
    /// The moment that was asked for, or else that of the event at or after the edge.
    pub time: Time,
}

/// A wallet before the first event of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opening {
    /// The amounts that its last event states; nothing for a wallet not yet open.
    pub balances: Balances,
    /// What was overdrawn or taken back after it was spent.
    pub debt: Credits,
    /// Its live lots, held ones included, in any order.
    pub lots: Vec<OpeningLot>,
}

/// A live lot before the first event of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningLot {
    /// Its id.
    pub lot: Position,
    /// Bought or given.
    pub class: Class,
    /// What no hold reserves.
    pub free: Credits,
    /// What open holds reserve.
    pub held: Credits,
}

/// Why events make no statement: the log or the opening is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The opening's lots and debt are not its balance.
    #[error("the opening's lots less its debt are not its balance")]
    Opening,
    /// The event is about another wallet, or not between the edges in rising order.
    #[error("the event at position {0} is not the wallet's next one of the statement")]
    Order(Position),
    /// The event takes more from a lot than it has, or names an unknown one.
    #[error("the event at position {0} does not fit the wallet's lots")]
    Lots(Position),
    /// The event states another balance than its lots make.
    #[error("the event at position {0} states another balance than its lots make")]
    Balance(Position),
}

/// The statement of one wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Whose it is.
    #[serde(flatten)]
    pub of: StatementOf,
    /// The first position that it covers, and its moment.
    pub from: Edge,
    /// The position after the last one that it covers, and its moment.
    pub to: Edge,
    /// What the wallet held before.
    pub opening: Standing,
    /// What moved credits, in order.
    pub lines: Vec<Line>,
    /// What the wallet holds afterwards.
    pub closing: Standing,
    /// Where the next part begins, when this is a part of a longer statement.
    #[serde(rename = "next_from", skip_serializing_if = "Option::is_none")]
    pub next: Option<Position>,
}

/// What a wallet holds. Free and held credits of both classes less the debt are the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Standing {
    /// The amounts that events state.
    #[serde(flatten)]
    pub balances: Balances,
    /// What was bought.
    pub paid: Parts,
    /// What was given.
    pub promotional: Parts,
    /// What was overdrawn or taken back after it was spent.
    pub debt: Credits,
}

/// Credits of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Parts {
    /// What no hold reserves.
    pub free: Credits,
    /// What open holds reserve of lots; they may reserve of the credit limit as well.
    pub held: Credits,
}

/// One line: something that moved credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The event.
    pub position: Position,
    /// When.
    pub time: Time,
    /// What happened.
    pub kind: Kind,
    /// What was bought, in the app's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<str>>,
    /// Why, in the caller's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The id at the payment provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<Box<str>>,
    /// The deduction, hold, purchase, lot or proposal that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refers_to: Option<Position>,
    /// The app that acted; none when an operator or the time did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// What the balance gained, or, below zero, lost.
    pub amount: Credits,
    /// The balance afterwards.
    pub balance: Credits,
    /// What holds reserve afterwards.
    pub reserved: Credits,
    /// How the lots changed.
    pub lots: Vec<LotMove>,
    /// How much the debt grew, or, below zero, fell.
    pub debt_change: Credits,
    /// What a hold reserves of the credit limit, beside what it reserves of lots.
    #[serde(skip)]
    pub overdrawn: Credits,
}

impl Line {
    /// What it was for: service, reason and payment reference, as far as there are any.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        [&self.service, &self.reason, &self.payment_reference].into_iter().filter_map(|word| word.as_deref())
    }
}

/// How one lot changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LotMove {
    /// The lot.
    pub lot: Position,
    /// Bought or given.
    pub class: Class,
    /// What its free credits gained, or, below zero, lost.
    pub free: Credits,
    /// What holds reserve of it more, or, below zero, less.
    pub held: Credits,
}

/// What a line records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Credits were bought.
    Purchase,
    /// Credits were given.
    Grant,
    /// Credits were spent.
    Deduction,
    /// A deduction or capture was given back.
    Rollback,
    /// Credits expired.
    Expiry,
    /// Credits were reserved.
    Hold,
    /// Credits were spent from a hold.
    Capture,
    /// A hold was released.
    Release,
    /// A hold's time was over.
    HoldExpiry,
    /// The seller took a purchase back.
    Refund,
    /// The payer's bank took a purchase back.
    Chargeback,
    /// A person corrected the wallet.
    Adjustment,
}

impl Kind {
    /// The name, such as `hold_expiry`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Grant => "grant",
            Self::Deduction => "deduction",
            Self::Rollback => "rollback",
            Self::Expiry => "expiry",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::HoldExpiry => "hold_expiry",
            Self::Refund => "refund",
            Self::Chargeback => "chargeback",
            Self::Adjustment => "adjustment",
        }
    }
}

impl Statement {
    /// Builds the statement from the wallet's events between the edges, all of them in order, checks
    /// and refusals included, and from what it held before.
    ///
    /// # Errors
    /// When the events don't follow the opening and one another.
    pub fn build(
        of: StatementOf,
        from: Edge,
        to: Edge,
        opening: &Opening,
        events: impl IntoIterator<Item: Borrow<Recorded>>,
    ) -> Result<Self, StatementError> {
        let mut books = Books::open(opening)?;
        let standing = books.standing();
        let (mut lines, mut next) = (Vec::new(), from.position);
        for recorded in events {
            let recorded = recorded.borrow();
            let position = recorded.envelope.position;
            if recorded.wallet() != Some(of.wallet) || position < next || position >= to.position {
                return Err(StatementError::Order(position));
            }
            next = position.next();
            lines.extend(books.follow(recorded)?);
        }
        Ok(Self { of, from, to, opening: standing, lines, closing: books.standing(), next: None })
    }
}
