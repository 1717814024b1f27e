//! One stored event of each type, as the ledger's own tests keep them.

use events::EventType;

/// A stored event of this type: the bytes of a golden file.
#[must_use]
pub const fn sample(event_type: EventType) -> &'static str {
    macro_rules! golden {
        ($file:literal) => {
            include_str!(concat!("../../../../events/golden/", $file, ".json"))
        };
    }
    match event_type {
        EventType::WalletOpened => golden!("wallet.opened.v1/01-by-command"),
        EventType::CreditsPurchased => golden!("credits.purchased.v1/01-full"),
        EventType::CreditsGranted => golden!("credits.granted.v1/01-full"),
        EventType::CreditsChecked => golden!("credits.checked.v1/01-full"),
        EventType::CreditsDeducted => golden!("credits.deducted.v1/01-full"),
        EventType::DeductionRolledBack => golden!("credits.deduction_rolled_back.v1/01-full"),
        EventType::CreditsExpired => golden!("credits.expired.v1/01-full"),
        EventType::CommandRefused => golden!("credits.command_refused.v1/01-insufficient-credits"),
        EventType::CreditsHeld => golden!("credits.held.v1/01-full"),
        EventType::HoldCaptured => golden!("credits.hold_captured.v1/01-full"),
        EventType::HoldExtended => golden!("credits.hold_extended.v1/01-full"),
        EventType::HoldReleased => golden!("credits.hold_released.v1/01-full"),
        EventType::HoldExpired => golden!("credits.hold_expired.v1/01-full"),
        EventType::PurchaseRefunded => golden!("credits.purchase_refunded.v1/01-full"),
        EventType::AdjustmentProposed => golden!("credits.adjustment_proposed.v1/01-full"),
        EventType::CreditsAdjusted => golden!("credits.adjusted.v1/01-full"),
        EventType::WalletFrozen => golden!("wallet.frozen.v1/01-full"),
        EventType::WalletUnfrozen => golden!("wallet.unfrozen.v1/01-full"),
        EventType::LimitSet => golden!("wallet.limit_set.v1/01-full"),
        EventType::CapSet => golden!("wallet.cap_set.v1/01-full"),
        EventType::ThresholdSet => golden!("wallet.threshold_set.v1/01-full"),
        EventType::BalanceLow => golden!("wallet.balance_low.v1/01-full"),
        EventType::PriceSet => golden!("price.set.v1/01-full"),
        EventType::PolicySet => golden!("organization.policy_set.v1/01-full"),
        EventType::OrganizationRegistered => golden!("auth.organization_registered.v1/01-full"),
        EventType::AppRegistered => golden!("auth.app_registered.v1/01-full"),
        EventType::ApiKeyIssued => golden!("auth.api_key_issued.v1/01-full"),
        EventType::ApiKeyRevoked => golden!("auth.api_key_revoked.v1/01-full"),
        EventType::WriterChanged => golden!("ledger.writer_changed.v1/01-bare"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_sample_of_its_own() {
        for event_type in EventType::ALL {
            let recorded = events::decode(sample(*event_type).as_bytes()).expect("an event");
            assert_eq!(recorded.event.event_type(), *event_type);
        }
    }
}
