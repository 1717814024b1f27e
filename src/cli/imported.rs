//! Reading an export, and proving it before a byte of it is believed.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use events::{Event, LedgerId, MAX_EVENT_BYTES, Position, decode};
use projections::{Auditor, Summary};

use super::{
    exported::{EVENTS, Manifest, Types, leaves_path, manifest_path},
    failure::{Failure, Outcome},
    merkle::{Hash, Tree},
};
use crate::{
    app::{BeingImported, Ledger, Machine},
    config::Config,
    log::sqlite::LOG_FILE,
};

/// Where the log of an import is until it is whole, in the data directory.
pub(super) const STAGING: &str = "import";

/// Opens the ledger, unless it is the beginning of an import that was broken off.
pub(super) async fn open_whole(config: &Config, machine: &Machine) -> Outcome<Ledger> {
    if config.database_url.get().is_none() {
        must_not_be_begun(&config.data_dir)?;
    }
    Ledger::open(config, machine).await.map_err(|error| match error.downcast::<BeingImported>() {
        Ok(begun) => Failure::Usage(begun.to_string()),
        Err(error) => Failure::Other(error),
    })
}

/// A ledger beside the beginning of one would keep the imported one out.
fn must_not_be_begun(data_dir: &Path) -> Outcome {
    let begun = data_dir.join(STAGING);
    if data_dir.join(LOG_FILE).exists() || !begun.exists() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} is an import that was broken off: the same `import` goes on with it; delete it to give it up",
        begun.display()
    )))
}

/// The manifest of an export.
pub(super) struct Stated {
    pub(super) count: u64,
    pub(super) root: Hash,
    pub(super) ledger: LedgerId,
    bytes: u64,
    sha256: Hash,
    types: Types,
}

impl Stated {
    /// Reads the manifest beside `export`, which must be one of a complete ledger.
    pub(super) fn read(export: &Path) -> Outcome<Self> {
        let path = manifest_path(export);
        let text = fs::read(&path).map_err(|error| unreadable(&path, error))?;
        let wrong = |what: &str| Failure::Verification(format!("{}: {what}", path.display()));
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| wrong(&format!("no manifest: {error}")))?;
        if manifest.content != EVENTS {
            let what =
                format!("{} holds {}; only events can be imported", export.display(), manifest.content);
            return Err(Failure::Usage(what));
        }
        if manifest.first_position.is_some_and(|first| first != Position(0)) {
            let what =
                format!("{} is only a part of a ledger; a whole one begins at position 0", export.display());
            return Err(Failure::Usage(what));
        }
        let last = manifest.count.checked_sub(1).map(Position);
        if last.is_none() || manifest.last_position != last || manifest.first_position.is_none() {
            return Err(wrong("its positions are not those of its count"));
        }
        let hash = |text: Option<&str>| text.and_then(Hash::parse);
        Ok(Self {
            count: manifest.count,
            root: hash(manifest.root.as_deref()).ok_or_else(|| wrong("it states no root of a hash tree"))?,
            ledger: manifest.ledger.ok_or_else(|| wrong("it names no ledger"))?,
            bytes: manifest.bytes,
            sha256: hash(Some(&manifest.sha256)).ok_or_else(|| wrong("it states no SHA-256"))?,
            types: Types(manifest.types),
        })
    }
}

/// The lines of a file, one after the other; none is longer than an event.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: Vec<u8>,
    /// The line read last, from 1.
    pub(super) number: u64,
    bytes: u64,
    sha256: Context,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Outcome<Self> {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let (file, line) = (BufReader::new(file), Vec::new());
        Ok(Self { path: path.to_owned(), file, line, number: 0, bytes: 0, sha256: Context::new(&SHA256) })
    }

    /// Reads the next line; none at the end of the file.
    pub(super) fn advance(&mut self) -> Outcome<Option<&[u8]>> {
        self.line.clear();
        let longest = MAX_EVENT_BYTES as u64 + 1;
        let read = (&mut self.file).take(longest).read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| unreadable(&self.path, error))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        self.sha256.update(&self.line);
        match self.line.pop() {
            Some(b'\n') => Ok(Some(&self.line)),
            _ if read as u64 == longest => Err(self.wrong("it is longer than any event")),
            _ => Err(self.wrong("it is cut off: its line feed is missing")),
        }
    }

    /// What is wrong with the line read last.
    pub(super) fn wrong(&self, what: &str) -> Failure {
        Failure::Verification(format!("{} line {}: {what}", self.path.display(), self.number))
    }
}

/// A proved export.
pub(super) struct Proved {
    /// What it adds up to.
    pub(super) summary: Summary,
    /// The highest epoch of a writer.
    pub(super) epoch: u64,
}

/// Proves an export line by line: its hashes, its manifest, and its events.
pub(super) struct Proof {
    stated: Stated,
    lines: Lines,
    leaves: Option<Lines>,
    tree: Tree,
    types: Types,
    auditor: Auditor,
    epoch: u64,
}

