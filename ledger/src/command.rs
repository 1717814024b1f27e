//! What callers may ask of a wallet.

use events::{Class, Credits, LotTerms, Metadata, Operation, Position, Price, Slices, Time, WalletId};

/// An amount above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Credits);

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Open the wallet.
    OpenWallet,
    /// Put bought credits in.
    Purchase(Purchase),
    /// Put free credits in.
    Grant(Grant),
    /// Ask whether a cost could be paid.
    Check(Check),
    /// Spend credits.
    Deduct(Deduct),
    /// Give a deduction back.
    RollBack(RollBack),
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
            Self::RollBack(_) => Operation::Rollback,
        }
    }
}

/// The lot that a purchase or grant will form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLot {
    /// Bought or given.
    pub class: Class,
    /// 0 burns first, 255 last.
    pub priority: u8,
    /// When what is left will expire.
    pub expiry: Option<Expiry>,
}

/// When a lot will expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Credits given.
    pub amount: Amount,
    /// The lot they form.
    pub lot: NewLot,
    /// Why.
    pub reason: Option<Box<str>>,
}

/// Asks whether a cost could be paid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it would pay for.
    pub service: Box<str>,
    /// The cost.
    pub cost: Amount,
}

/// Spends credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deduct {
    /// What it pays for.
    pub service: Box<str>,
    /// The cost.
    pub cost: Amount,
    /// The app's own words.
    pub metadata: Option<Metadata>,
}

/// Gives a deduction back to the lots it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollBack {
    /// Position of the deduction.
    pub deduction: Position,
    /// How much; all that is left of it, when absent.
    pub amount: Option<Amount>,
    /// Why.
    pub reason: Option<Box<str>>,
}

/// What a decision must know beyond the wallet itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The deduction that a rollback names, if there is one.
    pub deduction: Option<Deduction>,
}

/// A deduction as a rollback must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deduction {
    /// Its wallet.
    pub wallet: WalletId,
    /// What it spent.
    pub cost: Credits,
    /// From which lots, in the order they were taken.
    pub slices: Slices,
    /// The terms of those lots, in the same order.
    pub terms: Vec<LotTerms>,
    /// What was given back already.
    pub returned: Credits,
}
