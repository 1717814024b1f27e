//! Events that must stand together: the items of an atomic batch, a check and its hold, a last capture
//! and the release of the rest.

use events::{BatchItem, CreditsChecked, CreditsDeducted, CreditsHeld, Event, Position, WalletId};

use super::Wrong;

/// What must come next, and what has just come.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    due: Option<Due>,
    /// A capture that was the event before: its hold.
    captured: Option<(WalletId, Position)>,
}

/// The only event that may come next.
#[derive(Debug)]
enum Due {
    /// The next item of a batch.
    Item { wallet: WalletId, index: u16, size: u16 },
    /// The hold of a check: for what, and how much.
    Hold { wallet: WalletId, service: Box<str>, amount: i64 },
}

impl Sequence {
    /// Checks that nothing is due: the log ends, or the next event is about no wallet.
    pub(super) fn end(&mut self) -> Result<(), Wrong> {
        self.captured = None;
        none(self.due.take().as_ref())
    }

    /// Checks the next event of any wallet; `same` says whether it is of the same decision as the
    /// event before.
    pub(super) fn follow(
        &mut self,
        wallet: WalletId,
        event: &Event,
        position: Position,
        same: bool,
    ) -> Result<(), Wrong> {
        let (due, captured) = (self.due.take(), self.captured.take());
        match event {
            Event::CreditsDeducted(e) => match (due, e.batch) {
                (None, None) => asked(e.asked.is_some()),
                (due, batch) => self.item(wallet, e, (due, batch), same),
            },
            Event::CreditsHeld(e) => held(wallet, e, due, same),
            Event::CreditsChecked(e) => {
                none(due.as_ref())?;
                self.checked(wallet, e, position)
            }
            Event::HoldCaptured(e) => {
                self.captured = Some((wallet, e.hold));
                none(due.as_ref())
            }
            Event::HoldReleased(e) => {
                none(due.as_ref())?;
                asked(e.asked.is_some() || same && captured == Some((wallet, e.hold)))
            }
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::HoldExtended(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => none(due.as_ref()),
        }
    }

    /// An item of a batch: the first one, or the one that is due. The last one is asked for.
    fn item(
        &mut self,
        wallet: WalletId,
        e: &CreditsDeducted,
        (due, batch): (Option<Due>, Option<BatchItem>),
        same: bool,
    ) -> Result<(), Wrong> {
        let wrong = || Err(none(due.as_ref()).err().unwrap_or_else(|| "it begins no batch".to_owned()));
        let Some(BatchItem { index, size }) = batch else { return wrong() };
        let follows = match due {
            Some(Due::Item { wallet: of, index: next, size: all }) => {
                (of, next, all) == (wallet, index, size) && same
            }
            Some(Due::Hold { .. }) => false,
            None => index == 0 && size > 0,
        };
        if !follows {
            return wrong();
        }
        self.due = (index + 1 < size).then_some(Due::Item { wallet, index: index + 1, size });
        if e.asked.is_some() == self.due.is_none() {
            return Ok(());
        }
        Err("of a batch, the last item and no other is asked for".to_owned())
    }

    /// A check that says that its hold comes next.
    fn checked(&mut self, wallet: WalletId, e: &CreditsChecked, position: Position) -> Result<(), Wrong> {
        let Some(hold) = e.hold else { return Ok(()) };
        if hold != position.next() || !e.sufficient {
            return Err(format!("its hold cannot be at {hold}"));
        }
        let (service, amount) = (e.service.clone(), e.cost.micros());
        self.due = Some(Due::Hold { wallet, service, amount });
        Ok(())
    }
}

/// A hold: asked for, or due behind its check.
fn held(wallet: WalletId, e: &CreditsHeld, due: Option<Due>, same: bool) -> Result<(), Wrong> {
    let Some(Due::Hold { wallet: of, service, amount }) = &due else {
        none(due.as_ref())?;
        return asked(e.asked.is_some());
    };
    let holds = (*of, &**service, *amount) == (wallet, &*e.service, e.amount.micros());
    if holds && same && e.asked.is_none() { Ok(()) } else { none(due.as_ref()) }
}

fn asked(yes: bool) -> Result<(), Wrong> {
    if yes { Ok(()) } else { Err("nobody asked for it".to_owned()) }
}

/// Fails when something is due that did not come.
fn none(due: Option<&Due>) -> Result<(), Wrong> {
    match due {
        None => Ok(()),
        Some(Due::Item { index, .. }) => Err(format!("item {index} of a batch is due here")),
        Some(Due::Hold { .. }) => Err("the hold of the check before is due here".to_owned()),
    }
}
