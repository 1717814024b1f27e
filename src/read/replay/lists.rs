//! The lists of entries that filters read, against those that the log makes.

use std::{collections::BTreeSet, fmt, iter, pin::pin, sync::Arc};

use events::{AppId, IdMap, OrgId, Position, Recorded};
use futures::StreamExt;
use projections::{EntryKind, EntryRow, Parts};

use super::{Differences, ReplayFault, answer_digest};
use crate::{
    log::Log,
    read::{Live, StoreFault, decoded},
};

/// Which entries a list holds: those of an organization of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryList {
    /// The organization.
    pub org: OrgId,
    /// Only those by this app; by anyone, when there is none.
    pub app: Option<AppId>,
    /// Their kind.
    pub kind: EntryKind,
}

impl EntryList {
    /// The lists that hold this entry: its organization's, and that of the app that acted.
    pub fn of(entry: &EntryRow) -> impl Iterator<Item = Self> {
        let EntryRow { org, kind, .. } = *entry;
        let by_app = entry.app.map(|app| Self { org, app: Some(app), kind });
        iter::once(Self { org, app: None, kind }).chain(by_app)
    }
}

impl fmt::Display for EntryList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the list of entries of kind {} of organization {}", self.kind.as_str(), self.org)?;
        self.app.map_or(Ok(()), |app| write!(f, " and app {app}"))
    }
}

/// A number by which two lists are compared: equal when they hold the same positions in the same
/// order, and hardly ever otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListDigest {
    count: u64,
    sum: u128,
}

impl ListDigest {
    /// Takes in the list's next position.
    pub fn add(&mut self, position: Position) {
        self.sum = self.sum.wrapping_add(answer_digest(self.count, position.get()));
        self.count += 1;
    }
}

/// The lists that the log makes, by their digests.
#[derive(Debug, Default)]
pub(super) struct Lists(IdMap<EntryList, ListDigest>);

impl Lists {
    /// Takes in the next entries.
    pub(super) fn add(&mut self, entries: &[EntryRow]) {
        for entry in entries {
            for list in EntryList::of(entry) {
                self.0.entry(list).or_default().add(entry.position);
            }
        }
    }

    /// Compares all lists, and position by position those that differ.
    pub(super) async fn compare(
        mut self,
        live: &impl Live,
        log: Arc<dyn Log>,
        until: Position,
        differences: &mut Differences,
    ) -> Result<(), ReplayFault> {
        let stored = live.list_digests().await?.into_iter();
        let differing = stored.filter(|(list, digest)| self.0.remove(list) != Some(*digest));
        let mut differing: BTreeSet<EntryList> = differing.map(|(list, _)| list).collect();
        differing.extend(self.0.into_keys());
        if differing.is_empty() {
            return Ok(());
        }
        let mut unexplained = differing.clone();
        let mut pages = pin!(decoded(log, Position(0), until));
        while let Some(page) = pages.next().await {
            let page = page?;
            let range = (page.first, page.first.plus(page.events.len() as u64));
            let entries: Vec<EntryRow> = page.events.iter().filter_map(unparted).collect();
            for list in &differing {
                if describe(live, *list, range, &entries, differences).await? {
                    unexplained.remove(list);
                }
            }
        }
        for list in &differing {
            if describe(live, *list, (until, END), &[], differences).await? {
                unexplained.remove(list);
            }
        }
        unexplained.iter().for_each(|list| differences.note(|| format!("{list} is not in order")));
        Ok(())
    }
}

/// The entry of an event, but for its parts, which no list knows.
fn unparted(recorded: &Recorded) -> Option<EntryRow> {
    EntryRow::of(recorded, Parts::default())
}

/// Above every position: SQLite's numbers end here.
pub(super) const END: Position = Position(i64::MAX as u64);

/// Describes how a stored list differs from what the log makes it at positions from `from` up to, not
/// including, `to`; false when it doesn't.
async fn describe(
    live: &impl Live,
    list: EntryList,
    (from, to): (Position, Position),
    entries: &[EntryRow],
    differences: &mut Differences,
) -> Result<bool, StoreFault> {
    let before = differences.differing;
    let mut stored: BTreeSet<Position> = live.listed(list, from, to).await?.into_iter().collect();
    for entry in entries.iter().filter(|entry| EntryList::of(entry).any(|of| of == list)) {
        if !stored.remove(&entry.position) {
            differences.note(|| format!("the entry at {} is not in {list}", entry.position));
        }
    }
    for position in stored {
        differences.note(|| format!("{position} is in {list}, the log has no such entry there"));
    }
    Ok(differences.differing > before)
}
