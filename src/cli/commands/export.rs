//! `export`: the log as a file that others can read and check.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use events::{LedgerId, Position};

use crate::{
    cli::{
        context::Context,
        exported::{Entries, Lines, Sink},
        failure::{Failure, Outcome},
        progress,
    },
    engine::ledger_id,
    log::{Log, sqlite::SqliteLog},
};

/// Events read at once.
const PAGE: usize = 4_000;

/// Write the events as JSON Lines, byte for byte as they are stored, with a manifest
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The manifest, FILE.manifest.json, names the ledger, the first and last position, the number of \
                  events, and the length and SHA-256 of the file; with `--out -` it goes to standard error.\n\
                  Reads the data directory, also while a server runs on it.\n\n\
                  Examples:\n  credit-ledger export --out ledger.jsonl\n  \
                  credit-ledger export --csv --out entries.csv --from 1000 --to 1999"
)]
pub(in crate::cli) struct Export {
    /// The file, or `-` for standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The first position
    #[arg(long, value_name = "POSITION", default_value = "0")]
    from: Position,
    /// The last position; the last one there is, when absent
    #[arg(long, value_name = "POSITION")]
    to: Option<Position>,
    /// Write the audit entries as CSV instead
    #[arg(long)]
    csv: bool,
}

impl Export {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        if context.global.url.is_some() {
            return Err(Failure::Usage("export reads a data directory, not a server at --url".into()));
        }
        let data_dir = context.data_dir();
        let log = SqliteLog::open_read_only(&data_dir).await.map_err(|error| Failure::Other(error.into()))?;
        let result = self.write(&log).await;
        log.close().await;
        result
    }

    async fn write(&self, log: &SqliteLog) -> Outcome {
        let ledger = ledger_id(log).await.map_err(|error| Failure::Verification(error.to_string()))?;
        let ledger = ledger.ok_or_else(|| anyhow::anyhow!("the log holds no event"))?;
        let end = end(log, self.to).await?;
        if self.out == Path::new("-") {
            let manifest = self.copy(log, ledger, end, BufWriter::new(io::stdout().lock())).await?;
            eprintln!("{manifest}");
            return Ok(());
        }
        // Another name until it is whole: nobody takes half an export for one.
        let part = suffixed(&self.out, ".part");
        let what = |error| Failure::Other(anyhow::Error::new(error).context(part.display().to_string()));
        let file = File::create(&part).map_err(what)?;
        let manifest = self.copy(log, ledger, end, BufWriter::new(&file)).await?;
        file.sync_all()?;
        fs::rename(&part, &self.out)?;
        fs::write(suffixed(&self.out, ".manifest.json"), format!("{manifest}\n"))?;
        eprintln!("wrote {} and its manifest", self.out.display());
        Ok(())
    }

    /// Copies everything to `to` and gives the manifest.
    async fn copy(
        &self,
        log: &SqliteLog,
        ledger: LedgerId,
        end: Position,
        to: impl Write,
    ) -> Outcome<String> {
        let mut sink: Box<dyn Sink> =
            if self.csv { Box::new(Entries::new(to)?) } else { Box::new(Lines::new(to)) };
        let bar = progress::events(end.get().saturating_sub(self.from.get()));
        let mut next = self.from;
        while next < end {
            let left = usize::try_from(end.get() - next.get()).unwrap_or(PAGE);
            let page = log
                .read(next, PAGE.min(left))
                .await
                .map_err(|error| Failure::Verification(error.to_string()))?;
            if page.is_empty() {
                return Err(Failure::Verification(format!("the event at position {next} is missing")));
            }
            for (position, body) in page.iter() {
                sink.event(position, body)?;
                next = position.next();
            }
            bar.set_position(next.get() - self.from.get());
        }
        bar.finish_and_clear();
        let mut manifest = sink.finish()?;
        manifest.ledger = Some(ledger);
        Ok(serde_json::to_string_pretty(&manifest)?)
    }
}

/// The position after the last one to export.
async fn end(log: &SqliteLog, to: Option<Position>) -> Outcome<Position> {
    let head = log.head().await.map_err(|error| Failure::Other(error.into()))?;
    Ok(to.map_or(head, |last| head.min(Position(last.get().saturating_add(1)))))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
