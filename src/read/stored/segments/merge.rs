//! Merging segments, a block at a time.

use super::{
    filter::{Filter, SegmentFilter},
    page::{self, Entry, Shape, number},
    write_block,
};
use crate::read::stored::{
    corrupt,
    tables::{IndexTables, Stored},
};

/// A segment that is being merged.
#[derive(Debug)]
struct Source {
    segment: u64,
    shape: Shape,
    next_bucket: u64,
    /// Read, but of a later block.
    ahead: Vec<Entry>,
}

/// A merge under way. It lives in memory alone: after a restart its pages are left-overs and it
/// starts again.
#[derive(Debug)]
pub(super) struct Merge {
    sources: Vec<Source>,
    target: u64,
    entries: u64,
    shape: Shape,
    blocks: Vec<Filter>,
    /// Entries that may still be moved before others have their turn; negative after a large block.
    credit: i64,
}

impl Merge {
    /// A merge of segments, each with its number of entries, into the new segment `target`.
    pub(super) fn new(sources: &[(u64, u64)], target: u64) -> Self {
        let entries = sources.iter().map(|(_, entries)| entries).sum();
        let source = |(segment, entries): &(u64, u64)| {
            let shape = Shape::of(*entries);
            Source { segment: *segment, shape, next_bucket: 0, ahead: Vec::new() }
        };
        Self {
            sources: sources.iter().map(source).collect(),
            target,
            entries,
            shape: Shape::of(entries),
            blocks: Vec::new(),
            credit: 0,
        }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.blocks.len() as u64 == self.shape.blocks()
    }

    /// Merges blocks until about `entries` entries were moved, on average over many calls.
    pub(super) async fn advance(&mut self, tables: &mut impl IndexTables, entries: u64) -> Stored<()> {
        self.credit += entries.cast_signed();
        while self.credit > 0 && !self.is_done() {
            let block = self.blocks.len() as u64;
            let entries = self.gather(tables, self.shape.last_of_block(block)).await?;
            self.credit -= entries.len() as i64;
            let filter = write_block(tables, (self.target, self.shape, block), &entries).await?;
            self.blocks.push(filter);
        }
        Ok(())
    }

    /// The entries of all sources up to the fingerprint `last`, in order.
    async fn gather(&mut self, tables: &mut impl IndexTables, last: u64) -> Stored<Vec<Entry>> {
        let mut entries = Vec::new();
        for source in &mut self.sources {
            let until = source.shape.bucket_of(last);
            if source.next_bucket <= until {
                let (from, to) = (number(source.segment, source.next_bucket), number(source.segment, until));
                let pages = tables.pages_between(from, to).await?;
                source.ahead.extend(pages.iter().flat_map(|data| page::read(data)));
                source.next_bucket = until + 1;
            }
            let count = source.ahead.partition_point(|entry| entry.0 <= last);
            entries.extend(source.ahead.drain(..count));
        }
        if last == u64::MAX && self.sources.iter().any(|source| !source.ahead.is_empty()) {
            return Err(corrupt(format!("command segment {} is not sorted", self.target)));
        }
        // The sources are sorted runs, which a stable sort merges.
        entries.sort();
        Ok(entries)
    }

    /// The sources, the filter of the merged segment, and how many entries it has.
    pub(super) fn finish(self) -> (Vec<u64>, SegmentFilter, u64) {
        let sources = self.sources.into_iter().map(|source| source.segment).collect();
        (
            sources,
            SegmentFilter { segment: self.target, shape: self.shape, blocks: self.blocks },
            self.entries,
        )
    }
}
