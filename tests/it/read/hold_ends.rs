//! How holds ended, against a fold of the log.

use std::collections::HashMap;

use credit_ledger::{log::Log, read::Reads};
use events::{Credits, Event, Position, Recorded, Time, WalletId};
use ledger::{Wallet, evolve};

use super::place::{Place, on_every_store};
use super::{everything, log_of, recorded};

on_every_store!(every_closed_hold_tells_how_and_when_it_ended_and_no_open_one_does);

/// Wallet events from one mark to the next, as `wallet_marks` says.
const MARK_EVERY: u64 = 64;

/// How a hold ended, and after how many events of its wallet.
struct Ended {
    wallet: WalletId,
    hold: Position,
    by: Position,
    captured: Credits,
    expires: Time,
    events: u64,
}

/// Folds by the decisions' own rules, and notes which holds each event closes.
#[derive(Default)]
struct Folded {
    wallets: HashMap<WalletId, (Wallet, u64)>,
    placed: HashMap<Position, u64>,
    ended: Vec<Ended>,
}

impl Folded {
    fn apply(&mut self, recorded: &Recorded) {
        let Some(id) = recorded.wallet() else { return };
        let position = recorded.envelope.position;
        let (before, events) =
            self.wallets.remove(&id).map_or((None, 1), |(wallet, n)| (Some(wallet), n + 1));
        let after = evolve(before.clone(), recorded).expect("an event that follows");
        let held = before.as_ref().map_or(&[][..], |wallet| &wallet.special.holds);
        for hold in held.iter().filter(|hold| after.hold(hold.id).is_none()) {
            let now = if let Event::HoldCaptured(e) = &recorded.event { e.amount } else { Credits::ZERO };
            let captured = hold.captured.checked_add(now).expect("credits");
            let events = events - self.placed[&hold.id];
            let (hold, expires) = (hold.id, hold.expires);
            self.ended.push(Ended { wallet: id, hold, by: position, captured, expires, events });
        }
        if after.hold(position).is_some() {
            self.placed.insert(position, events);
        }
        self.wallets.insert(id, (after, events));
    }
}

async fn every_closed_hold_tells_how_and_when_it_ended_and_no_open_one_does<P: Place>() {
    let (history, bodies) = everything(84, 3, 4_000);
    let place = P::new().await;
    let log: std::sync::Arc<dyn Log> = log_of(&bodies).await;
    let reads = place.project(history.ledger, log).await;
    let mut folded = Folded::default();
    recorded(&bodies).iter().for_each(|recorded| folded.apply(recorded));
    let mut kinds: HashMap<&str, u32> = HashMap::new();
    for ended in &folded.ended {
        let end = reads.hold_end(ended.wallet, ended.hold).await.expect("a read").expect("an end");
        assert_eq!(end.by.envelope.position, ended.by, "hold {}", ended.hold);
        assert_eq!((end.captured, end.expires), (ended.captured, ended.expires), "hold {}", ended.hold);
        *kinds.entry(end.by.event.event_type().as_str()).or_default() += 1;
    }
    assert!(kinds.len() == 3 && kinds.values().all(|count| *count > 5), "the history is too dull: {kinds:?}");
    let longest = folded.ended.iter().map(|ended| ended.events).max();
    assert!(longest > Some(2 * MARK_EVERY), "no hold outlives two marks: {longest:?}");
    let mut open = 0;
    for (id, (wallet, _)) in &folded.wallets {
        for hold in &wallet.special.holds {
            assert!(reads.hold_end(*id, hold.id).await.expect("a read").is_none(), "hold {}", hold.id);
            open += 1;
        }
    }
    assert!(open > 0, "no hold is open");
    reads.close().await;
}
