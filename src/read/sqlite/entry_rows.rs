//! Entries on disk: pages of them in order of position, and the lists of positions that filters read.

use events::{AppId, IdMap, OrgId, Position};
use futures::TryStreamExt;
use projections::{EntryKind, EntryRow, pack_entries, pack_positions, unpack_entries, unpack_positions};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    bulk::{Bulk, Row},
    fault::{corrupt, store},
    rows::{ids, position},
};
use crate::read::{
    StoreFault,
    replay::{EntryList, ListDigest},
};

/// The pages that hold the entries from `?1` up to, not including, `?2`.
const PAGES: &str = "SELECT data FROM entries WHERE first < ?2 \
     AND first >= coalesce((SELECT max(first) FROM entries WHERE first <= ?1), ?1) ORDER BY first";

const PAGE: &str = "SELECT data FROM entries WHERE first = ?";

/// A list's rows, newest first.
const LIST: &str = "SELECT first, data FROM entry_lists WHERE org = ?1 AND app = ?2 AND kind = ?3 AND first < ?4 \
     ORDER BY first DESC";

const LISTS: &str = "SELECT org, app, kind, first, data FROM entry_lists ORDER BY org, app, kind, first";

/// Entries of a page, some 18 KB: few rows to write, and a page is unpacked in microseconds.
const PAGE_ENTRIES: usize = 512;

/// Positions of a row of a list: it then fits into a page of the database.
const LIST_POSITIONS: usize = 512;

/// The number that stands for all apps of an organization, and for its operators.
pub(super) const EVERY_APP: i64 = 0;

/// A part of a list.
struct ListRow {
    org: i64,
    app: i64,
    kind: u8,
    first: Position,
    data: Vec<u8>,
}

/// The statements that write entries.
pub(super) struct EntryStatements {
    pages: Bulk,
    lists: Bulk,
}

impl EntryStatements {
    pub(super) fn new() -> Self {
        Self {
            pages: Bulk::new("INSERT INTO entries (first, time, data)", 3),
            lists: Bulk::new("INSERT INTO entry_lists (org, app, kind, first, data)", 5),
        }
    }

    /// Writes the entries of a batch. `number` knows the numbers of all their organizations and apps.
    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        entries: &[EntryRow],
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), StoreFault> {
        let pages: Vec<(&EntryRow, Vec<u8>)> =
            entries.chunks(PAGE_ENTRIES).map(|page| (&page[0], pack_entries(page))).collect();
        let bind = |(first, data): &(&EntryRow, Vec<u8>), row: &mut Row| {
            row.number(first.position.get());
            row.add(first.time.micros());
            row.add(data.as_slice());
        };
        self.pages.execute(connection, &pages, bind).await.map_err(store)?;
        let lists = lists(entries, number).ok_or_else(|| corrupt("an organization or app has no number"))?;
        let bind = |of: &ListRow, row: &mut Row| {
            row.add(of.org);
            row.add(of.app);
            row.add(i64::from(of.kind));
            row.number(of.first.get());
            row.add(of.data.as_slice());
        };
        self.lists.execute(connection, &lists, bind).await.map_err(store)
    }
}

/// What these entries add to the lists; `None` when an id has no number.
fn lists(entries: &[EntryRow], number: impl Fn(Uuid) -> Option<i64>) -> Option<Vec<ListRow>> {
    let mut lists: IdMap<EntryList, Vec<Position>> = IdMap::default();
    for entry in entries {
        for list in EntryList::of(entry) {
            lists.entry(list).or_default().push(entry.position);
        }
    }
    let mut rows = Vec::with_capacity(lists.len() + entries.len() / LIST_POSITIONS);
    for (EntryList { org, app, kind }, positions) in lists {
        let org = number(org.0)?;
        let app = app.map_or(Some(EVERY_APP), |app| number(app.0))?;
        rows.extend(positions.chunks(LIST_POSITIONS).map(|positions| ListRow {
            org,
            app,
            kind: kind.code(),
            first: positions[0],
            data: pack_positions(positions),
        }));
    }
    rows.sort_unstable_by_key(|row| (row.org, row.app, row.kind, row.first));
    Some(rows)
}

