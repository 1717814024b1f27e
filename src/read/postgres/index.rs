//! The command index in PostgreSQL, written.

use std::ops::DerefMut;

use sqlx::PgConnection;

use super::{fault::store, tables::On};
use crate::read::stored::tables::{IndexTables, Stored};

const PAGE_FROM: &str =
    "SELECT page FROM command_pages WHERE build = $1 AND page >= $2 ORDER BY page LIMIT 1";
const ADD_SEGMENT: &str =
    "INSERT INTO command_segments (build, segment, entries, buckets) VALUES ($1, $2, $3, $4)";
const REMOVE_SEGMENT: &str = "DELETE FROM command_segments WHERE build = $1 AND segment = $2";
const ADD_PAGES: &str = "INSERT INTO command_pages (build, page, data) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])";
const REMOVE_PAGES: &str = "DELETE FROM command_pages WHERE build = $1 AND page BETWEEN $2 AND $3";
const ADD_FILTER: &str = "INSERT INTO command_filters (build, block, data) VALUES ($1, $2, $3)";
const REMOVE_FILTERS: &str = "DELETE FROM command_filters WHERE build = $1 AND block BETWEEN $2 AND $3";

/// Executes a statement; how many rows it changed. The build is the first parameter of each.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $value:expr)*) => {
        sqlx::query($sql).bind($on.build)$(.bind($value))*
            .execute(&mut *$on.connection).await.map_err(store).map(|done| done.rows_affected())
    };
}

impl<C: DerefMut<Target = PgConnection> + Send> IndexTables for On<C> {
    async fn page_from(&mut self, page: i64) -> Stored<Option<i64>> {
        let query = sqlx::query_scalar(PAGE_FROM).bind(self.build).bind(page);
        query.fetch_optional(&mut *self.connection).await.map_err(store)
    }

    async fn add_segment(&mut self, (segment, entries, buckets): (i64, i64, i64)) -> Stored<()> {
        execute!(self, ADD_SEGMENT, segment, entries, buckets).map(drop)
    }

    async fn remove_segment(&mut self, segment: i64) -> Stored<()> {
        execute!(self, REMOVE_SEGMENT, segment).map(drop)
    }

    async fn add_pages(&mut self, pages: &[(i64, Vec<u8>)]) -> Stored<()> {
        let (numbers, data): (Vec<i64>, Vec<&[u8]>) =
            pages.iter().map(|(page, data)| (*page, data.as_slice())).unzip();
        execute!(self, ADD_PAGES, numbers, data).map(drop)
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
