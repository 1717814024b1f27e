//! What a request costs, and whether the wallet can pay it.

use events::{Credits, Priced, Refusal, Slices, Time};

use crate::{Charge, Wallet, decide::Question};

/// The cost of a request for `service`.
pub(crate) fn cost(
    question: Question<'_>,
    service: &str,
    charge: &Charge,
) -> Result<(Credits, Option<Priced>), Refusal> {
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
            Ok((cost, Some(priced)))
        }
    }
}

/// From which lots a cost is paid, and what is drawn on the credit limit.
pub(crate) fn pay(wallet: &Wallet, cost: Credits) -> Result<(Slices, Credits), Refusal> {
    let available = wallet.spendable();
    if available < cost || wallet.balance.checked_sub(cost).is_none() {
        return Err(Refusal::InsufficientCredits { available, required: cost });
    }
    Ok(wallet.lots.burn_down(cost))
}

/// The same for an app that asks: the freeze and its caps of the period that `at` is in come first.
pub(crate) fn spend(
    wallet: &Wallet,
    question: Question<'_>,
    budget: Option<&str>,
    cost: Credits,
    at: Time,
) -> Result<(Slices, Credits), Refusal> {
    if wallet.frozen {
        return Err(Refusal::WalletFrozen);
    }
    wallet.within_caps(question.app, budget, cost, at)?;
    pay(wallet, cost)
}
