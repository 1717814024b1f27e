//! `import`: a ledger from its export, byte for byte.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use events::Position;
use projections::Summary;
use serde_json::json;

use super::verify::sums;
use crate::{
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        imported::{Lines, Proof, STAGING, Stated},
        merkle::{Hash, Tree},
        output::Column,
        progress,
    },
    log::{
        AppendError, Bodies, Log,
        sqlite::{Closed, LOG_FILE, SqliteLog},
    },
    read::sqlite::READ_FILE,
};

/// Lines between two looks at Ctrl-C and the progress bar.
const PAGE: u64 = 2_000;

/// Bytes of events after which a group is appended.
const GROUP_BYTES: usize = 4 << 20;

const IMPORTED: &[Column] = &[
    Column::new("ledger", "/ledger"),
    Column::new("events", "/events"),
    Column::new("wallets", "/wallets"),
    Column::new("purchased", "/purchased"),
    Column::new("granted", "/granted"),
    Column::new("returned", "/returned"),
    Column::new("adjusted", "/adjusted"),
    Column::new("deducted", "/deducted"),
    Column::new("captured", "/captured"),
    Column::new("refunded", "/refunded"),
    Column::new("expired", "/expired"),
    Column::new("balances", "/balances"),
    Column::new("root", "/root"),
];

/// Make the ledger of an export, in a data directory that holds none
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads FILE twice. First everything is proved: each line by its hash in FILE.leaves, the whole by \
                  FILE.manifest.json, and every event as `verify` does it; exit code 3 names the first line that is \
                  wrong. Then the lines are stored as they are, and an export of the new ledger is the same file \
                  again. The log appears in the data directory when it is whole: an import that was interrupted left \
                  nothing that a server would use, and the same command goes on with it.\n\n\
                  Copy the file `pepper` of the old data directory as well: without it the API keys of the ledger are \
                  void.\n\n\
                  Examples:\n  credit-ledger --data-dir copy import ledger.jsonl\n  \
                  credit-ledger --data-dir copy import ledger.jsonl --root 5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
)]
pub(in crate::cli) struct Import {
    /// The file that `export` wrote; its manifest and its leaves stand beside it
    file: PathBuf,
    /// The root of the hash tree as you know it from elsewhere; another one is refused
    #[arg(long, value_name = "SHA256", value_parser = root)]
    root: Option<Hash>,
}

fn root(text: &str) -> Result<Hash, String> {
    Hash::parse(text).ok_or_else(|| "expected 64 lower-case hexadecimal digits".to_owned())
}

impl Import {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        if context.global.url.is_some() {
            return Err(Failure::Usage("import writes a data directory, not a server at --url".into()));
        }
        let data_dir = context.data_dir();
        must_be_free(&data_dir)?;
        let stated = Stated::read(&self.file)?;
        let (count, stated_root, ledger) = (stated.count, stated.root, stated.ledger);
        if self.root.is_some_and(|root| root != stated_root) {
            return Err(Failure::Verification(format!(
                "the manifest states the root {stated_root}, not yours"
            )));
        }
        let summary = self.prove(stated).await?;
        let staging = data_dir.join(STAGING);
        let log = SqliteLog::open(&staging).await.map_err(|error| Failure::Other(error.into()))?;
        let stored = self.store(&log, count, stated_root).await;
        let closed = log.close().await;
        stored?;
        must_be_whole(&staging, closed, count).await?;
        put_in_place(&staging, &data_dir)?;
        if !data_dir.join("pepper").exists() {
            eprintln!(
                "note: API keys of this ledger are void until its `pepper` is copied to {}",
                data_dir.display()
            );
        }
        let mut shown = sums(&summary);
        shown["ledger"] = json!(ledger);
        shown["root"] = json!(stated_root.to_string());
        context.out.one(&shown, IMPORTED)
    }

    /// The first pass: nothing is written.
    async fn prove(&self, stated: Stated) -> Outcome<Summary> {
        let bar = progress::step("proving", stated.count);
        let mut proof = Proof::of(&self.file, stated)?;
        loop {
            let lines = proof.advance(PAGE)?;
            if lines == 0 {
                break;
            }
            bar.inc(lines);
            tokio::task::yield_now().await;
        }
        bar.finish_and_clear();
        proof.finish()
    }

    /// The second pass: what an interrupted import has stored is compared, the rest appended.
    async fn store(&self, log: &SqliteLog, count: u64, root: Hash) -> Outcome {
        let unreadable = |error: crate::log::ReadError| Failure::Other(error.into());
        let mut head = log.head().await.map_err(unreadable)?;
        let (mut lines, mut tree) = (Lines::open(&self.file)?, Tree::default());
        same_start(log, head, &mut lines, &mut tree).await?;
        let bar = progress::step("storing", count);
        let mut group = Bodies::default();
        loop {
            let line = lines.advance()?;
            let ended = line.is_none();
            if let Some(line) = line {
                tree.push(Hash::of_leaf(line));
                group.push(line);
            }
            let full = group.len() as u64 >= PAGE || group.byte_len() >= GROUP_BYTES;
            if full || ended && !group.is_empty() {
                head = log.append(head, &group).await.map_err(not_stored)?;
                group.clear();
                bar.set_position(head.get());
            }
            if ended {
                break;
            }
        }
        bar.finish_and_clear();
        if head == Position(count) && tree.root() == root {
            return Ok(());
        }
        Err(Failure::Verification(format!("{} changed while it was imported", self.file.display())))
    }
}

