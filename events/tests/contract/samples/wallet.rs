//! What happened to a wallet itself.

use events::{
    BalanceLow, Balances, CapSet, Credits, LimitSet, Period, ThresholdSet, WalletFrozen, WalletOpened,
    WalletUnfrozen,
};

use super::{APP, Sample, asked, bare, credits, first, full, holding, keyless};

pub(super) fn all() -> Vec<Sample> {
    let opened = WalletOpened { asked: None, wallet: holding("0") };
    let full_opened = WalletOpened { asked: Some(asked()), ..opened.clone() };
    let low = BalanceLow { threshold: credits("10"), wallet: holding("9.999999") };
    let overdrawn = Balances { balance: credits("-1"), available: credits("-3"), reserved: credits("2") };
    let mut samples = vec![
        first(full("01-by-command", full_opened)),
        bare("02-by-first-credit", opened),
        full("01-full", low.clone()),
        bare("02-bare", BalanceLow { wallet: overdrawn, ..low }),
    ];
    samples.extend(freezes());
    samples.extend(limits());
    samples
}

fn freezes() -> Vec<Sample> {
    let frozen = WalletFrozen { asked: keyless(), reason: None, wallet: holding("7") };
    let unfrozen = WalletUnfrozen { asked: keyless(), reason: None, wallet: holding("7") };
    let full_frozen = WalletFrozen { asked: asked(), reason: Some("a stolen key".into()), ..frozen.clone() };
    let full_unfrozen =
        WalletUnfrozen { asked: asked(), reason: Some("a new key".into()), ..unfrozen.clone() };
    vec![
        full("01-full", full_frozen),
        bare("02-bare", frozen),
        full("01-full", full_unfrozen),
        bare("02-bare", unfrozen),
    ]
}

fn limits() -> Vec<Sample> {
    let limit = LimitSet { asked: keyless(), limit: Credits::ZERO, wallet: holding("7") };
    let full_limit = LimitSet { asked: asked(), limit: credits("50"), ..limit.clone() };
    let cap = CapSet {
        asked: keyless(),
        app: APP,
        budget: None,
        period: Period::Month,
        amount: None,
        wallet: holding("7"),
    };
    let of_budget = CapSet {
        asked: asked(),
        budget: Some("agent-7".into()),
        period: Period::Day,
        amount: Some(credits("2.5")),
        ..cap.clone()
    };
    let in_all = CapSet { period: Period::Total, amount: Some(Credits::ZERO), ..cap.clone() };
    let threshold = ThresholdSet { asked: keyless(), threshold: None, wallet: holding("7") };
    let full_threshold = ThresholdSet { asked: asked(), threshold: Some(credits("10")), ..threshold.clone() };
    vec![
        full("01-full", full_limit),
        bare("02-bare", limit),
        full("01-full", of_budget),
        bare("02-bare", cap),
        bare("03-in-all", in_all),
        full("01-full", full_threshold),
        bare("02-bare", threshold),
    ]
}
