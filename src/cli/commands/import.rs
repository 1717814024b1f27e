//! `import`: a ledger from its export, byte for byte.

use std::path::PathBuf;

use events::Position;
use serde_json::json;

use super::verify::sums;
use crate::{
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        imported::{Lines, Proof, Proved, Stated},
        landing::{
            database::{self, Claimed},
            directory::{self, Staged},
        },
        merkle::{Hash, Tree},
        output::Column,
        place::Place,
        progress,
    },
    log::{AppendError, Bodies, Log},
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

/// Make the ledger of an export, in a data directory or a database that holds none
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads FILE twice. First everything is proved: each line by its hash in FILE.leaves, the whole by \
                  FILE.manifest.json, and every event as `verify` does it; exit code 3 names the first line that is \
                  wrong. Then the lines are stored as they are, and an export of the new ledger is the same file \
                  again. The log appears in the data directory when it is whole, and in a database servers refuse it until \
                  then: an import that was interrupted left nothing that a server would use, and the same command goes \
                  on with it.\n\n\
                  A database must be made ready by `migrate` before; the ledger keeps its id there.\n\n\
                  Copy the file `pepper` of the old data directory as well, or name it as pepper_file: without it the \
                  API keys of the ledger are void.\n\n\
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
        let place = context.place("import writes")?;
        let stated = Stated::read(&self.file)?;
        let (count, root, ledger) = (stated.count, stated.root, stated.ledger);
        match &place {
            Place::Directory(data_dir) => directory::must_be_free(data_dir)?,
            Place::Database(database) => database::must_be_free(database, ledger, root).await?,
        }
        if self.root.is_some_and(|known| known != root) {
            return Err(Failure::Verification(format!("the manifest states the root {root}, not yours")));
        }
        let Proved { summary, epoch } = self.prove(stated).await?;
        match &place {
            Place::Directory(data_dir) => {
                let staged = Staged::open(data_dir).await?;
                let stored = self.store(&staged.log, count, root).await;
                staged.finish(stored, count).await?;
            }
            Place::Database(database) => {
                let claimed = Claimed::open(database, ledger, root).await?;
                let stored = self.store(&*claimed.log, count, root).await;
                claimed.finish(stored, epoch).await?;
            }
        }
        let mut shown = sums(&summary);
        shown["ledger"] = json!(ledger);
        shown["root"] = json!(root.to_string());
        context.out.one(&shown, IMPORTED)
    }

    /// The first pass: nothing is written.
    async fn prove(&self, stated: Stated) -> Outcome<Proved> {
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
    async fn store(&self, log: &dyn Log, count: u64, root: Hash) -> Outcome {
        let unreadable = |error: crate::log::ReadError| Failure::Other(error.into());
        let mut head = log.head().await.map_err(unreadable)?;
        let (mut lines, mut tree) = (Lines::open(&self.file)?, Tree::default());
        same_start(log, head, &mut lines, &mut tree).await?;
        let bar = progress::step("storing", count);
        bar.set_position(head.get());
        let bytes_max = log.capabilities().max_append_bytes.min(GROUP_BYTES);
        let mut group = Bodies::default();
        loop {
            let line = lines.advance()?;
            let full = line
                .is_none_or(|line| group.len() as u64 >= PAGE || group.byte_len() + line.len() > bytes_max);
            if full && !group.is_empty() {
                head = log.append(head, &group).await.map_err(not_stored)?;
                group.clear();
                bar.set_position(head.get());
            }
            let Some(line) = line else { break };
            tree.push(Hash::of_leaf(line));
            group.push(line);
        }
        bar.finish_and_clear();
        if head == Position(count) && tree.root() == root {
            return Ok(());
        }
        Err(Failure::Verification(format!("{} changed while it was imported", self.file.display())))
    }
}

/// Reads the lines that are stored already, which must be the same ones.
async fn same_start(log: &dyn Log, head: Position, lines: &mut Lines, tree: &mut Tree) -> Outcome {
    let mut next = Position(0);
    while next < head {
        let page = log.read(next, 4_000).await.map_err(|error| Failure::Other(error.into()))?;
        for (_, body) in page.iter() {
            let line = lines.advance()?;
            if line != Some(body) {
                return Err(Failure::Usage(
                    "there is the beginning of another import: delete the folder `import` of the data directory, \
                     or use another database"
                        .to_owned(),
                ));
            }
            tree.push(Hash::of_leaf(body));
        }
        next = page.next();
    }
    Ok(())
}

fn not_stored(error: AppendError) -> Failure {
    Failure::Other(anyhow::Error::new(error).context("the import stopped; the same command goes on with it"))
}
