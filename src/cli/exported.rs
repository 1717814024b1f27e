//! The files that `export` writes, and their manifests.

use std::io::{self, Write};

use anyhow::Context as _;
use aws_lc_rs::digest::{Context, SHA256};
use events::{LedgerId, Position};
use projections::{EntryRow, reference};
use serde::Serialize;

use super::{failure::Outcome, output::guarded};

/// What belongs to an export, so that anybody can see whether it is whole and unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Manifest {
    /// What the file holds: `events` or `entries`.
    pub(super) content: &'static str,
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
        let Self { first, last, count } = self;
        Manifest { content, ledger: None, first_position: first, last_position: last, count, bytes, sha256 }
    }
}

/// JSON Lines: the stored bytes, a line each.
pub(super) struct Lines<W> {
    file: Measured<W>,
    range: Range,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(file: W) -> Self {
        Self { file: Measured::new(file), range: Range::default() }
    }
}

impl<W: Write> Sink for Lines<W> {
    fn event(&mut self, position: Position, body: &[u8]) -> Outcome {
        self.range.take(position);
        self.file.write_all(body)?;
        Ok(self.file.write_all(b"\n")?)
    }

    fn finish(self: Box<Self>) -> Outcome<Manifest> {
        let Self { file, range } = *self;
        Ok(range.manifest("events", file.finish()?))
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
        let Some(entry) = EntryRow::of(&recorded) else { return Ok(()) };
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
        let digest = self.sha256.finish();
        Ok((self.bytes, digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()))
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
        let mut file = Vec::new();
        let mut lines = Box::new(Lines::new(&mut file));
        lines.event(Position(7), b"{\"a\":1}").expect("written");
        lines.event(Position(8), "{\"é\":2}".as_bytes()).expect("written");
        let manifest = lines.finish().expect("a manifest");
        assert_eq!(file, "{\"a\":1}\n{\"é\":2}\n".as_bytes());
        assert_eq!((manifest.first_position, manifest.last_position), (Some(Position(7)), Some(Position(8))));
        assert_eq!((manifest.count, manifest.bytes), (2, file.len() as u64));
        // printf '{"a":1}\n{"é":2}\n' | sha256sum
        assert_eq!(manifest.sha256, "b5291f975ec9664363a3f2e7c7480538aa3de74ec2deefb6272a556739ca188b");
    }

    #[test]
    fn an_empty_export_says_so() {
        let manifest = Box::new(Lines::new(Vec::new())).finish().expect("a manifest");
        assert_eq!((manifest.first_position, manifest.count, manifest.bytes), (None, 0, 0));
    }

    #[test]
    fn an_event_that_cannot_be_read_ends_the_export_of_entries() {
        let mut entries = Entries::new(Vec::new()).expect("a header");
        let failure = entries.event(Position(3), b"{}").expect_err("no event");
        assert!(failure.to_string().starts_with("the event at position 3: "), "{failure}");
    }
}
