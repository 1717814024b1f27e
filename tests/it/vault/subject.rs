//! The vaults under test, and what the cases ask of them again and again.

use std::sync::Arc;

use credit_ledger::identity::vault::{
    Change, Draft, Kind, Shelf, Vault, VaultError, memory::MemoryVault, postgres::PostgresVault,
    sqlite::SqliteVault,
};
use events::{LedgerId, Time};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::postgres::Database;

/// An empty vault of a ledger of its own.
pub(super) struct Subject {
    pub(super) vault: Arc<dyn Vault>,
    /// A second handle on the same rows, as another replica has; the same where there is one process.
    pub(super) beside: Arc<dyn Vault>,
    _directory: Option<TempDir>,
}

impl Subject {
    pub(super) fn memory() -> Self {
        let vault: Arc<dyn Vault> = Arc::new(MemoryVault::new());
        Self { beside: Arc::clone(&vault), vault, _directory: None }
    }

    pub(super) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let opened = SqliteVault::open(directory.path(), LedgerId(Uuid::from_u128(1))).await;
        let vault: Arc<dyn Vault> = Arc::new(opened.expect("a vault"));
        Self { beside: Arc::clone(&vault), vault, _directory: Some(directory) }
    }

    pub(super) async fn postgres() -> Self {
        let (url, ledger) = Database::ledger().await;
        let vault = Arc::new(PostgresVault::open(&url, ledger).await.expect("a vault"));
        let beside = Arc::new(PostgresVault::open(&url, ledger).await.expect("a vault"));
        Self { vault, beside, _directory: None }
    }

    pub(super) fn shelf(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.vault))
    }

    pub(super) async fn commit(&self, changes: Vec<Change>, now: Time) -> Result<(), VaultError> {
        self.vault.commit(changes, now).await
    }

    /// Version and body of a row; none when it is not there.
    pub(super) async fn find(&self, id: &str, now: Time) -> Option<(u64, String)> {
        let row = self.vault.get(Kind::Session, id, now).await.expect("an answer")?;
        assert_eq!((row.kind, &*row.id), (Kind::Session, id));
        Some((row.version, row.body.into()))
    }
}

/// So many seconds after a moment.
pub(super) fn at(seconds: i64) -> Time {
    Time::from_micros(1_800_000_000_000_000 + seconds * 1_000_000)
}

pub(super) fn user(number: u128) -> Uuid {
    Uuid::from_u128(0xabcd_0000 + number)
}

/// A row of the first user's, without an end.
pub(super) fn draft(id: &str, body: &str) -> Draft {
    Draft { kind: Kind::Session, id: id.into(), owner: Some(user(1)), expires: None, body: body.into() }
}

/// The same with an end.
pub(super) fn until(id: &str, body: &str, seconds: i64) -> Draft {
    Draft { expires: Some(at(seconds)), ..draft(id, body) }
}

pub(super) fn delete(id: &str, version: Option<u64>) -> Change {
    Change::Delete { kind: Kind::Session, id: id.into(), version }
}