/// Reads the lines that are stored already, which must be the same ones.
async fn same_start(log: &SqliteLog, head: Position, lines: &mut Lines, tree: &mut Tree) -> Outcome {
    let mut next = Position(0);
    while next < head {
        let page = log.read(next, 4_000).await.map_err(|error| Failure::Other(error.into()))?;
        for (_, body) in page.iter() {
            let line = lines.advance()?;
            if line != Some(body) {
                let what = format!(
                    "{STAGING} in the data directory holds the beginning of another import; delete it"
                );
                return Err(Failure::Usage(what));
            }
            tree.push(Hash::of_leaf(body));
        }
        next = page.next();
    }
    Ok(())
}

/// The write-ahead log beside the file goes with the folder, so that the file alone must hold every
/// event before it gets its name.
pub(in crate::cli) async fn must_be_whole(staging: &Path, closed: Closed, count: u64) -> Outcome {
    let file = staging.join(LOG_FILE);
    let beside = file.with_extension("db-wal");
    if closed != Closed::InOneFile || beside.metadata().is_ok_and(|beside| beside.len() > 0) {
        let what = "its last events could not be moved into it: there is an error of the disk, or another program \
                    reads it; the same command goes on with it";
        return Err(Failure::Other(anyhow::anyhow!("{}: {what}", file.display())));
    }
    let log = SqliteLog::open_read_only(staging).await.map_err(|error| Failure::Other(error.into()))?;
    let head = log.head().await;
    log.close().await;
    let head = head.map_err(|error| Failure::Other(error.into()))?;
    if head == Position(count) {
        return Ok(());
    }
    let what = format!("{} holds {head} of {count} events; the same command goes on with it", file.display());
    Err(Failure::Other(anyhow::anyhow!(what)))
}

fn not_stored(error: AppendError) -> Failure {
    Failure::Other(anyhow::Error::new(error).context("the import stopped; the same command goes on with it"))
}

/// Refuses a data directory with a ledger in it, or with what is left of one.
fn must_be_free(data_dir: &Path) -> Outcome {
    for file in [LOG_FILE, READ_FILE] {
        if data_dir.join(file).exists() {
            return Err(Failure::Usage(format!(
                "{} holds a ledger already ({file}); import into a directory without one",
                data_dir.display()
            )));
        }
    }
    Ok(())
}

/// Gives the whole log its name in the data directory, unless a ledger came to be there meanwhile.
fn put_in_place(staging: &Path, data_dir: &Path) -> Outcome {
    let placed = fs::hard_link(staging.join(LOG_FILE), data_dir.join(LOG_FILE));
    if placed.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        return must_be_free(data_dir);
    }
    placed?;
    // The log is there after a loss of power, and so is a data directory that is new.
    let above = data_dir.canonicalize()?;
    for directory in [data_dir, above.parent().unwrap_or(data_dir)] {
        File::open(directory)?.sync_all()?;
    }
    Ok(fs::remove_dir_all(staging)?)
}
