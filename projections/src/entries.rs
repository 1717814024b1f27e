//! Audit entries: one row for each event that matters to an auditor.

use events::{AppId, Credits, Event, OrgId, Position, Recorded, Time, WalletId};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A wallet was opened.
    Opened,
    /// Credits were bought.
    Purchase,
    /// Credits were given.
    Grant,
    /// A cost was asked about.
    Check,
    /// Credits were spent.
    Deduction,
    /// A deduction was given back, whole or in part.
    Rollback,
    /// Credits expired.
    Expiry,
    /// A command was refused.
    Refusal,
}

impl EntryKind {
    /// Every kind, in the order of [`Self::code`].
    pub const ALL: [Self; 8] = [
        Self::Opened,
        Self::Purchase,
        Self::Grant,
        Self::Check,
        Self::Deduction,
        Self::Rollback,
        Self::Expiry,
        Self::Refusal,
    ];

    /// The name, such as `deduction`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Purchase => "purchase",
            Self::Grant => "grant",
            Self::Check => "check",
            Self::Deduction => "deduction",
            Self::Rollback => "rollback",
            Self::Expiry => "expiry",
            Self::Refusal => "refusal",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The number that stores keep; it never changes its meaning.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// One line of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRow {
    /// The event.
    pub position: Position,
    /// When it was decided.
    pub time: Time,
    /// The wallet.
    pub wallet: WalletId,
    /// The wallet's organization.
    pub org: OrgId,
    /// The app that acted; none when an operator did.
    pub app: Option<AppId>,
    /// What happened.
    pub kind: EntryKind,
    /// What the balance gained (positive) or lost (negative); zero when nothing changed.
    pub amount: Credits,
    /// The balance afterwards.
    pub balance: Credits,
    /// The deduction that a rollback gives back; the lot that an expiry ends.
    pub refers_to: Option<Position>,
}

impl EntryRow {
    /// The entry of an event; none for events about no wallet.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Option<Self> {
        let (kind, amount, refers_to) = essence(&recorded.event)?;
        let envelope = &recorded.envelope;
        Some(Self {
            position: envelope.position,
            time: envelope.time,
            wallet: recorded.wallet()?,
            org: envelope.org?,
            app: envelope.app,
            kind,
            amount,
            balance: recorded.event.balances()?.balance,
            refers_to,
        })
    }
}

/// Kind, change of the balance, and what is referred to.
fn essence(event: &Event) -> Option<(EntryKind, Credits, Option<Position>)> {
    let zero = Credits::ZERO;
    // An amount above zero always has a negative.
    let lost = |amount: Credits| zero.checked_sub(amount).unwrap_or(zero);
    Some(match event {
        Event::WalletOpened(_) => (EntryKind::Opened, zero, None),
        Event::CreditsPurchased(e) => (EntryKind::Purchase, e.amount, None),
        Event::CreditsGranted(e) => (EntryKind::Grant, e.amount, None),
        Event::CreditsChecked(_) => (EntryKind::Check, zero, None),
        Event::CreditsDeducted(e) => (EntryKind::Deduction, lost(e.cost), None),
        Event::DeductionRolledBack(e) => (EntryKind::Rollback, e.amount, Some(e.deduction)),
        Event::CreditsExpired(e) => (EntryKind::Expiry, lost(e.amount), Some(e.lot)),
        Event::CommandRefused(_) => (EntryKind::Refusal, zero, None),
        Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => return None,
    })
}

/// What an auditor wants to see beside the amounts: the service, the payment reference, the reason,
/// the refusal's code, or else the position that the event refers to.
#[must_use]
pub fn reference(event: &Event) -> Option<String> {
    match event {
        Event::CreditsPurchased(e) => e.payment_reference.as_deref().map(str::to_owned),
        Event::CreditsGranted(e) => e.reason.as_deref().map(str::to_owned),
        Event::CreditsChecked(e) => Some(e.service.to_string()),
        Event::CreditsDeducted(e) => Some(e.service.to_string()),
        Event::DeductionRolledBack(e) => {
            Some(e.reason.as_deref().map_or_else(|| e.deduction.to_string(), str::to_owned))
        }
        Event::CreditsExpired(e) => Some(e.lot.to_string()),
        Event::CommandRefused(e) => Some(e.refusal.code().to_owned()),
        Event::WalletOpened(_)
        | Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => None,
    }
}

#[cfg(test)]
mod tests;
