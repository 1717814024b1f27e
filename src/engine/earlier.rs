//! What commands must know of events that were stored before: facts, and answers with all that makes
//! them whole.

use events::{AppId, Credits, Event, Position, Recorded, Slices, WalletId, decode};
use hashbrown::HashMap;
use ledger::{Command, Deduction, Facts, PastHold, PastLot, PastPurchase, Proposal};

use super::{
    Ask,
    core::{Core, Earlier},
    gather::Fault,
};
use crate::log::Log;

/// The facts that commands refer to, by position. A name of nothing is left out.
pub(super) async fn facts(
    core: &Core,
    asks: &[&Ask],
    log: &dyn Log,
) -> Result<HashMap<Position, Facts>, Fault> {
    let mut found = HashMap::new();
    // Many rollbacks of one wallet name the same lots.
    let mut lots = HashMap::new();
    for ask in asks {
        let Some(of) = ask.command.refers_to() else { continue };
        // What is not stored yet has no id that anyone could know.
        if of >= core.head() || found.contains_key(&of) {
            continue;
        }
        let facts = match open_hold(core, ask, of) {
            Some(hold) => Facts { hold: Some(hold), ..Facts::default() },
            None => read_facts(log, of, &mut lots).await?,
        };
        found.insert(of, facts);
    }
    Ok(found)
}

/// A hold that is open needs no look into the log; by the time the command is decided, an earlier
/// one may have closed it.
fn open_hold(core: &Core, ask: &Ask, id: Position) -> Option<PastHold> {
    let about_a_hold = matches!(ask.command, Command::Capture(_) | Command::Extend(_) | Command::Release(_));
    let hold = core.wallet(ask.wallet).filter(|_| about_a_hold)?.hold(id)?;
    Some(PastHold { wallet: ask.wallet, app: hold.app, id })
}

async fn read_facts(
    log: &dyn Log,
    position: Position,
    lots: &mut HashMap<Position, PastLot>,
) -> Result<Facts, Fault> {
    let mut facts = Facts::default();
    let Some(recorded) = read_one(log, position).await? else { return Ok(facts) };
    let Some(wallet) = recorded.wallet() else { return Ok(facts) };
    let app = recorded.envelope.app;
    match &recorded.event {
        Event::CreditsPurchased(e) => {
            facts.purchase = Some(PastPurchase { wallet, amount: e.amount, refunded: Credits::ZERO });
        }
        Event::AdjustmentProposed(e) => {
            facts.proposal = Some(Proposal {
                wallet,
                amount: e.amount,
                lot: e.lot,
                reason: e.reason.clone(),
                by: recorded.envelope.actor.clone(),
                approved: false,
            });
        }
        Event::CreditsHeld(_) => facts.hold = Some(PastHold { wallet, app, id: position }),
        Event::CreditsDeducted(_) | Event::HoldCaptured(_) => {
            if let Some(mut deduction) = spending(&recorded, wallet, app) {
                for slice in &deduction.slices {
                    deduction.lots.push(past_lot(log, slice.lot, lots).await?);
                }
                facts.deduction = Some(deduction);
            }
        }
        Event::WalletOpened(_)
        | Event::CreditsGranted(_)
        | Event::CreditsChecked(_)
        | Event::DeductionRolledBack(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::PurchaseRefunded(_)
        | Event::CreditsAdjusted(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => {}
    }
    Ok(facts)
}
