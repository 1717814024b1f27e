//! The command index: where the answer to each command is, by the fingerprint of the command's id.
//!
//! Command ids are random, so one table keyed by them would write a page for each. Instead, each
//! batch becomes a small sorted segment, written once; eight segments of a size are merged into a
//! larger one, step by step beside later batches. An id is then written once for every factor of
//! eight in the number of ids. Filters in memory tell which few segments a look-up must read.

mod filter;
mod find;
mod merge;
mod page;

use std::{collections::VecDeque, sync::Arc};

use events::{IdMap, Position};

pub(in crate::read) use self::find::{digest, find};
use self::{
    filter::{Filter, SegmentFilter},
    merge::Merge,
    page::{BUCKET_BITS, Entry, Shape, number},
};
use super::{
    corrupt,
    tables::{IndexTables, Stored, Tables},
};

/// Segments of one size that become one.
const FAN_IN: usize = 8;

/// Pages of merged segments that are removed at least with each batch.
const REMOVED_PAGES: i64 = 256;

/// Entries that a merge moves at least with each batch, beside twice the batch's own.
const MOVED_ENTRIES: u64 = 4_096;

/// The filters of all segments: readers share it, the writer replaces it.
#[derive(Debug, Default)]
pub(in crate::read) struct Filters {
    segments: Vec<Arc<SegmentFilter>>,
    /// Not all of them are here, so nothing is certain.
    incomplete: bool,
}

impl Filters {
    /// Reads the filters, without a right to write.
    pub(in crate::read) async fn load(tables: &mut impl Tables) -> Stored<Self> {
        let (found, _) = load(tables).await?;
        let segments = found.into_iter().map(|(filter, _)| Arc::new(filter)).collect();
        Ok(Self { segments, incomplete: false })
    }

    /// No filters, where somebody else writes and nobody tells of new ones: any command may be known.
    pub(in crate::read) const fn unknown() -> Self {
        Self { segments: Vec::new(), incomplete: true }
    }

    /// Whether a command with this fingerprint may be known; false is certain.
    pub(in crate::read) fn may_know(&self, fingerprint: u64) -> bool {
        self.incomplete || self.segments.iter().any(|filter| filter.may_have(fingerprint))
    }

    /// The filter of a segment, unless the segment is newer than these filters.
    fn of(&self, segment: u64) -> Option<&SegmentFilter> {
        self.segments.iter().find(|filter| filter.segment == segment).map(Arc::as_ref)
    }
}

#[derive(Debug)]
struct Segment {
    id: u64,
    entries: u64,
    merging: bool,
}

/// The writer's side of the index. After a failed transaction it must be [loaded](Self::load) again:
/// it may be ahead of the disk.
#[derive(Debug)]
pub(in crate::read) struct Segments {
    live: Vec<Segment>,
    filters: Vec<Arc<SegmentFilter>>,
    merges: Vec<Merge>,
    /// First and last page of segments that are no more.
    garbage: VecDeque<(i64, i64)>,
    /// First and last filter of merges that a crash ended.
    left_over: Vec<(i64, i64)>,
    next: u64,
}

impl Segments {
    /// Reads which segments there are, and their filters.
    pub(in crate::read) async fn load(tables: &mut impl IndexTables) -> Stored<Self> {
        let (found, left_over) = load(tables).await?;
        let live = found.iter().map(|(filter, entries)| Segment {
            id: filter.segment,
            entries: *entries,
            merging: false,
        });
        let mut segments = Self {
            live: live.collect(),
            filters: found.into_iter().map(|(filter, _)| Arc::new(filter)).collect(),
            merges: Vec::new(),
            garbage: VecDeque::new(),
            left_over: Vec::new(),
            next: 1,
        };
        segments.find_garbage(tables, &left_over).await?;
        Ok(segments)
    }