impl Proof {
    /// Opens the files beside `export`. The leaf hashes, when they are there, must make the manifest's
    /// root: from then on they tell which line was changed.
    pub(super) fn of(export: &Path, stated: Stated) -> Outcome<Self> {
        let lines = Lines::open(export)?;
        let leaves = leaves_path(export);
        let leaves = match leaves.try_exists() {
            Ok(true) => {
                prove_leaves(&leaves, &stated)?;
                Some(Lines::open(&leaves)?)
            }
            Ok(false) | Err(_) => {
                eprintln!("note: without {} a changed line may not be named", leaves.display());
                None
            }
        };
        Ok(Self {
            stated,
            lines,
            leaves,
            tree: Tree::default(),
            types: Types::default(),
            auditor: Auditor::new(),
            epoch: 0,
        })
    }

    /// Proves up to `limit` lines; how many there were, none at the end of the file.
    pub(super) fn advance(&mut self, limit: u64) -> Outcome<u64> {
        let before = self.tree.leaves();
        while self.tree.leaves() < before + limit && self.line()? {}
        Ok(self.tree.leaves() - before)
    }

    fn line(&mut self) -> Outcome<bool> {
        let Some(line) = self.lines.advance()? else { return Ok(false) };
        let leaf = Hash::of_leaf(line);
        self.types.count(line);
        let recorded = decode(line);
        let position = Position(self.tree.leaves());
        if position.get() >= self.stated.count {
            let count = self.stated.count;
            return Err(self.lines.wrong(&format!("it is one too many: the manifest counts {count} events")));
        }
        if let Some(leaves) = &mut self.leaves
            && expected(leaves)? != Some(leaf)
        {
            return Err(self.lines.wrong("it is not the line that was exported: its hash is another one"));
        }
        let recorded = recorded.map_err(|error| self.lines.wrong(&error.to_string()))?;
        if recorded.envelope.ledger != self.stated.ledger {
            let (ledger, stated) = (recorded.envelope.ledger, self.stated.ledger);
            return Err(self.lines.wrong(&format!("it is of ledger {ledger}, the manifest of {stated}")));
        }
        self.auditor.check(position, &recorded).map_err(|finding| self.lines.wrong(&finding.to_string()))?;
        if let Event::WriterChanged(changed) = &recorded.event {
            self.epoch = self.epoch.max(changed.epoch);
        }
        self.tree.push(leaf);
        Ok(true)
    }

    /// The whole file was read: was it all of it, and the one of the manifest? What it adds up to.
    pub(super) fn finish(mut self) -> Outcome<Proved> {
        let Stated { count, root, bytes, sha256, types, .. } = self.stated;
        let (read, wrong) = (self.tree.leaves(), Failure::Verification);
        if read < count {
            let missing = read + 1;
            return Err(wrong(format!(
                "line {missing} is missing: the file ends after {read} of {count} lines"
            )));
        }
        if self.tree.root() != root {
            return Err(wrong(format!(
                "the lines make the root {}, the manifest states {root}: one of them was changed",
                self.tree.root()
            )));
        }
        if self.lines.bytes != bytes || Hash::from_digest(self.lines.sha256) != sha256 {
            return Err(wrong("the manifest was changed: it states another length or SHA-256".to_owned()));
        }
        if self.types != types {
            return Err(wrong(
                "the manifest was changed: it states other numbers of events by type".to_owned(),
            ));
        }
        let summary = self.auditor.finish().map_err(|finding| wrong(finding.to_string()))?;
        Ok(Proved { summary, epoch: self.epoch })
    }
}

/// The next of the leaf hashes.
fn expected(leaves: &mut Lines) -> Outcome<Option<Hash>> {
    let Some(line) = leaves.advance()? else { return Ok(None) };
    let hash = str::from_utf8(line).ok().and_then(Hash::parse);
    hash.map(Some).ok_or_else(|| leaves.wrong("no SHA-256 in lower-case hexadecimal digits"))
}

fn prove_leaves(path: &Path, stated: &Stated) -> Outcome {
    let (mut leaves, mut tree) = (Lines::open(path)?, Tree::default());
    while let Some(leaf) = expected(&mut leaves)? {
        tree.push(leaf);
    }
    if tree.leaves() == stated.count && tree.root() == stated.root {
        return Ok(());
    }
    Err(Failure::Verification(format!(
        "{} and the manifest don't belong together: {} hashes make the root {}, the manifest states {} and {}",
        path.display(),
        tree.leaves(),
        tree.root(),
        stated.count,
        stated.root
    )))
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    // A missing file is named; what else the system says stands behind it.
    let what = if error.kind() == ErrorKind::NotFound { "there is no" } else { "can't read" };
    Failure::Other(anyhow::Error::new(error).context(format!("{what} {}", path.display())))
}
