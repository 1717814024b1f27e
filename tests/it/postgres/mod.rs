//! What is particular to PostgreSQL.

mod auditing;
mod cuts;
mod damage;
mod history;
mod ledgers;
mod listening;
mod migrating;
mod outages;
mod partitions;
mod racing;
mod roles;
mod settings;

use credit_ledger::log::{Bodies, Log, postgres::PostgresLog};
use events::{LedgerId, Position};

use crate::support::postgres::Database;

/// The only ledger of the database.
async fn open(database: &Database) -> PostgresLog {
    PostgresLog::connect(&database.url(), None).await.expect("a log that can be opened")
}

/// The ledger with this id.
async fn open_ledger(url: &str, ledger: LedgerId) -> PostgresLog {
    PostgresLog::connect(url, Some(ledger)).await.expect("a log that can be opened")
}

/// `count` events that say at which position they belong, from `first` on.
fn numbered(first: u64, count: u64) -> Bodies {
    (first..first + count).map(|position| format!("event {position}")).collect()
}

/// All events, read in pages of `limit`.
async fn all(log: &dyn Log, limit: usize) -> Bodies {
    let mut events = Bodies::default();
    loop {
        let page = log.read(Position(events.len() as u64), limit).await.expect("a page");
        if page.is_empty() {
            return events;
        }
        page.bodies.iter().for_each(|body| events.push(body));
    }
}
