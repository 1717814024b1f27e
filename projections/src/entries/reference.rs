//! The words of an audit entry.

use events::Event;

/// What an auditor wants to see beside the amounts: the service, the payment reference, the reason,
/// the refusal's code, or else the position or thing that the event refers to.
#[must_use]
pub fn reference(event: &Event) -> Option<String> {
    let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    match event {
        Event::CreditsPurchased(e) => owned(&e.payment_reference),
        Event::CreditsGranted(e) => owned(&e.reason),
        Event::CreditsChecked(e) => Some(e.service.to_string()),
        Event::CreditsDeducted(e) => Some(e.service.to_string()),
        Event::DeductionRolledBack(e) => owned(&e.reason).or_else(|| Some(e.deduction.to_string())),
        Event::CreditsExpired(e) => Some(e.lot.to_string()),
        Event::CommandRefused(e) => Some(e.refusal.code().to_owned()),
        Event::CreditsHeld(e) => Some(e.service.to_string()),
        Event::HoldCaptured(e) => Some(e.service.to_string()),
        Event::HoldExtended(e) => Some(e.hold.to_string()),
        Event::HoldReleased(e) => Some(e.hold.to_string()),
        Event::HoldExpired(e) => Some(e.hold.to_string()),
        Event::PurchaseRefunded(e) => {
            let words = owned(&e.payment_reference).or_else(|| owned(&e.reason));
            words.or_else(|| Some(e.purchase.to_string()))
        }
        Event::AdjustmentProposed(e) => Some(e.reason.to_string()),
        Event::CreditsAdjusted(e) => Some(e.reason.to_string()),
        Event::WalletFrozen(e) => owned(&e.reason),
        Event::WalletUnfrozen(e) => owned(&e.reason),
        Event::LimitSet(e) => Some(e.limit.to_string()),
        Event::CapSet(e) => e.budget.as_deref().map(str::to_owned).or_else(|| Some(e.app.to_string())),
        Event::ThresholdSet(e) => e.threshold.map(|threshold| threshold.to_string()),
        Event::BalanceLow(e) => Some(e.threshold.to_string()),
        Event::WalletOpened(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => None,
    }
}
