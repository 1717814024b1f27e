//! Reading the command index, inside one snapshot.

use events::IdSet;
use futures::TryStreamExt;
use sqlx::SqliteConnection;

use super::{
    Filters,
    page::{self, Entry, Shape, number},
};
use crate::read::{StoreFault, replay, sqlite::fault::store};

const SEGMENTS: &str = "SELECT segment, entries FROM command_segments";
const PAGES: &str = "SELECT data FROM command_pages WHERE page IN (SELECT value FROM json_each(?))";
const PAGES_OF: &str = "SELECT data FROM command_pages WHERE page BETWEEN ? AND ?";

/// Every entry with one of these fingerprints. Which segments there are is read in the caller's
/// snapshot; the filters, which may be older or newer, only save reads.
pub(in crate::read::sqlite) async fn find(
    connection: &mut SqliteConnection,
    filters: &Filters,
    fingerprints: &[u64],
) -> Result<Vec<Entry>, StoreFault> {
    let mut pages = IdSet::default();
    for (segment, shape) in segments(connection).await? {
        let filter = filters.of(segment);
        let possible = fingerprints
            .iter()
            .filter(|fingerprint| filter.is_none_or(|filter| filter.may_have(**fingerprint)));
        pages.extend(possible.map(|fingerprint| number(segment, shape.bucket_of(*fingerprint))));
    }
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<String> = pages.iter().map(i64::to_string).collect();
    let list = format!("[{}]", numbers.join(","));
    let wanted: IdSet<u64> = fingerprints.iter().copied().collect();
    let mut found = Vec::new();
    let mut rows = sqlx::query_scalar::<_, Vec<u8>>(PAGES).bind(list).fetch(connection);
    while let Some(data) = rows.try_next().await.map_err(store)? {
        found.extend(page::read(&data).filter(|(fingerprint, _)| wanted.contains(fingerprint)));
    }
    Ok(found)
}

/// How many entries there are, and the sum of their digests.
pub(in crate::read::sqlite) async fn digest(
    connection: &mut SqliteConnection,
) -> Result<(u64, u128), StoreFault> {
    let (mut count, mut sum) = (0, 0_u128);
    for (segment, _) in segments(connection).await? {
        let (first, last) = (number(segment, 0), number(segment + 1, 0) - 1);
        let mut rows =
            sqlx::query_scalar::<_, Vec<u8>>(PAGES_OF).bind(first).bind(last).fetch(&mut *connection);
        while let Some(data) = rows.try_next().await.map_err(store)? {
            for (fingerprint, position) in page::read(&data) {
                count += 1;
                sum = sum.wrapping_add(replay::answer_digest(fingerprint, position));
            }
        }
    }
    Ok((count, sum))
}

async fn segments(connection: &mut SqliteConnection) -> Result<Vec<(u64, Shape)>, StoreFault> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(SEGMENTS).fetch_all(connection).await.map_err(store)?;
    Ok(rows
        .into_iter()
        .map(|(id, entries)| (id.cast_unsigned(), Shape::of(entries.cast_unsigned())))
        .collect())
}
