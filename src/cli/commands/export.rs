//! `export`: the log as a file that others can read and check.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use events::{LedgerId, Position};
use serde_json::Value;

use crate::{
    cli::{
        context::Context,
        exported::{Entries, Lines, Sink, leaves_path, manifest_path, suffixed},
        failure::{Failure, Outcome},
        progress,
    },
    log::Log,
};

/// Events read at once.
const PAGE: usize = 4_000;

/// Write the events as JSON Lines, byte for byte as they are stored, with a manifest
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The manifest, FILE.manifest.json, names the ledger, the first and last position, the number of \
                  events in all and by type, the length and SHA-256 of the file, and the root of the hash tree \
                  (RFC 6962) over its lines; with `--out -` it goes to standard error. FILE.leaves holds the hash of \
                  each line, so that `import` can name a line that was changed. Whoever knows the root from \
                  elsewhere needs to trust neither file.\n\
                  Reads the data directory or the database, also while servers run on it: up to the last event of the start.\n\n\
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
        let place = context.place("export reads")?;
        if let Some(to) = self.to
            && to < self.from
        {
            let what = format!("nothing to export: --to {to} is before --from {}", self.from);
            return Err(Failure::Usage(what));
        }
        let log = place.log().await?;
        let result = self.write(&*log.log, log.ledger).await;
        log.close().await;
        match result? {
            Some(manifest) if context.out.format.is_json() => context.out.one(&manifest, &[]),
            Some(_) | None => Ok(()),
        }
    }

    /// Writes the files, and gives the manifest unless it went to standard error.
    async fn write(&self, log: &dyn Log, ledger: LedgerId) -> Outcome<Option<Value>> {
        let end = end(log, self.to).await?;
        if self.out == Path::new("-") {
            let sink = self.sink(BufWriter::new(io::stdout().lock()), io::sink())?;
            eprintln!("{:#}", self.copy(log, ledger, end, sink).await?);
            return Ok(None);
        }
        // Other names until all is there: nobody takes half an export for one.
        let (file, leaves) = (Part::new(&self.out)?, Part::new(&leaves_path(&self.out))?);
        let sink = self.sink(BufWriter::new(&file.file), BufWriter::new(&leaves.file))?;
        let manifest = self.copy(log, ledger, end, sink).await?;
        file.keep()?;
        if self.csv {
            leaves.discard()?;
        } else {
            leaves.keep()?;
        }
        let beside = Part::new(&manifest_path(&self.out))?;
        writeln!(&beside.file, "{manifest:#}")?;
        beside.keep()?;
        eprintln!("wrote {} and its manifest", self.out.display());
        Ok(Some(manifest))
    }

    fn sink<'a>(&self, file: impl Write + 'a, leaves: impl Write + 'a) -> Outcome<Box<dyn Sink + 'a>> {
        Ok(if self.csv { Box::new(Entries::new(file)?) } else { Box::new(Lines::new(file, leaves)) })
    }

    /// Copies everything and gives the manifest.
    async fn copy(
        &self,
        log: &dyn Log,
        ledger: LedgerId,
        end: Position,
        mut sink: Box<dyn Sink + '_>,
    ) -> Outcome<Value> {
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
        Ok(serde_json::to_value(&manifest)?)
    }
}

/// The position after the last one to export.
async fn end(log: &dyn Log, to: Option<Position>) -> Outcome<Position> {
    let head = log.head().await.map_err(|error| Failure::Other(error.into()))?;
    Ok(to.map_or(head, |last| head.min(Position(last.get().saturating_add(1)))))
}

/// A file that has another name until it is whole.
struct Part {
    file: File,
    part: PathBuf,
    name: PathBuf,
}

impl Part {
    fn new(name: &Path) -> Outcome<Self> {
        let part = suffixed(name, ".part");
        let what = |error| Failure::Other(anyhow::Error::new(error).context(part.display().to_string()));
        Ok(Self { file: File::create(&part).map_err(what)?, name: name.to_owned(), part })
    }

    fn keep(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(self.part, self.name)
    }

    fn discard(self) -> io::Result<()> {
        fs::remove_file(self.part)
    }
}
