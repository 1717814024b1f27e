//! The log against itself, and the projected wallets against the log.

use std::{pin::pin, sync::Arc};

use events::Position;
use futures::StreamExt;
use projections::{Auditor, Finding, Summary};

use super::{ReplayFault, compare::unmoved, footing::Footing};
use crate::{
    log::{Log, ReadError},
    read::{Live, PageFault, decoded},
};

/// Wallets read at once.
const ROWS: usize = 2_000;

/// A log without fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it adds up to.
    pub summary: Summary,
    /// How many projected wallets equal the recomputed ones; none when there was nothing to compare.
    pub wallets_compared: Option<u64>,
}

/// Why a log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFault {
    /// Something is wrong with it: this is the first such position.
    #[error(transparent)]
    Finding(#[from] Finding),
    /// There is no result.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
}

/// Checks every event of the log: readable, dense, chained, numbered, answered once, and every stated
/// amount what the slices make. Compares the wallets of `live`, which must stand still, with the
/// recomputed ones as of its checkpoint, and with what its reports of liability come to. `report` is told the position and the head after each page.
///
/// # Errors
/// The first finding, or why there is no result.
pub async fn verify<L: Live>(
    log: Arc<dyn Log>,
    live: Option<&L>,
    mut report: impl FnMut(Position, Position) + Send,
) -> Result<Verified, VerifyFault> {
    let head = log.head().await.map_err(|error| ReplayFault::Log(error.into()))?;
    let mut auditor = Auditor::new();
    let mut wallets_compared = None;
    if let Some(live) = live {
        let checkpoint = live.applied().await.map_err(ReplayFault::from)?;
        if checkpoint > head {
            let what = format!("the projections are at {checkpoint}, ahead of the log");
            return Err(Finding { position: head, what }.into());
        }
        audit(&mut auditor, &log, checkpoint, &mut |at| report(at, head)).await?;
        wallets_compared = Some(compare_wallets(&auditor, live).await?);
        unmoved(live, checkpoint).await?;
    }
    audit(&mut auditor, &log, head, &mut |at| report(at, head)).await?;
    Ok(Verified { summary: auditor.finish()?, wallets_compared })
}

/// Checks the events up to, not including, `until`.
async fn audit(
    auditor: &mut Auditor,
    log: &Arc<dyn Log>,
    until: Position,
    report: &mut (dyn FnMut(Position) + Send),
) -> Result<(), VerifyFault> {
    let mut pages = pin!(decoded(log.clone(), auditor.position(), until));
    while let Some(page) = pages.next().await {
        let page = page.map_err(unreadable)?;
        for (position, recorded) in page.iter() {
            auditor.check(position, recorded)?;
        }
        report(auditor.position());
    }
    Ok(())
}

/// Damage is a finding; a store that doesn't answer is not.
fn unreadable(fault: PageFault) -> VerifyFault {
    match fault {
        PageFault::Undecodable { position, error } => Finding { position, what: error.to_string() }.into(),
        PageFault::Read(ReadError::Corrupt { position, detail }) => Finding { position, what: detail }.into(),
        PageFault::Read(ReadError::Unavailable(_)) => ReplayFault::Log(fault).into(),
    }
}

/// Every projected wallet equals the recomputed one, none is missing, and what flowed through all of them
/// comes to what they hold.
async fn compare_wallets(auditor: &Auditor, live: &impl Live) -> Result<u64, VerifyFault> {
    let (mut compared, mut footing) = (0, Footing::default());
    let mut after = None;
    loop {
        let rows = live.wallets_after(after, ROWS).await.map_err(ReplayFault::from)?;
        for row in rows.iter().map(|kept| &kept.row) {
            let account = auditor.account(row.id);
            if !account.is_some_and(|account| account.equals(row)) {
                let what = format!("wallet {} is projected as {row:?}, recomputed as {account:?}", row.id);
                return Err(Finding { position: row.last, what }.into());
            }
            compared += 1;
            footing.add(row);
            after = Some(row.id);
        }
        if rows.is_empty() {
            break;
        }
    }
    let wallets = auditor.accounts().count() as u64;
    if wallets == compared {
        let faults = footing.faults(live, auditor.position()).await.map_err(ReplayFault::from)?;
        let fault = faults.into_iter().next();
        return fault.map_or(Ok(compared), |what| Err(Finding { position: auditor.position(), what }.into()));
    }
    let what = format!("{compared} wallets are projected, the log has {wallets}");
    Err(Finding { position: auditor.position(), what }.into())
}
