//! What commands must know of events that were stored before: facts, and answers with all that makes
//! them whole.

use std::sync::Arc;

use events::{
    CommandId, Credits, CreditsDeducted, Envelope, Event, HoldCaptured, LotTerms, Position, Recorded,
    WalletId, decode,
};
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
            let (amount, expires, refunded) = (e.amount, e.lot.expires, Credits::ZERO);
            facts.purchase = Some(PastPurchase { wallet, amount, expires, refunded });
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
        Event::CreditsDeducted(e) => {
            let spent = deducted(e, wallet, &recorded.envelope);
            facts.deduction = Some(with_lots(log, spent, lots).await?);
        }
        Event::HoldCaptured(e) => {
            let mut spent = captured(e, wallet, &recorded.envelope);
            if app.is_none() {
                // An operator captured what an app had held, and spent.
                spent.app = read_one(log, e.hold).await?.and_then(|held| held.envelope.app);
            }
            facts.deduction = Some(with_lots(log, spent, lots).await?);
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
        | Event::Auth(_)
        | Event::WriterChanged(_) => {}
    }
    Ok(facts)
}

fn deducted(e: &CreditsDeducted, wallet: WalletId, envelope: &Envelope) -> Deduction {
    Deduction {
        wallet,
        service: e.service.clone(),
        app: envelope.app,
        time: envelope.time,
        budget: e.budget.clone(),
        cost: e.cost,
        slices: e.slices.clone(),
        overdrawn: e.overdrawn,
        lots: Vec::new(),
        returned: Credits::ZERO,
    }
}

/// What the hold reserved was taken first, so that it is given back last.
fn captured(e: &HoldCaptured, wallet: WalletId, envelope: &Envelope) -> Deduction {
    Deduction {
        wallet,
        service: e.service.clone(),
        app: envelope.app,
        time: envelope.time,
        budget: e.budget.clone(),
        cost: e.amount,
        slices: e.slices.iter().chain(&e.beyond).copied().collect(),
        overdrawn: e.overdrawn,
        lots: Vec::new(),
        returned: Credits::ZERO,
    }
}

/// Adds the lots as they were made, in the order of the slices.
async fn with_lots(
    log: &dyn Log,
    mut deduction: Deduction,
    known: &mut HashMap<Position, PastLot>,
) -> Result<Deduction, Fault> {
    for slice in &deduction.slices {
        let lot = match known.get(&slice.lot) {
            Some(lot) => *lot,
            None => past_lot(log, slice.lot).await?,
        };
        known.insert(slice.lot, lot);
        deduction.lots.push(lot);
    }
    Ok(deduction)
}

async fn past_lot(log: &dyn Log, lot: Position) -> Result<PastLot, Fault> {
    let recorded = read_one(log, lot).await?;
    let made = recorded.and_then(|r| Some(PastLot { made: r.envelope.time, terms: terms_of(&r.event)? }));
    made.ok_or_else(|| format!("the event at position {lot} made no lot, though a slice names it"))
}

/// The terms of the lot that the event made, if it made one.
fn terms_of(event: &Event) -> Option<LotTerms> {
    match event {
        Event::CreditsPurchased(e) => Some(e.lot),
        Event::CreditsGranted(e) => Some(e.lot),
        Event::CreditsAdjusted(e) => e.lot,
        Event::DeductionRolledBack(e) => e.formed.map(|formed| formed.terms),
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CreditsDeducted(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::CreditsHeld(_)
        | Event::HoldCaptured(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::PurchaseRefunded(_)
        | Event::AdjustmentProposed(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => None,
    }
}

/// The answer to `command`, when it stands at `position`. The index may name other commands with the
/// same fingerprint; the event itself decides.
pub(super) async fn answer(
    log: &dyn Log,
    command: CommandId,
    position: Position,
) -> Result<Option<Earlier>, Fault> {
    let recorded = read_one(log, position).await?;
    let of_command = |r: &Recorded| r.envelope.causation == command && r.event.asked().is_some();
    let Some(answer) = recorded.filter(of_command) else { return Ok(None) };
    let (before, after) = companions(&answer.event);
    let mut others = read_run(log, Position(position.get() - before as u64), before).await?;
    others.append(&mut read_run(log, position.next(), after).await?);
    let others = others.into_iter().map(Arc::new).collect();
    Ok(Some(Earlier { answer: Arc::new(answer), others }))
}

/// How many events directly before and after an answer make it whole: the other items of an atomic
/// batch, the hold that a check placed.
pub(super) fn companions(answer: &Event) -> (usize, usize) {
    let batch = if let Event::CreditsDeducted(e) = answer { e.batch } else { None };
    let held = matches!(answer, Event::CreditsChecked(e) if e.hold.is_some());
    (batch.map_or(0, |item| usize::from(item.index)), usize::from(held))
}

/// So many events from a position on, which are all there.
async fn read_run(log: &dyn Log, from: Position, count: usize) -> Result<Vec<Recorded>, Fault> {
    let mut run = Vec::with_capacity(count);
    while run.len() < count {
        // A page may hold less than was asked for.
        let next = from.plus(run.len() as u64);
        let page = log.read(next, count - run.len()).await.map_err(|error| error.to_string())?;
        if page.is_empty() {
            return Err(format!("there is no event at position {next}, though an answer needs it"));
        }
        for (position, body) in page.iter() {
            run.push(decode(body).map_err(|error| format!("the event at position {position}: {error}"))?);
        }
    }
    Ok(run)
}

/// The event at a position; none at or past the head.
pub(super) async fn read_one(log: &dyn Log, position: Position) -> Result<Option<Recorded>, Fault> {
    let page = log.read(position, 1).await.map_err(|error| error.to_string())?;
    let Some(body) = page.bodies.iter().next() else {
        return Ok(None);
    };
    decode(body).map(Some).map_err(|error| format!("the event at position {position}: {error}"))
}
