//! What events tell, in the model's words.

use events::{Event, Recorded, ReturnedSlice, Slice};

use super::{Effect, Slices, What, at};

/// The effect that an event of a wallet tells of.
pub(crate) fn told(recorded: &Recorded) -> Option<Effect> {
    let stated = recorded.event.balances()?;
    let after = [stated.balance.micros(), stated.available.micros(), stated.reserved.micros()];
    Some(Effect { what: what(&recorded.event)?, after })
}

fn what(event: &Event) -> Option<What> {
    Some(match event {
        Event::WalletOpened(_) => What::Opened,
        Event::CreditsPurchased(e) => What::CameIn { amount: e.amount.micros(), settled: slices(&e.settled) },
        Event::CreditsGranted(e) => What::CameIn { amount: e.amount.micros(), settled: slices(&e.settled) },
        Event::CreditsChecked(e) => What::Checked {
            sufficient: e.sufficient,
            hold: e.hold.map(at),
            price: e.price.as_ref().map(|price| at(price.version)),
        },
        Event::CreditsDeducted(e) => What::Spent {
            slices: slices(&e.slices),
            overdrawn: e.overdrawn.micros(),
            price: e.price.as_ref().map(|price| at(price.version)),
            item: e.batch.map(|item| (item.index, item.size)),
        },
        Event::DeductionRolledBack(e) => What::CameBack {
            slices: e.slices.iter().map(returned).collect(),
            overdrawn: e.overdrawn.micros(),
            formed: e.formed.map_or(0, |formed| formed.amount.micros()),
            returned: e.returned.micros(),
            settled: slices(&e.settled),
        },
        Event::CreditsExpired(e) => What::Expired { lot: at(e.lot), amount: e.amount.micros() },
        Event::CommandRefused(e) => What::Refused { code: e.refusal.code(), item: e.item },
        Event::PurchaseRefunded(e) => What::TakenBack {
            purchase: at(e.purchase),
            refunded: e.refunded.micros(),
            taken: e.taken.micros(),
            debt: e.debt.micros(),
            settled: slices(&e.settled),
        },
        Event::AdjustmentProposed(e) => What::Proposed { amount: e.amount.micros() },
        Event::CreditsAdjusted(e) => What::Adjusted {
            amount: e.amount.micros(),
            slices: slices(&e.slices),
            settled: slices(&e.settled),
            proposal: e.proposal.map(at),
        },
        Event::CreditsHeld(_)
        | Event::HoldCaptured(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_) => return of_a_hold(event),
        Event::WalletFrozen(_) => What::Set("frozen"),
        Event::WalletUnfrozen(_) => What::Set("unfrozen"),
        Event::LimitSet(_) => What::Set("limit"),
        Event::CapSet(_) => What::Set("cap"),
        Event::ThresholdSet(_) => What::Set("threshold"),
        Event::BalanceLow(e) => What::Low(e.threshold.micros()),
        Event::PriceSet(_) | Event::PolicySet(_) | Event::Auth(_) | Event::WriterChanged(_) => return None,
    })
}

fn of_a_hold(event: &Event) -> Option<What> {
    if let Event::CreditsHeld(e) = event {
        return Some(What::Held {
            slices: slices(&e.slices),
            overdrawn: e.overdrawn.micros(),
            cap: e.cap.micros(),
            expires: e.expires.micros(),
            price: e.price.as_ref().map(|price| at(price.version)),
        });
    }
    if let Event::HoldCaptured(e) = event {
        return Some(What::Captured {
            hold: at(e.hold),
            slices: slices(&e.slices),
            beyond: slices(&e.beyond),
            overdrawn: e.overdrawn.micros(),
            captured: e.captured.micros(),
            price: e.price.as_ref().map(|price| at(price.version)),
        });
    }
    if let Event::HoldExtended(e) = event {
        return Some(What::Extended { hold: at(e.hold), expires: e.expires.micros() });
    }
    let (hold, timed_out, amount, freed, settled) = if let Event::HoldReleased(e) = event {
        (e.hold, false, e.amount, &e.slices, &e.settled)
    } else if let Event::HoldExpired(e) = event {
        (e.hold, true, e.amount, &e.slices, &e.settled)
    } else {
        return None;
    };
    let (amount, freed, settled) = (amount.micros(), slices(freed), slices(settled));
    Some(What::Freed { hold: at(hold), timed_out, amount, slices: freed, settled })
}

fn slices(slices: &[Slice]) -> Slices {
    slices.iter().map(|slice| (at(slice.lot), slice.amount.micros())).collect()
}

fn returned(slice: &ReturnedSlice) -> (u64, i64) {
    (at(slice.lot), slice.amount.micros())
}
