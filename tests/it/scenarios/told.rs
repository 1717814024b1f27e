//! What events tell whoever asked.

use std::{collections::BTreeMap, fmt::Display};

use events::{Credits, Event, Period, Position, Priced, Refusal, Slice};
use ledger::{Rejection, Wallet};

use super::world::{Done, Parts, Refused, State};

/// What the answering event at `position` tells the app; `all` are the events of its command.
pub(super) fn told<'a>(
    event: &Event,
    position: Position,
    all: impl IntoIterator<Item = &'a Event>,
) -> Result<Done, Refused> {
    if let Event::CommandRefused(refused) = event {
        let mut told = refusal(&refused.refusal);
        told.members.extend(refused.item.map(|item| ("item".to_owned(), item.to_string())));
        return Err(told);
    }
    let wallet = event.balances().expect("an answer is about a wallet");
    let mut done = Done { position, balance: wallet.balance, ..Done::default() };
    state(&mut done, &[("available", wallet.available), ("reserved", wallet.reserved)]);
    spending(&mut done, event);
    credit(&mut done, event);
    holding(&mut done, event);
    if matches!(event, Event::CreditsDeducted(e) if e.batch.is_some()) {
        let items = all.into_iter().filter_map(deducted);
        done.slices = items.flat_map(parts).collect();
    }
    Ok(done)
}

fn deducted(event: &Event) -> Option<&[Slice]> {
    if let Event::CreditsDeducted(e) = event { Some(&e.slices) } else { None }
}

fn spending(done: &mut Done, event: &Event) {
    if let Event::CreditsChecked(e) = event {
        done.sufficient = Some(e.sufficient);
        done.hold = e.hold;
        state(done, &[("cost", e.cost)]);
        priced(done, e.price.as_deref());
    }
    if let Event::CreditsDeducted(e) = event {
        done.slices = parts(&e.slices);
        state(done, &[("cost", e.cost), ("overdrawn", e.overdrawn)]);
        priced(done, e.price.as_deref());
    }
    if let Event::DeductionRolledBack(e) = event {
        done.slices = e.slices.iter().map(|slice| (slice.lot, slice.amount)).collect();
        let formed = e.formed.map_or(Credits::ZERO, |formed| formed.amount);
        let amounts = [("amount", e.amount), ("returned", e.returned), ("overdrawn", e.overdrawn)];
        state(done, &amounts);
        state(done, &[("formed", formed)]);
    }
}

fn credit(done: &mut Done, event: &Event) {
    if let Event::CreditsPurchased(e) = event {
        state(done, &[("amount", e.amount)]);
    }
    if let Event::CreditsGranted(e) = event {
        state(done, &[("amount", e.amount)]);
    }
    if let Event::PurchaseRefunded(e) = event {
        state(done, &[("amount", e.amount), ("refunded", e.refunded), ("taken", e.taken)]);
    }
    if let Event::AdjustmentProposed(e) = event {
        done.proposed = true;
        state(done, &[("amount", e.amount)]);
    }
    if let Event::CreditsAdjusted(e) = event {
        done.slices = parts(&e.slices);
        state(done, &[("amount", e.amount)]);
    }
}

fn holding(done: &mut Done, event: &Event) {
    if let Event::CreditsHeld(e) = event {
        done.slices = parts(&e.slices);
        state(done, &[("amount", e.amount), ("cap", e.cap), ("overdrawn", e.overdrawn)]);
        priced(done, e.price.as_deref());
    }
    if let Event::HoldCaptured(e) = event {
        (done.slices, done.beyond) = (parts(&e.slices), parts(&e.beyond));
        state(done, &[("amount", e.amount), ("captured", e.captured), ("overdrawn", e.overdrawn)]);
        priced(done, e.price.as_deref());
    }
    if let Event::HoldReleased(e) = event {
        done.slices = parts(&e.slices);
        state(done, &[("amount", e.amount)]);
    }
}

fn priced(done: &mut Done, price: Option<&Priced>) {
    if let Some(price) = price {
        done.version = Some(price.version);
        done.lines = price.lines.iter().map(|line| (line.unit.to_string(), line.cost)).collect();
    }
}

fn state(done: &mut Done, amounts: &[(&str, Credits)]) {
    done.members.extend(amounts.iter().map(|(name, amount)| ((*name).to_owned(), amount.to_string())));
}

/// Slices by lot.
pub(super) fn parts(slices: &[Slice]) -> Parts {
    slices.iter().map(|slice| (slice.lot, slice.amount)).collect()
}

fn refusal(refusal: &Refusal) -> Refused {
    let mut members = BTreeMap::new();
    let mut says = |name: &str, value: &dyn Display| drop(members.insert(name.to_owned(), value.to_string()));
    match refusal {
        Refusal::InsufficientCredits { available, required } => {
            says("available", available);
            says("required", required);
        }
        Refusal::RollbackExceedsDeduction { remaining, requested } => {
            says("returnable", remaining);
            says("requested", requested);
        }
        Refusal::CaptureExceedsHold { remaining, requested } => {
            says("capturable", remaining);
            says("requested", requested);
        }
        Refusal::RefundExceedsPurchase { remaining, requested } => {
            says("refundable", remaining);
            says("requested", requested);
        }
        Refusal::CapExceeded { period, cap, used, required } => {
            says("period", &period_name(*period));
            says("cap", cap);
            says("used", used);
            says("required", required);
        }
        Refusal::WalletAlreadyExists
        | Refusal::TooManyLots
        | Refusal::BalanceOverflow
        | Refusal::WalletFrozen
        | Refusal::WalletNotFrozen
        | Refusal::HoldClosed
        | Refusal::TooManyHolds
        | Refusal::AdjustmentAlreadyApproved
        | Refusal::ApproverIsProposer
        | Refusal::UnknownBudget
        | Refusal::TooManyCaps
        | Refusal::NoPrice
        | Refusal::UnknownUnit
        | Refusal::CostIsZero
        | Refusal::CostForbidden => {}
    }
    Refused { code: refusal.code().to_owned(), members }
}

/// How a period is written.
pub(super) const fn period_name(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Month => "month",
        Period::Total => "total",
    }
}

/// The code of a rejection.
pub(super) fn rejected(rejection: &Rejection) -> Refused {
    Refused::because(match rejection {
        Rejection::WalletNotFound
        | Rejection::DeductionNotFound
        | Rejection::HoldNotFound
        | Rejection::PurchaseNotFound
        | Rejection::ProposalNotFound => "not-found",
        Rejection::ExpiryInPast => "expiry-in-past",
        Rejection::CapBelowHold => "cap-below-hold",
        Rejection::Broken(error) => panic!("{error}"),
    })
}

/// What is in a wallet.
pub(super) fn inside(wallet: &Wallet) -> State {
    let amounts = [
        ("available", wallet.available()),
        ("reserved", wallet.reserved),
        ("debt", wallet.debt),
        ("limit", wallet.special.limit),
        ("threshold", wallet.special.threshold.unwrap_or_default()),
    ];
    State {
        balance: wallet.balance,
        frozen: wallet.frozen,
        lots: wallet.lots.iter().map(|lot| (lot.id, lot.remaining)).collect(),
        holds: wallet.special.holds.iter().map(|hold| (hold.id, hold.rest())).collect(),
        members: amounts.map(|(name, amount)| (name.to_owned(), amount.to_string())).into(),
    }
}
