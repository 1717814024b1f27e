//! Reads what a group needs: cold state from the projections, earlier answers and facts from the log.

use events::{CommandId, Position};

use super::{
    Ask, ColdState,
    cold::Timer,
    core::{Core, Known},
    earlier,
};
use crate::log::Log;

/// Why a group could not be prepared; nothing was written.
pub(super) type Fault = String;

/// Loads cold state into the core and reads what the log must tell, for these commands and timers.
pub(super) async fn gather(
    core: &mut Core,
    asks: &[&Ask],
    timers: &[Timer],
    cold: &dyn ColdState,
    log: &dyn Log,
) -> Result<Known, Fault> {
    let mut known = Known::default();
    let mut candidates: Vec<(CommandId, Position)> =
        asks.iter().filter_map(|ask| Some((ask.id, core.answer(ask.id)?))).collect();
    let wanted = core.wanted(asks.iter().copied(), timers, cold);
    if !wanted.is_empty() {
        let mut loaded = cold.load(wanted).await.map_err(|error| error.to_string())?;
        candidates.append(&mut loaded.commands);
        core.adopt(loaded);
    }
    for (command, position) in candidates {
        if let Some(earlier) = earlier::answer(log, command, position).await? {
            known.answers.insert(command, earlier);
        }
    }
    known.facts = earlier::facts(core, asks, log).await?;
    Ok(known)
}
