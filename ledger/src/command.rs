//! What callers may ask of a wallet.

use std::collections::BTreeMap;

use events::{
    AppId, Budget, Class, Credits, LotTerms, Metadata, Operation, Period, Position, Price, ProposedLot,
    Quantity, RefundCause, Time,
};
use serde::{Deserialize, Serialize};

/// An amount above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Credits")]
pub struct Amount(Credits);

impl TryFrom<Credits> for Amount {
    type Error = &'static str;

    fn try_from(credits: Credits) -> Result<Self, Self::Error> {
        Self::new(credits).ok_or("an amount is above zero")
    }
}

impl Amount {
    /// Takes an amount above zero; `None` otherwise.
    #[must_use]
    pub const fn new(credits: Credits) -> Option<Self> {
        if credits.is_positive() { Some(Self(credits)) } else { None }
    }

    /// The credits.
    #[must_use]
    pub const fn credits(self) -> Credits {
        self.0
    }
}

/// A command to one wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Open the wallet.
    OpenWallet,
    /// Put bought credits in.
    Purchase(Purchase),
    /// Put free credits in.
    Grant(Grant),
    /// Ask whether a cost could be paid, and perhaps hold it.
    Check(Check),
    /// Spend credits.
    Deduct(Deduct),
    /// Spend credits many times, all or none.
    DeductBatch(Vec<Deduct>),
    /// Give a deduction back.
    RollBack(RollBack),
    /// Reserve credits.
    Hold(Hold),
    /// Spend from a hold.
    Capture(Capture),
    /// Give a hold a new end.
    Extend(Extend),
    /// Free what is left of a hold.
    Release(Release),
    /// Take a purchase back.
    Refund(Refund),
    /// Correct the wallet, or propose to.
    Adjust(Adjust),
    /// Approve a proposed correction.
    Approve(Approve),
    /// Stop all spending.
    Freeze(Freeze),
    /// Allow spending again.
    Unfreeze(Unfreeze),
    /// Agree how far the wallet may be overdrawn.
    SetLimit(SetLimit),
    /// Cap what an app or a budget may spend.
    SetCap(SetCap),
    /// Say when the wallet's credits are low.
    SetThreshold(SetThreshold),
}

impl Command {
    /// The operation, as events and idempotency scopes name it.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::OpenWallet => Operation::OpenWallet,
            Self::Purchase(_) => Operation::Purchase,
            Self::Grant(_) => Operation::Grant,
            Self::Check(_) => Operation::Check,
            Self::Deduct(_) => Operation::Deduct,
            Self::DeductBatch(_) => Operation::DeductBatch,
            Self::RollBack(_) => Operation::Rollback,
            Self::Hold(_) => Operation::Hold,
            Self::Capture(_) => Operation::Capture,
            Self::Extend(_) => Operation::Extend,
            Self::Release(_) => Operation::Release,
            Self::Refund(_) => Operation::Refund,
            Self::Adjust(_) => Operation::Adjust,
            Self::Approve(_) => Operation::Approve,
            Self::Freeze(_) => Operation::Freeze,
            Self::Unfreeze(_) => Operation::Unfreeze,
            Self::SetLimit(_) => Operation::SetLimit,
            Self::SetCap(_) => Operation::SetCap,
            Self::SetThreshold(_) => Operation::SetThreshold,
        }
    }

    /// The earlier event that the command is about, when it is about one.
    #[must_use]
    pub const fn refers_to(&self) -> Option<Position> {
        match self {
            Self::RollBack(ask) => Some(ask.deduction),
            Self::Capture(ask) => Some(ask.hold),
            Self::Extend(ask) => Some(ask.hold),
            Self::Release(ask) => Some(ask.hold),
            Self::Refund(ask) => Some(ask.purchase),
            Self::Approve(ask) => Some(ask.proposal),
            Self::OpenWallet
            | Self::Purchase(_)
            | Self::Grant(_)
            | Self::Check(_)
            | Self::Deduct(_)
            | Self::DeductBatch(_)
            | Self::Hold(_)
            | Self::Adjust(_)
            | Self::Freeze(_)
            | Self::Unfreeze(_)
            | Self::SetLimit(_)
            | Self::SetCap(_)
            | Self::SetThreshold(_) => None,
        }
    }
}

/// The lot that a purchase or grant will form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLot {
    /// Bought or given.
    pub class: Class,
    /// 0 burns first, 255 last.
    pub priority: u8,
    /// When what is left will expire.
    pub expiry: Option<Expiry>,
}

/// When a lot will expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expiry {
    /// So many microseconds after the command is decided.
    After(i64),
    /// At a moment that a contract names.
    At(Time),
}

