//! What the ledger's rules refuse, as problems.

use events::{CommandRefused, Credits, Period, Refusal};

use super::{Code, Problem};

/// A refusal that was recorded as the command's answer.
pub(in crate::http) fn refused(event: &CommandRefused, replayed: bool) -> Problem {
    let problem = of(&event.refusal).replayed(replayed);
    match event.item {
        Some(item) => problem.of_item(item.into()),
        None => problem,
    }
}

fn of(refusal: &Refusal) -> Problem {
    let problem = |code: Code, detail: &'static str| Problem::new(code, detail);
    match refusal {
        Refusal::InsufficientCredits { available, required } => insufficient(*available, *required),
        Refusal::WalletAlreadyExists => problem(Code::WalletAlreadyExists, "the wallet is open already"),
        Refusal::RollbackExceedsDeduction { remaining, requested } => Problem::new(
            Code::RollbackExceedsDeduction,
            format!("{remaining} credits of the deduction can still be returned, {requested} were asked for"),
        )
        .with("returnable", remaining)
        .with("requested", requested),
        Refusal::TooManyLots => at_most(Code::TooManyLots, ledger::MAX_LIVE_LOTS, "live lots"),
        Refusal::BalanceOverflow => {
            problem(Code::BalanceOverflow, "an amount would exceed the largest that the ledger can hold")
        }
        Refusal::WalletFrozen => problem(Code::WalletFrozen, "the wallet is frozen"),
        Refusal::WalletNotFrozen => problem(Code::WalletNotFrozen, "the wallet is not frozen"),
        Refusal::HoldClosed => problem(Code::HoldClosed, "the hold is captured, released or expired"),
        Refusal::CaptureExceedsHold { remaining, requested } => Problem::new(
            Code::CaptureExceedsHold,
            format!("{remaining} credits of the hold can still be captured, {requested} were asked for"),
        )
        .with("capturable", remaining)
        .with("requested", requested),
        Refusal::TooManyHolds => at_most(Code::TooManyHolds, ledger::MAX_HOLDS, "open holds"),
        Refusal::RefundExceedsPurchase { remaining, requested } => Problem::new(
            Code::RefundExceedsPurchase,
            format!(
                "{remaining} credits of the purchase can still be taken back, {requested} were asked for"
            ),
        )
        .with("refundable", remaining)
        .with("requested", requested),
        Refusal::AdjustmentAlreadyApproved => {
            problem(Code::AdjustmentAlreadyApproved, "the adjustment was approved before")
        }
        Refusal::ApproverIsProposer => {
            problem(Code::ApproverIsProposer, "who proposed an adjustment cannot approve it")
        }
        Refusal::CapExceeded { period, cap, used, required } => {
            cap_exceeded(*period, [*cap, *used, *required])
        }
        Refusal::UnknownBudget => {
            problem(Code::UnknownBudget, "the app has no budget of this name in this wallet")
        }
        Refusal::TooManyCaps => at_most(Code::TooManyCaps, ledger::MAX_CAPS, "caps"),
        Refusal::NoPrice => problem(Code::NoPrice, "the service has no price now"),
        Refusal::UnknownUnit => problem(Code::UnknownUnit, "the service's price knows no such unit"),
        Refusal::CostIsZero => problem(Code::CostIsZero, "the usage costs nothing"),
        Refusal::CostForbidden => {
            problem(Code::CostForbidden, "the service has a price, so send `usage` instead of `cost`")
        }
    }
}

fn insufficient(available: Credits, required: Credits) -> Problem {
    let shortfall = required.checked_sub(available).unwrap_or(Credits::MAX);
    let detail = format!("the wallet has {available} credits available, {required} are required");
    Problem::new(Code::InsufficientCredits, detail)
        .with("available", available)
        .with("required", required)
        .with("shortfall", shortfall)
}

fn cap_exceeded(period: Period, [cap, used, required]: [Credits; 3]) -> Problem {
    let period = match period {
        Period::Day => "day",
        Period::Month => "month",
        Period::Total => "total",
    };
    let detail =
        format!("{used} of {cap} credits ({period}) are spent or held already, {required} more are required");
    Problem::new(Code::CapExceeded, detail)
        .with("period", period)
        .with("cap", cap)
        .with("used", used)
        .with("required", required)
}

fn at_most(code: Code, most: usize, things: &str) -> Problem {
    Problem::new(code, format!("the wallet has {most} {things}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_refusal_has_the_code_that_the_event_has() {
        let (remaining, requested) = (Credits::from_micros(1), Credits::from_micros(2));
        let (available, required, cap, used) = (remaining, requested, requested, remaining);
        let refusals = [
            Refusal::InsufficientCredits { available, required },
            Refusal::WalletAlreadyExists,
            Refusal::RollbackExceedsDeduction { remaining, requested },
            Refusal::TooManyLots,
            Refusal::BalanceOverflow,
            Refusal::WalletFrozen,
            Refusal::WalletNotFrozen,
            Refusal::HoldClosed,
            Refusal::CaptureExceedsHold { remaining, requested },
            Refusal::TooManyHolds,
            Refusal::RefundExceedsPurchase { remaining, requested },
            Refusal::AdjustmentAlreadyApproved,
            Refusal::ApproverIsProposer,
            Refusal::CapExceeded { period: Period::Day, cap, used, required },
            Refusal::UnknownBudget,
            Refusal::TooManyCaps,
            Refusal::NoPrice,
            Refusal::UnknownUnit,
            Refusal::CostIsZero,
            Refusal::CostForbidden,
        ];
        for refusal in refusals {
            assert_eq!(of(&refusal).code.entry().name, refusal.code());
        }
    }

    #[test]
    fn a_shortfall_is_what_is_missing() {
        let problem = insufficient(Credits::from_micros(30_000_000), Credits::from_micros(31_000_000));
        let shortfall = problem.extra.iter().find(|(name, _)| *name == "shortfall");
        assert_eq!(shortfall.map(|(_, value)| value.as_str()), Some(Some("1")));
    }
}
