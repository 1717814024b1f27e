//! The streams of a store, in memory, with the rules of the real one.

use std::collections::HashMap;

use super::proto::{Expected, Proposed};

/// `MaxAppendSize` as the real store is delivered.
const APPEND_BYTES_MAX: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Streams(HashMap<String, Stream>);

#[derive(Default)]
pub(super) struct Stream {
    pub(super) events: Vec<Proposed>,
    /// `$tb`: events before it are gone.
    pub(super) first: u64,
    /// By `$tb` past every event.
    pub(super) deleted: bool,
    /// For good.
    pub(super) tombstone: bool,
}

/// What became of an append.
#[derive(Debug)]
pub(super) enum Appended {
    /// The revision of the group's last event.
    At(u64),
    /// The revision of the stream's last event.
    WrongExpected(Option<u64>),
    Tombstone,
    TooLarge,
    Malformed(&'static str),
}

impl Stream {
    pub(super) fn last(&self) -> Option<u64> {
        (self.events.len() as u64).checked_sub(1)
    }
}

impl Streams {
    pub(super) fn of(&mut self, name: &str) -> &mut Stream {
        self.0.entry(name.to_owned()).or_default()
    }

    /// How many events there are.
    pub(super) fn events(&self) -> usize {
        self.0.values().map(|stream| stream.events.len()).sum()
    }

    /// Appends all of `group` or nothing.
    pub(super) fn append(&mut self, name: &str, expected: Expected, group: Vec<Proposed>) -> Appended {
        let mut bytes = 0;
        for event in &group {
            let (Some(event_type), Some(_)) =
                (event.metadata.get("type"), event.metadata.get("content-type"))
            else {
                return Appended::Malformed("type and content-type are required");
            };
            bytes += event.data.len() + event.custom_metadata.len() + 2 * event_type.len();
        }
        if bytes > APPEND_BYTES_MAX {
            return Appended::TooLarge;
        }
        let stream = self.of(name);
        if stream.tombstone {
            return Appended::Tombstone;
        }
        let start = match expected {
            Expected::Revision(revision) => Some(revision.saturating_add(1)),
            Expected::NoStream(()) => Some(0),
            Expected::Any(()) | Expected::StreamExists(()) => None,
        };
        let head = stream.events.len() as u64;
        match start {
            // A stream that was deleted goes on behind its old events.
            Some(0) if stream.deleted => {
                stream.deleted = false;
                stream.first = head;
            }
            Some(start) if start < head => {
                // The same events in the same place are a success.
                let there = stream.events.iter().skip(start as usize).take(group.len());
                return if there.map(|event| &event.id).eq(group.iter().map(|event| &event.id)) {
                    Appended::At(start + group.len() as u64 - 1)
                } else {
                    Appended::WrongExpected(stream.last())
                };
            }
            Some(start) if start > head => return Appended::WrongExpected(stream.last()),
            _ => {}
        }
        stream.events.extend(group);
        stream.last().map_or(Appended::Malformed("nothing to append"), Appended::At)
    }
}
