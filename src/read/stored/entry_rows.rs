//! Entries as they are stored: pages of them in order of position, and the lists of positions that
//! filters read.

use events::{AppId, IdMap, OrgId, Position};
use projections::{EntryKind, EntryRow, pack_entries, pack_positions, unpack_entries, unpack_positions};
use uuid::Uuid;

use super::{
    corrupt, ids,
    rows::{position, signed},
    tables::{ListKey, Stored, Tables},
};
use crate::read::replay::{EntryList, ListDigest};

/// Entries of a page, some 18 KB: few rows to write, and a page is unpacked in microseconds.
const PAGE_ENTRIES: usize = 512;

/// Positions of a row of a list: it then fits into a page of the database.
const LIST_POSITIONS: usize = 512;

/// Rows of lists that are read at once at most.
const LIST_ROWS: usize = 1_024;

/// The number that stands for all apps of an organization, and for its operators.
pub(super) const EVERY_APP: i64 = 0;

/// The pages of a batch's entries: where each begins, when in microseconds, and its bytes.
pub(in crate::read) fn pages(entries: &[EntryRow]) -> Vec<(i64, i64, Vec<u8>)> {
    let page = |page: &[EntryRow]| (signed(page[0].position), page[0].time.micros(), pack_entries(page));
    entries.chunks(PAGE_ENTRIES).map(page).collect()
}

/// What these entries add to the lists; `number` knows the numbers of all their organizations and apps.
pub(in crate::read) fn lists(
    entries: &[EntryRow],
    number: impl Fn(Uuid) -> Option<i64>,
) -> Stored<Vec<(ListKey, Vec<u8>)>> {
    let mut lists: IdMap<EntryList, Vec<Position>> = IdMap::default();
    for entry in entries {
        for list in EntryList::of(entry) {
            lists.entry(list).or_default().push(entry.position);
        }
    }
    let mut rows = Vec::with_capacity(lists.len() + entries.len() / LIST_POSITIONS);
    for (EntryList { org, app, kind }, positions) in lists {
        let app = app.map_or(Some(EVERY_APP), |app| number(app.0));
        let unknown = || corrupt("an organization or app has no number");
        let (org, app) = number(org.0).zip(app).ok_or_else(unknown)?;
        rows.extend(positions.chunks(LIST_POSITIONS).map(|positions| {
            ((org, app, i64::from(kind.code()), signed(positions[0])), pack_positions(positions))
        }));
    }
    rows.sort_unstable_by_key(|(key, _)| *key);
    Ok(rows)
}

/// The entries at positions from `from` up to, not including, `to`, in order.
pub(in crate::read) async fn between(
    tables: &mut impl Tables,
    from: Position,
    to: Position,
) -> Stored<Vec<EntryRow>> {
    let mut entries = Vec::new();
    for page in tables.entry_pages(from, to).await? {
        entries.extend(unpack(&page, from)?.into_iter().filter(|entry| (from..to).contains(&entry.position)));
    }
    Ok(entries)
}

/// All entries of the page that begins at `first`.
pub(super) async fn page(tables: &mut impl Tables, first: Position) -> Stored<Vec<EntryRow>> {
    unpack(&tables.entry_page(first).await?, first)
}

fn unpack(page: &[u8], near: Position) -> Stored<Vec<EntryRow>> {
    unpack_entries(page).ok_or_else(|| corrupt(format!("a page of entries at {near} can't be read")))
}

/// The positions of a row of a list; its key and its bytes must agree, or queries would skip some.
fn unpack_list(first: i64, data: &[u8]) -> Stored<Vec<Position>> {
    let positions = unpack_positions(data);
    positions
        .filter(|positions| positions.first() == Some(&position(first)))
        .ok_or_else(|| corrupt(format!("a row of a list of entries, from {first} on, can't be read")))
}

/// All lists, with the digest of what each one leads to.
pub(super) async fn list_digests(tables: &mut impl Tables) -> Stored<Vec<(EntryList, ListDigest)>> {
    let mut digests: Vec<((i64, i64, i64), ListDigest)> = Vec::new();
    let mut after: ListKey = (i64::MIN, i64::MIN, i64::MIN, i64::MIN);
    loop {
        let rows = tables.lists_after(after, LIST_ROWS).await?;
        let Some((last, _)) = rows.last() else { break };
        after = *last;
        for ((org, app, kind, first), data) in rows {
            let mut digest = match digests.pop_if(|(list, _)| *list == (org, app, kind)) {
                Some((_, digest)) => digest,
                None => ListDigest::default(),
            };
            unpack_list(first, &data)?.into_iter().for_each(|position| digest.add(position));
            digests.push(((org, app, kind), digest));
        }
    }
    let ids = ids(tables).await?;
    let named = digests.into_iter().map(|((org, app, kind), digest)| {
        let app = if app == EVERY_APP { Some(None) } else { ids.get(&app).map(|app| Some(AppId(*app))) };
        let kind = u8::try_from(kind).ok().and_then(EntryKind::from_code);
        let list = ids.get(&org).zip(app).zip(kind);
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
        tables: &mut impl Tables,
        (from, until): (Position, Position),
        limit: usize,
        found: &mut Vec<Position>,
    ) -> Stored<()> {
        let most = found.len().saturating_add(limit);
        let mut below = signed(until);
        loop {
            // A row has one position or more.
            let (key, rows) =
                ((self.org, self.app, i64::from(self.kind.code()), below), limit.min(LIST_ROWS));
            let rows = tables.list_below(key, rows).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            below = *last;
            for (first, data) in rows {
                let positions = unpack_list(first, &data)?;
                for position in positions.into_iter().rev().filter(|position| *position < until) {
                    if position < from || found.len() == most {
                        return Ok(());
                    }
                    found.push(position);
                }
            }
        }
    }
}
