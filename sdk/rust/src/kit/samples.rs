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
        EventType::ApiKeyExpirySet => golden!("auth.api_key_expiry_set.v1/01-full"),
        EventType::ClientSet => golden!("auth.client_set.v1/01-full"),
        EventType::ClientSecretIssued => golden!("auth.client_secret_issued.v1/01-full"),
        EventType::ClientSecretRevoked => golden!("auth.client_secret_revoked.v1/01-full"),
        EventType::UserRegistered => golden!("auth.user_registered.v1/01-full"),
        EventType::UserVerified => golden!("auth.user_verified.v1/01-full"),
        EventType::UserRolesSet => golden!("auth.user_roles_set.v1/01-full"),
        EventType::UserDisabled => golden!("auth.user_disabled.v1/01-full"),
        EventType::UserEnabled => golden!("auth.user_enabled.v1/01-full"),
        EventType::UserLinked => golden!("auth.user_linked.v1/01-full"),
        EventType::PasswordChanged => golden!("auth.password_changed.v1/01-full"),
        EventType::UserSignedIn => golden!("auth.user_signed_in.v1/01-full"),
        EventType::SessionVerified => golden!("auth.session_verified.v1/01-full"),
        EventType::SessionRevoked => golden!("auth.session_revoked.v1/01-full"),
        EventType::SessionsRevoked => golden!("auth.sessions_revoked.v1/01-full"),
        EventType::AppAccessGranted => golden!("auth.app_access_granted.v1/01-full"),
        EventType::AppAccessRevoked => golden!("auth.app_access_revoked.v1/01-full"),
        EventType::TokenRevoked => golden!("auth.token_revoked.v1/01-full"),
        EventType::RefreshReused => golden!("auth.refresh_reused.v1/01-full"),
        EventType::GroupRegistered => golden!("auth.group_registered.v1/01-full"),
        EventType::GroupMemberAdded => golden!("auth.group_member_added.v1/01-full"),
        EventType::GroupMemberRemoved => golden!("auth.group_member_removed.v1/01-full"),
        EventType::SigningKeyChanged => golden!("auth.signing_key_changed.v1/01-full"),
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
