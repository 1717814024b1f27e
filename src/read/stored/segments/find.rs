//! Reading the command index, inside one snapshot.

use events::IdSet;

use super::{
    Filters,
    page::{self, Entry, Shape, number},
};
use crate::read::{
    replay,
    stored::tables::{Stored, Tables},
};

/// Pages that are in memory at once while a segment is read.
const PAGES: u64 = 4_096;

/// Every entry with one of these fingerprints. Which segments there are is read in the caller's
/// snapshot; the filters, which may be older or newer, only save reads.
pub(in crate::read) async fn find(
    tables: &mut impl Tables,
    filters: &Filters,
    fingerprints: &[u64],
) -> Stored<Vec<Entry>> {
    let mut pages = IdSet::default();
    for (segment, shape) in segments(tables).await? {
        let filter = filters.of(segment);
        let possible = fingerprints
            .iter()
            .filter(|fingerprint| filter.is_none_or(|filter| filter.may_have(**fingerprint)));
        pages.extend(possible.map(|fingerprint| number(segment, shape.bucket_of(*fingerprint))));
    }
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let pages: Vec<i64> = pages.into_iter().collect();
    let wanted: IdSet<u64> = fingerprints.iter().copied().collect();
    let mut found = Vec::new();
    for data in tables.pages(&pages).await? {
        found.extend(page::read(&data).filter(|(fingerprint, _)| wanted.contains(fingerprint)));
    }
    Ok(found)
}

/// How many entries there are, and the sum of their digests.
pub(in crate::read) async fn digest(tables: &mut impl Tables) -> Stored<(u64, u128)> {
    let (mut count, mut sum) = (0, 0_u128);
    for (segment, shape) in segments(tables).await? {
        for bucket in (0..shape.buckets()).step_by(PAGES as usize) {
            let (first, last) = (number(segment, bucket), number(segment, bucket + PAGES) - 1);
            let pages = tables.pages_between(first, last).await?;
            for (fingerprint, position) in pages.iter().flat_map(|data| page::read(data)) {
                count += 1;
                sum = sum.wrapping_add(replay::answer_digest(fingerprint, position));
            }
        }
    }
    Ok((count, sum))
}

async fn segments(tables: &mut impl Tables) -> Stored<Vec<(u64, Shape)>> {
    let rows = tables.segments().await?;
    Ok(rows
        .into_iter()
        .map(|(id, entries, _)| (id.cast_unsigned(), Shape::of(entries.cast_unsigned())))
        .collect())
}
