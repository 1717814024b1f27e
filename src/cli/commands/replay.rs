//! `replay`: the projections against the log that they come from.

use std::{path::Path, sync::Arc};

use events::Position;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::{
    app::Machine,
    cli::{
        audit::{Books, not_rebuilt, unreadable},
        context::Context,
        failure::{Failure, Outcome},
        output::{Column, Output},
        progress,
    },
    engine::ledger_id,
    log::{Log, sqlite::SqliteLog},
    read::{
        replay::{Comparison, compare},
        sqlite,
    },
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
                  A rebuild needs the data directory for itself: stop the server first.\n\n\
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
        if context.global.url.is_some() {
            return Err(Failure::Usage("replay reads a data directory, not a server at --url".into()));
        }
        let data_dir = context.data_dir();
        if self.rebuild {
            rebuild(&data_dir, &context.machine).await?;
        }
        let books = Books::open(&data_dir).await?;
        let compared = compared(&books).await;
        books.close().await;
        tell(&compared?, &mut context.out)
    }
}

/// Builds the projections anew, with the lock that keeps a server out.
async fn rebuild(data_dir: &Path, machine: &Machine) -> Outcome {
    // Not to make a ledger where there is none.
    SqliteLog::open_read_only(data_dir).await.map_err(|error| Failure::Other(error.into()))?.close().await;
    let locked = Arc::new(SqliteLog::open(data_dir).await.map_err(|error| Failure::Other(error.into()))?);
    let ledger = ledger_id(&*locked).await.map_err(|error| Failure::Verification(error.to_string()))?;
    let ledger = ledger.ok_or_else(|| anyhow::anyhow!("the log in {} holds no event", data_dir.display()))?;
    let log: Arc<dyn Log> = locked.clone();
    let bar = progress::events(0);
    let rebuilt = sqlite::rebuild(data_dir, ledger, log, machine.clock.clone(), reporter(&bar)).await;
    bar.finish_and_clear();
    locked.close().await;
    rebuilt.map_err(not_rebuilt)
}

async fn compared(books: &Books) -> Outcome<Comparison> {
    let projections = books.projections.as_ref();
    let projections =
        projections.ok_or_else(|| anyhow::anyhow!("there is nothing to compare: run `replay --rebuild`"))?;
    let bar = progress::events(0);
    let comparison = compare(books.ledger, books.log.clone(), projections, reporter(&bar)).await;
    bar.finish_and_clear();
    comparison.map_err(|fault| unreadable(&fault))
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
