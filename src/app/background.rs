//! The projections' own thread, behind the others: when the cores are busy, commands come first.

use std::{path::PathBuf, sync::Arc, thread};

use anyhow::{Context, Result, anyhow};
use events::LedgerId;
use tokio::{runtime::Builder, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    log::{Log, Recent},
    read::{
        Halted,
        sqlite::{self, Projected, SqliteReads},
    },
};

/// How much later than the others these threads get a busy core. They fall behind under full load
/// and catch up in the first pause; the engine slows down before the distance grows too large.
const NICENESS: i32 = 5;

/// What the projections need.
pub(super) struct Work {
    pub(super) directory: PathBuf,
    pub(super) ledger: LedgerId,
    pub(super) log: Arc<dyn Log>,
    pub(super) recent: Arc<Recent>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: CancellationToken,
}

/// Resolves when the projections have ended, with the reason if they halted.
pub(super) type Ended = oneshot::Receiver<Result<(), Halted>>;

/// Opens the projections and keeps them up to date until `stop` is cancelled.
///
/// # Errors
/// When they cannot be opened.
pub(super) async fn start(work: Work) -> Result<(SqliteReads, Ended)> {
    let (opened, reads) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name("projections".into())
        .spawn(move || run(work, opened, end))
        .context("cannot start the projections' thread")?;
    let reads = reads.await.map_err(|_| anyhow!("the projections' thread ended at once"))??;
    Ok((reads, ended))
}

/// The thread: threads that it starts, SQLite's and those that decode, inherit its niceness.
fn run(work: Work, opened: oneshot::Sender<Result<SqliteReads>>, end: oneshot::Sender<Result<(), Halted>>) {
    // Where the system won't have it, the projections just run at the common priority.
    let _ = rustix::process::nice(NICENESS);
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(opened.send(Err(error.into()))),
    };
    let Work { directory, ledger, log, recent, clock, stop } = work;
    runtime.block_on(async move {
        let Projected { reads, runner } =
            match sqlite::start(&directory, ledger, log, recent, clock, stop, |_, _| {}).await {
                Ok(projected) => projected,
                Err(error) => return drop(opened.send(Err(error.into()))),
            };
        // Nobody waits any more when opening the ledger was given up: the runner is told by `stop`.
        let _ = opened.send(Ok(reads.clone()));
        match runner.await {
            Ok(ended) => drop(end.send(ended)),
            Err(error) => reads.halt(format!("they ended abnormally: {error}")),
        }
    });
}
