//! The projections' own thread, behind the others: when the cores are busy, commands come first.

use std::thread;

use anyhow::{Context, Result, anyhow};
use tokio::{runtime::Builder, sync::oneshot};

use crate::read::{Database, Halted, Projected, StoredReads};

/// How much later than the others these threads get a busy core. They fall behind under full load
/// and catch up in the first pause; the engine slows down before the distance grows too large.
const NICENESS: i32 = 5;

/// Resolves when the projections have ended, with the reason if they halted.
pub(super) type Ended = oneshot::Receiver<Result<(), Halted>>;

/// Opens the projections on their thread, by `open`, and keeps them up to date there until they are
/// told to stop.
///
/// # Errors
/// When they cannot be opened.
pub(super) async fn start<D, F>(open: F) -> Result<(StoredReads<D>, Ended)>
where
    D: Database,
    F: AsyncFnOnce() -> Result<Projected<D>> + Send + 'static,
{
    let (opened, reads) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name("projections".into())
        .spawn(move || run(open, opened, end))
        .context("cannot start the projections' thread")?;
    let reads = reads.await.map_err(|_| anyhow!("the projections' thread ended at once"))??;
    Ok((reads, ended))
}

/// The thread: threads that it starts, SQLite's and those that decode, inherit its niceness.
fn run<D: Database>(
    open: impl AsyncFnOnce() -> Result<Projected<D>>,
    opened: oneshot::Sender<Result<StoredReads<D>>>,
    end: oneshot::Sender<Result<(), Halted>>,
) {
    // Where the system won't have it, the projections just run at the common priority.
    let _ = rustix::process::nice(NICENESS);
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(opened.send(Err(error.into()))),
    };
    runtime.block_on(async move {
        let Projected { reads, runner } = match open().await {
            Ok(projected) => projected,
            Err(error) => return drop(opened.send(Err(error))),
        };
        // Nobody waits any more when opening the ledger was given up: the runner is told by its stop.
        let _ = opened.send(Ok(reads.clone()));
        match runner.await {
            Ok(ended) => drop(end.send(ended)),
            Err(error) => reads.halt(format!("they ended abnormally: {error}")),
        }
    });
}