    /// Left-overs of merges: pages and filters whose segment has no row. Another writer may be about
    /// to give them one, so they are removed in a transaction that shows that there is none.
    async fn find_garbage(&mut self, tables: &mut impl IndexTables, filters: &[u64]) -> Stored<()> {
        let mut last = self.live.iter().map(|segment| segment.id).max().unwrap_or(0);
        for &segment in filters {
            last = last.max(segment);
            let (first, end) = (number(segment, 0), number(segment + 1, 0) - 1);
            self.left_over.push((first, end));
        }
        let mut from = 0;
        while let Some(page) = tables.page_from(from).await? {
            let segment = page.cast_unsigned() >> BUCKET_BITS;
            from = number(segment + 1, 0);
            last = last.max(segment);
            if !self.live.iter().any(|live| live.id == segment) {
                self.garbage.push_back((page, from - 1));
            }
        }
        self.next = last + 1;
        Ok(())
    }

    /// The filters of what is written, for readers.
    pub(in crate::read) fn filters(&self) -> Filters {
        Filters { segments: self.filters.clone(), incomplete: false }
    }

    /// Adds a batch of answers and moves merges on, inside the caller's transaction.
    pub(in crate::read) async fn add(
        &mut self,
        tables: &mut impl IndexTables,
        answers: &[(u64, Position)],
    ) -> Stored<()> {
        if answers.is_empty() {
            return Ok(());
        }
        for (first, last) in std::mem::take(&mut self.left_over) {
            tables.remove_filters(first, last).await?;
        }
        let mut entries: Vec<Entry> =
            answers.iter().map(|(fingerprint, position)| (*fingerprint, position.get())).collect();
        entries.sort_unstable();
        let (segment, shape) = (self.take_id(), Shape::of(entries.len() as u64));
        let mut blocks = Vec::new();
        let mut rest = entries.as_slice();
        for block in 0..shape.blocks() {
            let last = shape.last_of_block(block);
            let (of_block, others) = rest.split_at(rest.partition_point(|entry| entry.0 <= last));
            rest = others;
            blocks.push(write_block(tables, (segment, shape, block), of_block).await?);
        }
        self.make_live(tables, SegmentFilter { segment, shape, blocks }, entries.len() as u64).await?;
        self.start_merges();
        self.advance_merges(tables, 2 * answers.len() as u64 + MOVED_ENTRIES).await?;
        self.remove_garbage(tables, REMOVED_PAGES + answers.len() as i64 / 16).await
    }

