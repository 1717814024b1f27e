//! What each wallet is given before the traffic starts.

use events::Credits;

use super::request::{Cast, Request};

const MICROS_PER_CREDIT: i64 = 1_000_000;

/// A purchase and a promotional grant of one wallet, in whole credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funding {
    /// Bought credits.
    pub purchased: Credits,
    /// Credits for free, which expire after 30 days.
    pub granted: Credits,
}

/// How much of its demand a wallet can pay, in percent: every 4th runs out of credits.
const fn percent(wallet: usize) -> i64 {
    if wallet % 4 == 3 { 60 } else { 105 }
}

/// The funding of every wallet, by number: nine tenths bought, one tenth granted, each rounded up
/// to a whole credit. A wallet that nobody uses gets one credit of each.
#[must_use]
pub fn plan(cast: &Cast, requests: &[Request]) -> Vec<Funding> {
    let mut demand = vec![0_i64; cast.wallets];
    for request in requests {
        demand[request.wallet] = demand[request.wallet].saturating_add(request.usage.cost().micros());
    }
    let fund = |(wallet, demand): (usize, &i64)| {
        let affordable = demand / 100 * percent(wallet);
        Funding { purchased: whole(affordable / 10 * 9), granted: whole(affordable / 10) }
    };
    demand.iter().enumerate().map(fund).collect()
}

/// At least so many micro-credits, as whole credits above zero.
fn whole(micros: i64) -> Credits {
    Credits::from_micros((micros / MICROS_PER_CREDIT).saturating_add(1).saturating_mul(MICROS_PER_CREDIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generator;

    #[test]
    fn every_fourth_wallet_is_short_and_the_others_are_not() {
        let (cast, requests) = (generator::cast(), generator::requests(2_000, 1));
        for (wallet, funding) in plan(&cast, &requests).into_iter().enumerate() {
            let costs = requests.iter().filter(|request| request.wallet == wallet);
            let demand: i64 = costs.map(|request| request.usage.cost().micros()).sum();
            let funds = funding.purchased.micros() + funding.granted.micros();
            assert_eq!(funds < demand, wallet % 4 == 3, "wallet {wallet}: {funds} of {demand}");
        }
    }

    #[test]
    fn an_unused_wallet_is_funded_all_the_same() {
        let funding = plan(&generator::cast(), &[])[0];
        assert!(funding.purchased.is_positive() && funding.granted.is_positive());
    }
}
