//! `verify`: is everything that is stored right?

use events::Credits;
use projections::Summary;
use serde_json::{Value, json};

use crate::{
    cli::{audit::Books, context::Context, failure::Outcome, output::Column, place::Place, progress},
    read::replay::Verified,
};

const VERIFIED: &[Column] = &[
    Column::new("ledger", "/ledger"),
    Column::new("events", "/events"),
    Column::new("wallets", "/wallets"),
    Column::new("wallets compared", "/wallets_compared"),
    Column::new("purchases", "/purchases"),
    Column::new("grants", "/grants"),
    Column::new("checks", "/checks"),
    Column::new("deductions", "/deductions"),
    Column::new("holds", "/holds"),
    Column::new("captures", "/captures"),
    Column::new("rollbacks", "/rollbacks"),
    Column::new("refunds", "/refunds"),
    Column::new("adjustments", "/adjustments"),
    Column::new("expiries", "/expiries"),
    Column::new("refusals", "/refusals"),
    Column::new("purchased", "/purchased"),
    Column::new("granted", "/granted"),
    Column::new("returned", "/returned"),
    Column::new("adjusted", "/adjusted"),
    Column::new("deducted", "/deducted"),
    Column::new("captured", "/captured"),
    Column::new("refunded", "/refunded"),
    Column::new("expired", "/expired"),
    Column::new("balances", "/balances"),
];

/// Check every event and recompute every balance
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every event must be readable, its position the next one, its account's sequence and its `previous` \
                  right, and every balance what the lots and slices make; the projected wallets must equal the \
                  recomputed ones. Exit code 3 when something is wrong, with the first bad position.\n\
                  purchased + granted + returned + adjusted - deducted - captured - refunded - expired = balances.\n\
                  Reads the data directory or the database, also while servers run on it; the projections as they are at the start.\n\n\
                  Example:\n  credit-ledger --data-dir ledger verify -o json"
)]
pub(in crate::cli) struct Verify {}

impl Verify {
    pub(in crate::cli) async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let verification = verified(&context.place("verify reads")?).await?;
        context.out.one(&verification, VERIFIED)
    }
}

/// Verifies the ledger in this place and says what it adds up to.
pub(in crate::cli) async fn verified(place: &Place) -> Outcome<Value> {
    let books = Books::open(place).await?;
    let bar = progress::events(0);
    let result = books
        .verify(|at, head| {
            bar.set_length(head.get());
            bar.set_position(at.get());
        })
        .await;
    bar.finish_and_clear();
    let ledger = books.log.ledger;
    books.close().await;
    let mut shown = shown(&result?);
    shown["ledger"] = json!(ledger);
    Ok(shown)
}

fn shown(verified: &Verified) -> Value {
    let mut shown = sums(&verified.summary);
    shown["wallets_compared"] = json!(verified.wallets_compared);
    shown
}

/// Counts as numbers, amounts as decimal strings: all that [`Summary::credits_expected`] adds up.
pub(super) fn sums(summary: &Summary) -> Value {
    json!({
        "ok": true,
        "events": summary.events,
        "wallets": summary.wallets,
        "purchases": summary.purchases,
        "grants": summary.grants,
        "checks": summary.checks,
        "deductions": summary.deductions,
        "holds": summary.holds,
        "captures": summary.captures,
        "rollbacks": summary.rollbacks,
        "refunds": summary.refunds,
        "adjustments": summary.adjustments,
        "expiries": summary.expiries,
        "refusals": summary.refusals,
        "purchased": amount(summary.purchased),
        "granted": amount(summary.granted),
        "returned": amount(summary.returned),
        "adjusted": amount(summary.adjusted),
        "deducted": amount(summary.deducted),
        "captured": amount(summary.captured),
        "refunded": amount(summary.refunded),
        "expired": amount(summary.expired),
        "balances": amount(summary.balances),
    })
}

/// A sum of micro-credits, which may be more than one wallet can hold.
fn amount(micros: i128) -> String {
    match i64::try_from(micros) {
        Ok(micros) => Credits::from_micros(micros).to_string(),
        Err(_) => {
            let (whole, rest) = (micros / 1_000_000, (micros % 1_000_000).unsigned_abs());
            format!("{whole}.{rest:06}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_beyond_one_wallet_are_exact() {
        assert_eq!(amount(-1_500_000), "-1.5");
        let most = i128::from(i64::MAX);
        assert_eq!(amount(most), "9223372036854.775807");
        assert_eq!(amount(most * 10), "92233720368547.75807");
        assert_eq!(amount(-most * 10 - 5_930), "-92233720368547.764");
        assert_eq!(amount(10_i128.pow(20)), "100000000000000");
    }
}
