//! What a request costs, and whether the wallet can pay it.

use events::{Credits, Priced, Refusal, Slices, Time};

use crate::{Charge, Wallet, decide::Question};

/// The cost of a request for `service`.
pub(crate) fn cost(
    question: Question<'_>,
    service: &str,
    charge: &Charge,
) -> Result<(Credits, Option<Box<Priced>>), Refusal> {
    let price = || question.rules.price(service, question.now);
    match charge {
        Charge::Cost(amount) => {
            let forbidden = question.rules.policy.cost_of_priced_service == events::CostPolicy::Forbidden;
            if forbidden && price().is_some() {
                return Err(Refusal::CostForbidden);
            }
            Ok((amount.credits(), None))
        }
        Charge::Usage(usage) => {
            let (cost, priced) = price().ok_or(Refusal::NoPrice)?.cost(usage)?;
            Ok((cost, Some(Box::new(priced))))
        }
    }
}

/// From which lots an app's cost is paid, and what is drawn on the credit limit. The freeze and the
/// app's caps of the period that `at` is in come first.
pub(crate) fn spend(
    wallet: &Wallet,
    question: Question<'_>,
    budget: Option<&str>,
    cost: Credits,
    at: Time,
) -> Result<(Slices, Credits), Refusal> {
    not_frozen(wallet)?;
    wallet.within_caps(question.app, budget, cost, at)?;
    let available = wallet.spendable();
    if available < cost || wallet.balance.checked_sub(cost).is_none() {
        return Err(Refusal::InsufficientCredits { available, required: cost });
    }
    Ok(wallet.lots.burn_down(cost))
}

/// Refuses what a frozen wallet does not do.
pub(crate) const fn not_frozen(wallet: &Wallet) -> Result<(), Refusal> {
    if wallet.frozen { Err(Refusal::WalletFrozen) } else { Ok(()) }
}
