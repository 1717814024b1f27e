//! The command index in `read.db`, written.

use std::{ops::DerefMut, sync::LazyLock};

use sqlx::SqliteConnection;

use super::{
    bulk::{Bulk, Row},
    fault::store,
    tables::On,
};
use crate::read::stored::tables::{IndexTables, Stored};

const PAGE_FROM: &str = "SELECT page FROM command_pages WHERE page >= ? ORDER BY page LIMIT 1";
const ADD_SEGMENT: &str = "INSERT INTO command_segments (segment, entries, buckets) VALUES (?, ?, ?)";
const REMOVE_SEGMENT: &str = "DELETE FROM command_segments WHERE segment = ?";
const ADD_FILTER: &str = "INSERT INTO command_filters (block, data) VALUES (?, ?)";
const REMOVE_FILTERS: &str = "DELETE FROM command_filters WHERE block BETWEEN ? AND ?";
const REMOVE_PAGES: &str = "DELETE FROM command_pages WHERE page BETWEEN ? AND ?";

static ADD_PAGES: LazyLock<Bulk> = LazyLock::new(|| Bulk::new("INSERT INTO command_pages (page, data)", 2));

/// Executes a statement; how many rows it changed.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $value:expr)*) => {
        sqlx::query($sql)$(.bind($value))*.execute(&mut *$on.0).await.map_err(store)
            .map(|done| done.rows_affected())
    };
}

impl<C: DerefMut<Target = SqliteConnection> + Send> IndexTables for On<C> {
    async fn page_from(&mut self, page: i64) -> Stored<Option<i64>> {
        sqlx::query_scalar(PAGE_FROM).bind(page).fetch_optional(&mut *self.0).await.map_err(store)
    }

    async fn add_segment(&mut self, (segment, entries, buckets): (i64, i64, i64)) -> Stored<()> {
        execute!(self, ADD_SEGMENT, segment, entries, buckets).map(drop)
    }

    async fn remove_segment(&mut self, segment: i64) -> Stored<()> {
        execute!(self, REMOVE_SEGMENT, segment).map(drop)
    }

    async fn add_pages(&mut self, pages: &[(i64, Vec<u8>)]) -> Stored<()> {
        let bind = |(page, data): &(i64, Vec<u8>), row: &mut Row| {
            row.add(*page);
            row.add(data.as_slice());
        };
        ADD_PAGES.execute(&mut self.0, pages, bind).await.map_err(store)
    }

    async fn remove_pages(&mut self, first: i64, last: i64) -> Stored<u64> {
        execute!(self, REMOVE_PAGES, first, last)
    }

    async fn add_filter(&mut self, (block, data): (i64, Vec<u8>)) -> Stored<()> {
        execute!(self, ADD_FILTER, block, data).map(drop)
    }

    async fn remove_filters(&mut self, first: i64, last: i64) -> Stored<()> {
        execute!(self, REMOVE_FILTERS, first, last).map(drop)
    }
}
