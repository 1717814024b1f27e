//! The files that `export` writes, and their manifests.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use aws_lc_rs::digest::{Context, SHA256};
use events::{LedgerId, Position};
use projections::{EntryRow, Parts, reference};
use serde::{Deserialize, Serialize};

use super::{
    failure::Outcome,
    merkle::{Hash, Tree},
    output::guarded,
};

/// What the file of a manifest holds when it can be imported.
pub(super) const EVENTS: &str = "events";

/// How an event is counted whose type can't be read.
const UNREADABLE: &str = "unreadable";

/// The manifest beside an export.
pub(super) fn manifest_path(export: &Path) -> PathBuf {
    suffixed(export, ".manifest.json")
}

/// The leaf hashes beside an export of events: the n-th line is the hash of the export's n-th.
pub(super) fn leaves_path(export: &Path) -> PathBuf {
    suffixed(export, ".leaves")
}

/// The path with something after its name.
pub(super) fn suffixed(path: &Path, suffix: impl AsRef<OsStr>) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What belongs to an export, so that anybody can see whether it is whole and unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// What the file holds: `events` or `entries`.
    pub(super) content: Cow<'static, str>,
    /// The ledger.
    pub(super) ledger: Option<LedgerId>,
    /// The first position in it; none when it is empty.
    pub(super) first_position: Option<Position>,
    /// The last position in it.
    pub(super) last_position: Option<Position>,
    /// How many events or entries there are.
    pub(super) count: u64,
    /// The file's length.
    pub(super) bytes: u64,
    /// The file's SHA-256, in hexadecimal digits.
    pub(super) sha256: String,
    /// Of events: the root of the hash tree (RFC 6962) over the lines, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<String>,
    /// Of events: how many there are of each type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) types: BTreeMap<String, u64>,
}

/// Takes the events of an export, one after the other.
pub(super) trait Sink {
    /// Takes the event stored at `position`.
    fn event(&mut self, position: Position, body: &[u8]) -> Outcome;
    /// Ends the file; the manifest knows everything but the ledger.
    fn finish(self: Box<Self>) -> Outcome<Manifest>;
}

/// Which positions came, and how many.
#[derive(Debug, Default)]
struct Range {
    first: Option<Position>,
    last: Option<Position>,
    count: u64,
}

impl Range {
    fn take(&mut self, position: Position) {
        self.first.get_or_insert(position);
        self.last = Some(position);
        self.count += 1;
    }

    fn manifest(self, content: &'static str, (bytes, sha256): (u64, String)) -> Manifest {
        Manifest {
            content: content.into(),
            ledger: None,
            first_position: self.first,
            last_position: self.last,
            count: self.count,
            bytes,
            sha256,
            root: None,
            types: BTreeMap::new(),
        }
    }
}

/// How many events there are of each type.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Types(pub(super) BTreeMap<String, u64>);

impl Types {
    /// Counts a stored event by the type that stands in it.
    pub(super) fn count(&mut self, body: &[u8]) {
        #[derive(Deserialize)]
        struct Typed<'a> {
            #[serde(borrow, rename = "type")]
            name: Cow<'a, str>,
        }
        let typed = serde_json::from_slice::<Typed<'_>>(body);
        let name = typed.as_ref().map_or(UNREADABLE, |typed| &typed.name);
        match self.0.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(name.to_owned(), 1)),
        }
    }
}

/// JSON Lines: the stored bytes, a line each; and the hash of each line in a file of its own.
pub(super) struct Lines<W, L> {
    file: Measured<W>,
    leaves: L,
    tree: Tree,
    types: Types,
    range: Range,
}

impl<W: Write, L: Write> Lines<W, L> {
    pub(super) fn new(file: W, leaves: L) -> Self {
        Self {
            file: Measured::new(file),
            leaves,
            tree: Tree::default(),
            types: Types::default(),
            range: Range::default(),
        }
    }
}

impl<W: Write, L: Write> Sink for Lines<W, L> {
    fn event(&mut self, position: Position, body: &[u8]) -> Outcome {
        self.range.take(position);
        self.types.count(body);
        let leaf = Hash::of_leaf(body);
        self.tree.push(leaf);
        writeln!(self.leaves, "{leaf}")?;
        self.file.write_all(body)?;
        Ok(self.file.write_all(b"\n")?)
    }

    fn finish(self: Box<Self>) -> Outcome<Manifest> {
        let Self { file, mut leaves, tree, types, range } = *self;
        leaves.flush()?;
        let manifest = range.manifest(EVENTS, file.finish()?);
        Ok(Manifest { root: Some(tree.root().to_string()), types: types.0, ..manifest })
    }
}

