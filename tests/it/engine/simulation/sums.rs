//! What must add up whatever the rules are: read from the events alone, by neither the ledger nor the
//! model.

use std::collections::BTreeMap;

use events::{Balances, Credits, Event, Position, Recorded, WalletId};

/// What a wallet's events have stated so far.
#[derive(Default)]
struct Sums {
    balance: i64,
    limit: i64,
    /// What was undone of each spending and purchase: of how much, and how much.
    undone: BTreeMap<Position, (i64, i64)>,
    /// The rest of each hold's cap.
    holds: BTreeMap<Position, i64>,
}

/// Credits are neither made nor lost, at every event: balances move by what events say, nobody spends
/// what is not there, and nothing is given back twice.
pub(super) fn hold(events: &[Recorded]) {
    let mut wallets: BTreeMap<WalletId, Sums> = BTreeMap::new();
    for recorded in events {
        if let (Some(id), Some(stated)) = (recorded.wallet(), recorded.event.balances()) {
            wallets.entry(id).or_default().follow(recorded, stated);
        }
    }
}

impl Sums {
    fn follow(&mut self, recorded: &Recorded, stated: &Balances) {
        let position = recorded.envelope.position;
        self.balance += self.moved(&recorded.event, position);
        let amounts = [stated.balance, stated.available, stated.reserved].map(Credits::micros);
        assert_eq!(amounts[0], self.balance, "credits came from nowhere or went there: {recorded:?}");
        assert!(amounts[2] >= 0 && amounts[1] == amounts[0] - amounts[2], "{recorded:?}");
        let spends = matches!(recorded.event, Event::CreditsDeducted(_) | Event::CreditsHeld(_));
        assert!(!spends || amounts[1] + self.limit >= 0, "spent beyond the limit: {recorded:?}");
    }

    /// What the event does to the balance.
    fn moved(&mut self, event: &Event, position: Position) -> i64 {
        match event {
            Event::CreditsPurchased(e) => {
                self.undone.insert(position, (e.amount.micros(), 0));
                e.amount.micros()
            }
            Event::CreditsGranted(e) => e.amount.micros(),
            Event::CreditsAdjusted(e) => e.amount.micros(),
            Event::CreditsDeducted(e) => {
                self.undone.insert(position, (e.cost.micros(), 0));
                -e.cost.micros()
            }
            Event::HoldCaptured(e) => {
                let rest = self.holds.get_mut(&e.hold).expect("an open hold");
                *rest -= e.amount.micros();
                assert!(*rest >= 0, "captured more than the cap: {e:?}");
                self.undone.insert(position, (e.amount.micros(), 0));
                -e.amount.micros()
            }
            Event::DeductionRolledBack(e) => {
                self.undo(e.deduction, e.amount, e.returned);
                e.amount.micros()
            }
            Event::PurchaseRefunded(e) => {
                self.undo(e.purchase, e.amount, e.refunded);
                -e.amount.micros()
            }
            Event::CreditsExpired(e) => -e.amount.micros(),
            Event::CreditsHeld(e) => {
                self.holds.insert(position, e.cap.micros());
                0
            }
            Event::HoldReleased(e) => self.close(e.hold),
            Event::HoldExpired(e) => self.close(e.hold),
            Event::LimitSet(e) => {
                self.limit = e.limit.micros();
                0
            }
            Event::WalletOpened(_)
            | Event::CreditsChecked(_)
            | Event::CommandRefused(_)
            | Event::HoldExtended(_)
            | Event::AdjustmentProposed(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => 0,
        }
    }

    fn undo(&mut self, of: Position, amount: Credits, stated: Credits) {
        let (whole, undone) = self.undone.get_mut(&of).expect("something to undo");
        *undone += amount.micros();
        assert!(*undone == stated.micros() && *undone <= *whole, "too much undone of {of}");
    }

    fn close(&mut self, hold: Position) -> i64 {
        assert!(self.holds.remove(&hold).is_some(), "the hold {hold} ended twice");
        0
    }
}