    fn take_id(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    async fn make_live(
        &mut self,
        tables: &mut impl IndexTables,
        filter: SegmentFilter,
        entries: u64,
    ) -> Stored<()> {
        let (id, buckets) = (filter.segment, filter.shape.buckets());
        tables.add_segment((id.cast_signed(), entries.cast_signed(), buckets.cast_signed())).await?;
        self.live.push(Segment { id, entries, merging: false });
        self.filters.push(Arc::new(filter));
        Ok(())
    }

    /// Starts a merge of the eight oldest segments of a size, for each size that has so many and no
    /// merge under way. Sizes differ by factors of eight, so a merged segment is of a larger one.
    fn start_merges(&mut self) {
        for size in 0..=u64::BITS.div_ceil(3) {
            let of_size = |segment: &&mut Segment| segment.entries.max(1).ilog2() / 3 == size;
            let mut oldest: Vec<&mut Segment> = self.live.iter_mut().filter(of_size).collect();
            if oldest.len() < FAN_IN || oldest.iter().any(|segment| segment.merging) {
                continue;
            }
            oldest.truncate(FAN_IN);
            oldest.iter_mut().for_each(|segment| segment.merging = true);
            let sources: Vec<(u64, u64)> =
                oldest.iter().map(|segment| (segment.id, segment.entries)).collect();
            let target = self.next;
            self.next += 1;
            self.merges.push(Merge::new(&sources, target));
        }
    }

    /// Moves so many entries of each merge, or a block more. A size's next merge is due only after
    /// as many new entries as this merge has, so twice the new ones is enough to keep up.
    async fn advance_merges(&mut self, tables: &mut impl IndexTables, entries: u64) -> Stored<()> {
        for mut merge in std::mem::take(&mut self.merges) {
            merge.advance(tables, entries).await?;
            if merge.is_done() {
                self.replace(tables, merge).await?;
            } else {
                self.merges.push(merge);
            }
        }
        Ok(())
    }

    /// Puts a finished merge in the place of its sources.
    async fn replace(&mut self, tables: &mut impl IndexTables, merge: Merge) -> Stored<()> {
        let (sources, filter, entries) = merge.finish();
        for segment in &sources {
            let (first, last) = (number(*segment, 0), number(segment + 1, 0) - 1);
            tables.remove_segment(segment.cast_signed()).await?;
            tables.remove_filters(first, last).await?;
            self.garbage.push_back((first, last));
        }
        self.live.retain(|segment| !sources.contains(&segment.id));
        self.filters.retain(|filter| !sources.contains(&filter.segment));
        self.make_live(tables, filter, entries).await
    }

    async fn remove_garbage(&mut self, tables: &mut impl IndexTables, pages: i64) -> Stored<()> {
        let Some((first, last)) = self.garbage.front_mut() else {
            return Ok(());
        };
        let until = (*first + pages - 1).min(*last);
        let removed = tables.remove_pages(*first, until).await?;
        *first = until + 1;
        // Buckets are numbered without gaps, but for empty ones in very small segments.
        if removed == 0 || *first > *last {
            tables.remove_pages(*first, *last).await?;
            self.garbage.pop_front();
        }
        Ok(())
    }
}

/// Writes the pages and the filter of one block; returns the filter.
async fn write_block(
    tables: &mut impl IndexTables,
    (segment, shape, block): (u64, Shape, u64),
    entries: &[Entry],
) -> Stored<Filter> {
    let pages: Vec<(i64, Vec<u8>)> = entries
        .chunk_by(|a, b| shape.bucket_of(a.0) == shape.bucket_of(b.0))
        .map(|entries| (number(segment, shape.bucket_of(entries[0].0)), page::write(entries)))
        .collect();
    tables.add_pages(&pages).await?;
    let mut keys: Vec<u64> = entries.iter().map(|entry| entry.0).collect();
    keys.dedup();
    let data = Filter::write(&keys);
    let filter = Filter::read(&data).ok_or_else(|| corrupt("a filter that was just built can't be read"))?;
    tables.add_filter((number(segment, block), data)).await?;
    Ok(filter)
}

/// The filter and the number of entries of each segment, and segments of which only filters are left.
async fn load(tables: &mut impl Tables) -> Stored<(Vec<(SegmentFilter, u64)>, Vec<u64>)> {
    let rows = tables.segments().await?;
    let mut filters = load_filters(tables).await?;
    let mut found = Vec::with_capacity(rows.len());
    for (segment, entries, buckets) in rows {
        let (segment, entries) = (segment.cast_unsigned(), entries.cast_unsigned());
        let shape = Shape::of(entries);
        let blocks = filters.remove(&segment).unwrap_or_default();
        if shape.buckets() != buckets.cast_unsigned() || shape.blocks() != blocks.len() as u64 {
            return Err(corrupt(format!("command segment {segment} has not the shape of {entries} entries")));
        }
        found.push((SegmentFilter { segment, shape, blocks }, entries));
    }
    Ok((found, filters.into_keys().collect()))
}

/// All filters by segment, those of no segment too.
async fn load_filters(tables: &mut impl Tables) -> Stored<IdMap<u64, Vec<Filter>>> {
    let rows = tables.filters().await?;
    let mut filters: IdMap<u64, Vec<Filter>> = IdMap::default();
    for (block, data) in rows {
        let filter =
            Filter::read(&data).ok_or_else(|| corrupt(format!("command filter {block} can't be read")))?;
        filters.entry(block.cast_unsigned() >> BUCKET_BITS).or_default().push(filter);
    }
    Ok(filters)
}