/// CSV: an audit entry a record, for events about a wallet.
pub(super) struct Entries<W: Write> {
    csv: csv::Writer<Measured<W>>,
    range: Range,
}

impl<W: Write> Entries<W> {
    pub(super) fn new(file: W) -> Outcome<Self> {
        let mut csv = csv::Writer::from_writer(Measured::new(file));
        csv.write_record([
            "position",
            "time",
            "organization",
            "wallet",
            "app",
            "kind",
            "amount",
            "balance",
            "reference",
            "key",
        ])?;
        Ok(Self { csv, range: Range::default() })
    }
}

impl<W: Write> Sink for Entries<W> {
    fn event(&mut self, position: Position, body: &[u8]) -> Outcome {
        let recorded = events::decode(body).with_context(|| format!("the event at position {position}"))?;
        let Some(entry) = EntryRow::of(&recorded, Parts::default()) else { return Ok(()) };
        self.range.take(position);
        let key = recorded.event.asked().and_then(|asked| asked.key.as_deref());
        let cells = [
            entry.position.to_string(),
            entry.time.to_string(),
            entry.org.to_string(),
            entry.wallet.to_string(),
            entry.app.map(|app| app.to_string()).unwrap_or_default(),
            entry.kind.as_str().to_owned(),
            entry.amount.to_string(),
            entry.balance.to_string(),
            reference(&recorded.event).unwrap_or_default(),
            key.unwrap_or_default().to_owned(),
        ];
        Ok(self.csv.write_record(cells.iter().map(|cell| guarded(cell).into_owned()))?)
    }

    fn finish(self: Box<Self>) -> Outcome<Manifest> {
        let Self { csv, range } = *self;
        let file = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        Ok(range.manifest("entries", file.finish()?))
    }
}

/// Counts and hashes what is written.
struct Measured<W> {
    file: W,
    bytes: u64,
    sha256: Context,
}

impl<W: Write> Measured<W> {
    fn new(file: W) -> Self {
        Self { file, bytes: 0, sha256: Context::new(&SHA256) }
    }

    fn finish(mut self) -> io::Result<(u64, String)> {
        self.file.flush()?;
        Ok((self.bytes, Hash::from_digest(self.sha256).to_string()))
    }
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        self.sha256.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_stored_bytes_and_the_manifest_fits_them() {
        let (mut file, mut leaves) = (Vec::new(), Vec::new());
        let mut lines = Box::new(Lines::new(&mut file, &mut leaves));
        lines.event(Position(7), b"{\"a\":1}").expect("written");
        lines.event(Position(8), "{\"é\":2}".as_bytes()).expect("written");
        let manifest = lines.finish().expect("a manifest");
        // printf '\0{"a":1}' | sha256sum
        assert!(
            leaves.starts_with(b"c7261463ebd776f4650b6d0fe942d9cc38c925d90f77d440ab6df8d5dd258c5f\n"),
            "{}",
            String::from_utf8_lossy(&leaves)
        );
        assert_eq!(leaves.len(), 130);
        assert_eq!(manifest.types, BTreeMap::from([(UNREADABLE.to_owned(), 2)]));
        // printf '\1%b%b' of both leaves | sha256sum
        assert_eq!(
            manifest.root.as_deref(),
            Some("ac2e93bb12088416ae633e983cfe669cfff129066955876d34b699a0e69bcd72")
        );
        assert_eq!(file, "{\"a\":1}\n{\"é\":2}\n".as_bytes());
        assert_eq!((manifest.first_position, manifest.last_position), (Some(Position(7)), Some(Position(8))));
        assert_eq!((manifest.count, manifest.bytes), (2, file.len() as u64));
        // printf '{"a":1}\n{"é":2}\n' | sha256sum
        assert_eq!(manifest.sha256, "b5291f975ec9664363a3f2e7c7480538aa3de74ec2deefb6272a556739ca188b");
    }

    #[test]
    fn an_empty_export_says_so() {
        let manifest = Box::new(Lines::new(Vec::new(), io::sink())).finish().expect("a manifest");
        assert_eq!((manifest.first_position, manifest.count, manifest.bytes), (None, 0, 0));
    }

    #[test]
    fn an_event_that_cannot_be_read_ends_the_export_of_entries() {
        let mut entries = Entries::new(Vec::new()).expect("a header");
        let failure = entries.event(Position(3), b"{}").expect_err("no event");
        assert!(failure.to_string().starts_with("the event at position 3: "), "{failure}");
    }
}
