//! `replay`: the projections against the log that they come from.

use std::{path::Path, sync::Arc};

use events::Position;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::{
    app::Machine,
    cli::{
        audit::{Books, is_damaged, not_rebuilt},
        context::Context,
        failure::{Failure, Outcome},
        output::{Column, Output},
        place::{Database, OpenLog, Place},
        progress,
    },
    log::sqlite::SqliteLog,
    read::{postgres, replay::Comparison, sqlite},
};

const COMPARED: &[Column] = &[
    Column::new("projection", "/projection"),
    Column::new("rows", "/rows"),
    Column::new("differing", "/differing"),
];

/// Fold the log from the first event and compare the result with the projections
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 3 when a row differs, is missing or is too many, of which the first hundred are described, or \
                  when an event can't be read.\n\
                  Reads the data directory or the database, also while servers run on it; the projections as they \
                  are at the start. A rebuild needs the ledger for itself: stop all servers first.\n\n\
                  Examples:\n  credit-ledger --data-dir ledger replay\n  \
                  credit-ledger --data-dir ledger replay --rebuild"
)]
pub(in crate::cli) struct Replay {
    /// Build the projections anew from the first event, put them in the place of the old ones, and
    /// compare those
    #[arg(long)]
    rebuild: bool,
}

impl Replay {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let place = context.place("replay reads")?;
        if self.rebuild {
            rebuild(&place, &context.machine).await?;
        }
        let books = Books::open(&place).await?;
        let bar = progress::events(0);
        let compared = books.compare(reporter(&bar)).await;
        bar.finish_and_clear();
        books.close().await;
        tell(&compared?, &mut context.out)
    }
}

/// Builds the projections anew, while no server writes.
async fn rebuild(place: &Place, machine: &Machine) -> Outcome {
    // Not to make a ledger where there is none.
    let log = place.log().await?;
    let bar = progress::events(0);
    let rebuilt = match place {
        Place::Directory(directory) => in_directory(directory, &log, machine, reporter(&bar)).await,
        Place::Database(database) => in_database(database, &log, machine, reporter(&bar)).await,
    };
    bar.finish_and_clear();
    log.close().await;
    rebuilt
}

/// With the lock that keeps a server out.
async fn in_directory(
    directory: &Path,
    open: &OpenLog,
    machine: &Machine,
    report: impl FnMut(Position, Position) + Send,
) -> Outcome {
    let locked = Arc::new(SqliteLog::open(directory).await.map_err(|error| Failure::Other(error.into()))?);
    let rebuilt =
        sqlite::rebuild(directory, open.ledger, locked.clone(), machine.clock.clone(), report).await;
    locked.close().await;
    rebuilt.map_err(|error| {
        let halted = if let sqlite::OpenError::Halted(halted) = &error { Some(halted) } else { None };
        not_rebuilt(is_damaged(halted), error.into())
    })
}

/// With the lease that keeps servers from writing.
async fn in_database(
    database: &Database,
    open: &OpenLog,
    machine: &Machine,
    report: impl FnMut(Position, Position) + Send,
) -> Outcome {
    let held = database.hold(open.ledger, machine).await?;
    let (url, log) = (database.get(), Arc::clone(&open.log));
    let rebuilt = tokio::select! {
        rebuilt = postgres::rebuild(url, open.ledger, log, machine.clock.clone(), report) => {
            rebuilt.map_err(|error| {
                let halted = if let postgres::OpenError::Halted(halted) = &error { Some(halted) } else { None };
                not_rebuilt(is_damaged(halted), error.into())
            })
        }
        () = held.lost() => {
            Err(anyhow::anyhow!("the lease on the ledger was lost; the projections are as before").into())
        }
    };
    // Where that fails, it runs out.
    let _ = held.give_back().await;
    rebuilt
}

fn reporter(bar: &ProgressBar) -> impl FnMut(Position, Position) + Send {
    let bar = bar.clone();
    move |at, end| {
        bar.set_length(end.get());
        bar.set_position(at.get());
    }
}

fn tell(comparison: &Comparison, out: &mut Output<'_>) -> Outcome {
    let rows: Vec<Value> = comparison
        .projections
        .iter()
        .map(|(name, differences)| {
            json!({
                "projection": name,
                "rows": differences.rows,
                "differing": differences.differing,
                "differences": differences.described,
            })
        })
        .collect();
    if out.format.is_json() {
        out.one(
            &json!({ "ok": comparison.is_equal(), "events": comparison.events, "projections": rows }),
            &[],
        )?;
    } else {
        out.many(&rows, COMPARED)?;
    }
    if comparison.is_equal() {
        eprintln!("{} events replayed, no difference", comparison.events);
        return Ok(());
    }
    if !out.format.is_json() {
        for (name, differences) in &comparison.projections {
            differences.described.iter().for_each(|words| eprintln!("{name}: {words}"));
        }
    }
    Err(Failure::Verification(
        "the projections differ from the log; `replay --rebuild` builds them anew".into(),
    ))
}