/// The entries at positions from `from` up to, not including, `to`, in order.
pub(super) async fn between(
    connection: &mut SqliteConnection,
    from: Position,
    to: Position,
) -> Result<Vec<EntryRow>, StoreFault> {
    let (first, end) = (from.get().cast_signed(), to.get().cast_signed());
    let pages = sqlx::query_scalar(PAGES).bind(first).bind(end).fetch_all(connection);
    let pages: Vec<Vec<u8>> = pages.await.map_err(store)?;
    let mut entries = Vec::new();
    for page in pages {
        entries.extend(unpack(&page, from)?.into_iter().filter(|entry| (from..to).contains(&entry.position)));
    }
    Ok(entries)
}

/// All entries of the page that begins at `first`.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    first: Position,
) -> Result<Vec<EntryRow>, StoreFault> {
    let data = sqlx::query_scalar(PAGE).bind(first.get().cast_signed()).fetch_one(connection);
    let data: Vec<u8> = data.await.map_err(store)?;
    unpack(&data, first)
}

fn unpack(page: &[u8], near: Position) -> Result<Vec<EntryRow>, StoreFault> {
    unpack_entries(page).ok_or_else(|| corrupt(format!("a page of entries at {near} can't be read")))
}

/// The positions of a row of a list; its key and its bytes must agree, or queries would skip some.
fn unpack_list(first: i64, data: &[u8]) -> Result<Vec<Position>, StoreFault> {
    let positions = unpack_positions(data);
    positions
        .filter(|positions| positions.first() == Some(&position(first)))
        .ok_or_else(|| corrupt(format!("a row of a list of entries, from {first} on, can't be read")))
}

/// All lists, with the digest of what each one leads to.
pub(super) async fn list_digests(
    connection: &mut SqliteConnection,
) -> Result<Vec<(EntryList, ListDigest)>, StoreFault> {
    let mut digests: Vec<((i64, i64, u8), ListDigest)> = Vec::new();
    {
        let mut rows = sqlx::query_as::<_, (i64, i64, u8, i64, Vec<u8>)>(LISTS).fetch(&mut *connection);
        while let Some((org, app, kind, first, data)) = rows.try_next().await.map_err(store)? {
            let mut digest = match digests.pop_if(|(list, _)| *list == (org, app, kind)) {
                Some((_, digest)) => digest,
                None => ListDigest::default(),
            };
            unpack_list(first, &data)?.into_iter().for_each(|position| digest.add(position));
            digests.push(((org, app, kind), digest));
        }
    }
    let ids = ids(connection).await?;
    let named = digests.into_iter().map(|((org, app, kind), digest)| {
        let app = if app == EVERY_APP { Some(None) } else { ids.get(&app).map(|app| Some(AppId(*app))) };
        let list = ids.get(&org).zip(app).zip(EntryKind::from_code(kind));
        list.map(|((org, app), kind)| (EntryList { org: OrgId(*org), app, kind }, digest))
    });
    let named: Option<Vec<_>> = named.collect();
    named.ok_or_else(|| corrupt("a list of entries is of an unknown organization, app or kind"))
}

/// A list of positions, by numbers of the organization and the app.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub(super) org: i64,
    pub(super) app: i64,
    pub(super) kind: EntryKind,
}

impl List {
    /// Adds to `found` the newest positions of the list from `from` up to, not including, `until`: at
    /// most `limit`.
    pub(super) async fn newest(
        self,
        connection: &mut SqliteConnection,
        (from, until): (Position, Position),
        limit: usize,
        found: &mut Vec<Position>,
    ) -> Result<(), StoreFault> {
        let query = sqlx::query_as::<_, (i64, Vec<u8>)>(LIST).bind(self.org).bind(self.app);
        let query = query.bind(i64::from(self.kind.code())).bind(until.get().cast_signed());
        let mut rows = query.fetch(connection);
        let most = found.len().saturating_add(limit);
        while let Some((first, data)) = rows.try_next().await.map_err(store)? {
            for position in unpack_list(first, &data)?.into_iter().rev().filter(|position| *position < until)
            {
                if position < from || found.len() == most {
                    return Ok(());
                }
                found.push(position);
            }
        }
        Ok(())
    }
}
