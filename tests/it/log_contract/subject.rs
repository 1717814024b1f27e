//! The logs under test, and what the cases ask of them again and again.

use std::path::Path;

use credit_ledger::log::{Bodies, Log, Page, sqlite::SqliteLog};
use events::Position;

pub(super) use crate::support::logs::FreshLog as Subject;

impl Subject {
    /// Appends at the head, whatever it is, and returns the new one.
    pub(super) async fn append(&self, group: &Bodies) -> Position {
        append(&*self.log, group).await
    }

    pub(super) async fn head(&self) -> u64 {
        self.log.head().await.expect("a head").get()
    }

    pub(super) async fn all(&self) -> Vec<Vec<u8>> {
        all(&*self.log).await
    }
}

pub(super) async fn open(directory: &Path) -> SqliteLog {
    SqliteLog::open(directory).await.expect("a log that can be opened")
}

pub(super) async fn append(log: &dyn Log, group: &Bodies) -> Position {
    let head = log.head().await.expect("a head");
    log.append(head, group).await.expect("an append at the head succeeds")
}

/// All events, read in small pages.
pub(super) async fn all(log: &dyn Log) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    loop {
        let page: Page = log.read(Position(events.len() as u64), 100).await.expect("a page");
        if page.is_empty() {
            return events;
        }
        events.extend(page.bodies.iter().map(<[u8]>::to_vec));
    }
}

pub(super) fn group<B: AsRef<[u8]>>(bodies: impl IntoIterator<Item = B>) -> Bodies {
    bodies.into_iter().collect()
}

/// `count` events that say at which position they belong, from `first` on.
pub(super) fn numbered(first: u64, count: u64) -> Bodies {
    group((first..first + count).map(|position| format!("event {position}")))
}
