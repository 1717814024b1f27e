//! What a line says beside its amounts.

use events::{Credits, Event, Position, RefundCause};

use super::Kind;

/// The words of an event that moves credits.
pub(super) struct Essence<'a> {
    pub(super) kind: Kind,
    pub(super) service: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) payment_reference: Option<&'a str>,
    pub(super) refers_to: Option<Position>,
    /// What a hold reserves of the credit limit.
    pub(super) overdrawn: Credits,
}

impl<'a> Essence<'a> {
    const fn new(kind: Kind) -> Self {
        let (service, reason, payment_reference) = (None, None, None);
        Self { kind, service, reason, payment_reference, refers_to: None, overdrawn: Credits::ZERO }
    }

    const fn about(kind: Kind, refers_to: Position) -> Self {
        Self { refers_to: Some(refers_to), ..Self::new(kind) }
    }

    /// What the event says; none when it moves no credits.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            Event::CreditsPurchased(e) => {
                Self { payment_reference: e.payment_reference.as_deref(), ..Self::new(Kind::Purchase) }
            }
            Event::CreditsGranted(e) => Self { reason: e.reason.as_deref(), ..Self::new(Kind::Grant) },
            Event::CreditsDeducted(e) => Self { service: Some(&e.service), ..Self::new(Kind::Deduction) },
            Event::DeductionRolledBack(e) => Self {
                service: e.service.as_deref(),
                reason: e.reason.as_deref(),
                ..Self::about(Kind::Rollback, e.deduction)
            },
            Event::CreditsExpired(e) => Self::about(Kind::Expiry, e.lot),
            Event::CreditsHeld(e) => {
                Self { service: Some(&e.service), overdrawn: e.overdrawn, ..Self::new(Kind::Hold) }
            }
            Event::HoldCaptured(e) => {
                Self { service: Some(&e.service), ..Self::about(Kind::Capture, e.hold) }
            }
            Event::HoldReleased(e) => Self::about(Kind::Release, e.hold),
            Event::HoldExpired(e) => Self::about(Kind::HoldExpiry, e.hold),
            Event::PurchaseRefunded(e) => Self {
                reason: e.reason.as_deref(),
                payment_reference: e.payment_reference.as_deref(),
                ..Self::about(taken_back(e.cause), e.purchase)
            },
            Event::CreditsAdjusted(e) => {
                Self { reason: Some(&e.reason), refers_to: e.proposal, ..Self::new(Kind::Adjustment) }
            }
            Event::WalletOpened(_)
            | Event::CreditsChecked(_)
            | Event::CommandRefused(_)
            | Event::HoldExtended(_)
            | Event::AdjustmentProposed(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => return None,
        })
    }
}

const fn taken_back(cause: RefundCause) -> Kind {
    match cause {
        RefundCause::Refund => Kind::Refund,
        RefundCause::Chargeback => Kind::Chargeback,
    }
}
