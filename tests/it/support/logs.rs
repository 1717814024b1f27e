//! A fresh log of each kind, removed with what it lives in at the end of the test.

use std::sync::Arc;

use credit_ledger::log::{Log, memory::MemoryLog, postgres::PostgresLog, sqlite::SqliteLog};
use tempfile::TempDir;

use super::postgres::Database;

/// An empty log of nobody else's.
pub(crate) struct FreshLog {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) home: Home,
}

/// Where a log lives.
pub(crate) enum Home {
    /// In memory.
    Nowhere,
    /// In SQLite's files.
    Directory(TempDir),
    /// In the database that many tests share, under a number of its own.
    SharedDatabase,
    /// In an event store.
    #[cfg(feature = "eventstoredb")]
    Store {
        /// Ends with this.
        _store: crate::kurrent::Store,
    },
}

impl FreshLog {
    pub(crate) fn memory() -> Self {
        Self { log: Arc::new(MemoryLog::new()), home: Home::Nowhere }
    }

    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let log = SqliteLog::open(directory.path()).await.expect("a log that can be opened");
        Self { log: Arc::new(log), home: Home::Directory(directory) }
    }

    pub(crate) async fn postgres() -> Self {
        let (url, ledger) = Database::ledger().await;
        let log = PostgresLog::connect(&url, Some(ledger)).await.expect("a log that can be opened");
        Self { log: Arc::new(log), home: Home::SharedDatabase }
    }

    /// In the store that `CREDIT_LEDGER_TEST_EVENTSTORE` names, or in a double.
    #[cfg(feature = "eventstoredb")]
    pub(crate) async fn kurrent() -> Self {
        let store = crate::kurrent::Store::start().await;
        Self { log: Arc::new(store.open().await), home: Home::Store { _store: store } }
    }
}
