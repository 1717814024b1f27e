//! Audit entries: one row for each event that matters to an auditor.

mod kind;
mod reference;

use events::{AppId, Credits, Event, OrgId, Position, Recorded, RefundCause, Time, WalletId};

pub use self::{kind::EntryKind, reference::reference};
use crate::Parts;

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 3;

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The deduction that a rollback gives back; the lot that an expiry ends; a capture's hold; the
    /// purchase that is refunded; the proposal that is approved.
    pub refers_to: Option<Position>,
    /// The amount by class and debt, what settled debt, and the change of deferred revenue.
    pub parts: Parts,
}

impl EntryRow {
    /// The entry of an event; none for events about no wallet. Only whoever knows the wallet knows the
    /// parts; others leave them empty.
    #[must_use]
    pub fn of(recorded: &Recorded, parts: Parts) -> Option<Self> {
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
            parts,
        })
    }

    /// The part of the amount that is of paid lots; none beyond the range.
    #[must_use]
    pub fn paid(&self) -> Option<Credits> {
        self.amount.checked_add(self.parts.debt)?.checked_sub(self.parts.promotional)
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
        Event::CreditsHeld(_) => (EntryKind::Hold, zero, None),
        Event::HoldCaptured(e) => (EntryKind::Capture, lost(e.amount), Some(e.hold)),
        Event::HoldExtended(e) => (EntryKind::Extension, zero, Some(e.hold)),
        Event::HoldReleased(e) => (EntryKind::Release, zero, Some(e.hold)),
        Event::HoldExpired(e) => (EntryKind::HoldExpiry, zero, Some(e.hold)),
        Event::PurchaseRefunded(e) => {
            let kind = match e.cause {
                RefundCause::Refund => EntryKind::Refund,
                RefundCause::Chargeback => EntryKind::Chargeback,
            };
            (kind, lost(e.amount), Some(e.purchase))
        }
        Event::AdjustmentProposed(_) => (EntryKind::Proposal, zero, None),
        Event::CreditsAdjusted(e) => (EntryKind::Adjustment, e.amount, e.proposal),
        Event::WalletFrozen(_) => (EntryKind::Freeze, zero, None),
        Event::WalletUnfrozen(_) => (EntryKind::Unfreeze, zero, None),
        Event::LimitSet(_) => (EntryKind::Limit, zero, None),
        Event::CapSet(_) => (EntryKind::Cap, zero, None),
        Event::ThresholdSet(_) => (EntryKind::Threshold, zero, None),
        Event::BalanceLow(_) => (EntryKind::LowBalance, zero, None),
        Event::PriceSet(_) | Event::PolicySet(_) | Event::Auth(_) | Event::WriterChanged(_) => return None,
    })
}

#[cfg(test)]
mod tests;