impl NewLot {
    /// The lot's terms when it is made at `now`; `None` when it would be expired at once.
    #[must_use]
    pub fn terms(&self, now: Time) -> Option<LotTerms> {
        let expires = self.expiry.map(|expiry| match expiry {
            Expiry::After(micros) => now.plus_micros(micros),
            Expiry::At(time) => time,
        });
        let terms = LotTerms { class: self.class, priority: self.priority, expires };
        expires.is_none_or(|time| time > now).then_some(terms)
    }
}

/// Puts bought credits into a wallet, which it opens when new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// Credits bought.
    pub amount: Amount,
    /// The lot they form.
    pub lot: NewLot,
    /// The payment's id at the payment provider.
    pub payment_reference: Option<Box<str>>,
    /// What was paid.
    pub price_paid: Option<Price>,
}

/// Puts free credits into a wallet, which it opens when new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Credits given.
    pub amount: Amount,
    /// The lot they form.
    pub lot: NewLot,
    /// Why.
    pub reason: Option<Box<str>>,
}

/// What something costs: stated, or computed from usage by the organization's prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Charge {
    /// The caller's own figure.
    Cost(Amount),
    /// Units used, by name.
    Usage(BTreeMap<Box<str>, Quantity>),
}

/// Asks whether a cost could be paid now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What it would pay for.
    pub service: Box<str>,
    /// The cost.
    pub charge: Charge,
    /// The budget that would pay.
    pub budget: Option<Budget>,
    /// Places a hold for the cost when it can be paid.
    pub hold: Option<HoldTerms>,
}

/// Spends credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deduct {
    /// What it pays for.
    pub service: Box<str>,
    /// The cost.
    pub charge: Charge,
    /// The budget that pays.
    pub budget: Option<Budget>,
    /// The app's own words.
    pub metadata: Option<Metadata>,
}

/// Gives a deduction, or the capture of a hold, back to the lots it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollBack {
    /// Position of the deduction or capture.
    pub deduction: Position,
    /// How much; all that is left of it, when absent.
    pub amount: Option<Amount>,
    /// Why.
    pub reason: Option<Box<str>>,
}

/// How long a hold lives, and how far captures may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldTerms {
    /// Microseconds from the decision to its expiry, above zero.
    pub timeout_micros: i64,
    /// The most that may be captured in all; the held amount, when absent.
    pub cap: Option<Amount>,
}

/// Reserves credits for a cost that is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What it will pay for.
    pub service: Box<str>,
    /// How much to reserve.
    pub charge: Charge,
    /// Its time and its cap.
    pub terms: HoldTerms,
    /// The budget that will pay.
    pub budget: Option<Budget>,
    /// The app's own words.
    pub metadata: Option<Metadata>,
}

/// Spends from a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// Position of the hold.
    pub hold: Position,
    /// How much; all that is left of the hold, when absent.
    pub charge: Option<Charge>,
    /// Whether the rest of the hold is released.
    pub last: bool,
    /// The app's own words.
    pub metadata: Option<Metadata>,
}

/// Gives a hold a new end, later or sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extend {
    /// Position of the hold.
    pub hold: Position,
    /// Microseconds from the decision to its new expiry, above zero.
    pub timeout_micros: i64,
}

/// Frees what is left of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Position of the hold.
    pub hold: Position,
}

/// Takes a purchase back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Position of the purchase.
    pub purchase: Position,
    /// Who takes it back.
    pub cause: RefundCause,
    /// How much; all that is left of the purchase, when absent.
    pub amount: Option<Amount>,
    /// Why.
    pub reason: Option<Box<str>>,
    /// The refund's or dispute's id at the payment provider.
    pub payment_reference: Option<Box<str>>,
}

/// Corrects a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjust {
    /// Credits to add, or, below zero, to take; zero is refused.
    pub amount: Credits,
    /// The lot that added credits form.
    pub lot: ProposedLot,
    /// Why.
    pub reason: Box<str>,
}

/// Approves a proposed correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approve {
    /// Position of the proposal.
    pub proposal: Position,
}

/// Stops all spending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Why.
    pub reason: Option<Box<str>>,
}

/// Allows spending again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfreeze {
    /// Why.
    pub reason: Option<Box<str>>,
}

/// Agrees how far the wallet may be overdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLimit {
    /// The overdraft, zero or more.
    pub limit: Credits,
}

/// Caps what an app, or a budget that it delegates, may spend in each period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetCap {
    /// The app.
    pub app: AppId,
    /// The budget; all that the app spends, when absent.
    pub budget: Option<Budget>,
    /// Over which time.
    pub period: Period,
    /// The most, zero or more; takes the cap away, when absent.
    pub amount: Option<Credits>,
}

/// Says below which amount the wallet's credits are low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetThreshold {
    /// The amount above zero; none to be told no more.
    pub threshold: Option<Amount>,
}
