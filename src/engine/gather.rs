//! Reads what a group of commands needs: cold state from the projections, earlier answers and
//! deductions from the log.

use events::{CommandId, Event, LotTerms, Position, Recorded, decode};
use hashbrown::HashMap;
use ledger::{Command, Deduction};

use super::{
    Ask, ColdState,
    core::{Core, Known},
};
use crate::log::Log;

/// Why a group could not be prepared; nothing was written.
pub(super) type Fault = String;

/// Loads cold state into the core and reads what the log must tell.
pub(super) async fn gather(
    core: &mut Core,
    asks: &[&Ask],
    cold: &dyn ColdState,
    log: &dyn Log,
) -> Result<Known, Fault> {
    let mut known = Known::default();
    let mut candidates: Vec<(CommandId, Position)> =
        asks.iter().filter_map(|ask| Some((ask.id, core.answer(ask.id)?))).collect();
    let wanted = core.wanted(asks.iter().copied(), cold);
    if !wanted.is_empty() {
        let mut loaded = cold.load(wanted).await.map_err(|error| error.to_string())?;
        candidates.append(&mut loaded.commands);
        core.adopt(loaded);
    }
    for (command, position) in candidates {
        let recorded = read_one(log, position).await?;
        // The index may name other commands with the same fingerprint; the event itself decides.
        if let Some(recorded) =
            recorded.filter(|r| r.envelope.causation == command && r.event.asked().is_some())
        {
            known.answers.insert(command, recorded);
        }
    }
    known.deductions = deductions(core, asks, log).await?;
    Ok(known)
}

/// The deductions that rollbacks name. A name of no deduction is left out.
async fn deductions(
    core: &Core,
    asks: &[&Ask],
    log: &dyn Log,
) -> Result<HashMap<Position, Deduction>, Fault> {
    let mut found = HashMap::new();
    // Many rollbacks of one wallet name the same lots.
    let mut terms = HashMap::new();
    for ask in asks {
        let Command::RollBack(rollback) = &ask.command else {
            continue;
        };
        // What is not stored yet has no id that anyone could know.
        if rollback.deduction >= core.head() || found.contains_key(&rollback.deduction) {
            continue;
        }
        if let Some(deduction) = deduction(log, rollback.deduction, &mut terms).await? {
            found.insert(rollback.deduction, deduction);
        }
    }
    Ok(found)
}

async fn deduction(
    log: &dyn Log,
    position: Position,
    known: &mut HashMap<Position, LotTerms>,
) -> Result<Option<Deduction>, Fault> {
    let Some(recorded) = read_one(log, position).await? else {
        return Ok(None);
    };
    let (Some(wallet), Event::CreditsDeducted(deducted)) = (recorded.wallet(), recorded.event) else {
        return Ok(None);
    };
    let mut terms = Vec::with_capacity(deducted.slices.len());
    for slice in &deducted.slices {
        let lot = match known.get(&slice.lot) {
            Some(lot) => *lot,
            None => lot_terms(log, slice.lot).await?,
        };
        known.insert(slice.lot, lot);
        terms.push(lot);
    }
    let returned = events::Credits::ZERO;
    Ok(Some(Deduction { wallet, cost: deducted.cost, slices: deducted.slices, terms, returned }))
}

async fn lot_terms(log: &dyn Log, lot: Position) -> Result<LotTerms, Fault> {
    let terms = read_one(log, lot).await?.and_then(|recorded| terms_of(&recorded.event));
    terms.ok_or_else(|| format!("the event at position {lot} made no lot, though a slice names it"))
}

const fn terms_of(event: &Event) -> Option<LotTerms> {
    match event {
        Event::CreditsPurchased(e) => Some(e.lot),
        Event::CreditsGranted(e) => Some(e.lot),
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CreditsDeducted(_)
        | Event::DeductionRolledBack(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => None,
    }
}

/// The event at a position; none at or past the head.
pub(super) async fn read_one(log: &dyn Log, position: Position) -> Result<Option<Recorded>, Fault> {
    let page = log.read(position, 1).await.map_err(|error| error.to_string())?;
    let Some(body) = page.bodies.iter().next() else {
        return Ok(None);
    };
    decode(body).map(Some).map_err(|error| format!("the event at position {position}: {error}"))
}
