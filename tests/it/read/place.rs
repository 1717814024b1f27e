//! The databases that hold projections under test, and what the cases do with them.

mod postgres;
mod sqlite;

use std::sync::Arc;

use credit_ledger::{
    log::{Log, Recent},
    read::{Database, Halted, Projected, Store, StoredReads},
};
use events::{LedgerId, Position};
use tokio_util::sync::CancellationToken;

pub(super) use self::{postgres::Postgres, sqlite::Sqlite};

/// Why projections can't be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("of another version")]
    NotCurrent,
    #[error("of ledger {0}")]
    OtherLedger(LedgerId),
    #[error(transparent)]
    Halted(Halted),
    #[error("{0}")]
    Otherwise(String),
}

/// A place for the projections of a test, removed at its end.
pub(super) trait Place: Sized {
    type Database: Database;
    type Frozen: Database;
    type Store: Store;

    async fn new() -> Self;

    /// Another place with the same projections, which nobody has open.
    async fn copy(&self) -> Self;

    async fn start(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        recent: Arc<Recent>,
        stop: CancellationToken,
    ) -> Result<Projected<Self::Database>, Refused>;

    /// The projections of the whole log, at rest.
    async fn at_rest(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused>;

    /// The projections as they are.
    async fn frozen(&self, ledger: LedgerId, log: Arc<dyn Log>)
    -> Result<StoredReads<Self::Frozen>, Refused>;

    async fn rebuild(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        report: impl FnMut(Position, Position) + Send,
    ) -> Result<(), Refused>;

    async fn store(&self, ledger: LedgerId) -> Self::Store;

    fn beside(&self, store: &Self::Store, log: Arc<dyn Log>) -> StoredReads<Self::Database>;

    /// Runs one statement behind the back of whoever has it open; returns how many rows it changed.
    async fn tamper(&self, statement: impl Into<String>) -> u64;

    /// Bytes in a statement.
    fn bytes(hex: &str) -> String;

    /// An id in a statement.
    fn id(hex: &str) -> String;

    /// A statement that adds a row.
    fn insert(table: &str, columns: &str, values: &str) -> String;

    /// `data` with another second byte, and with another last byte, in a statement.
    const SECOND_CHANGED: &str;
    const LAST_CHANGED: &str;

    /// Of so many rows of a batch one is mined.
    const MINED: usize;

    /// Makes writing fail after so many rows, which `mine` holds, of any of these tables.
    async fn mine(&self, tables: &[&str]);

    /// Statements that make writing segments fail, as anything may fail; `DROP_REFUSAL` ends it.
    const REFUSALS: &[&str];
    const DROP_REFUSAL: &str;

    /// Statements that make projections those of another version, and whether they can still be told
    /// to be that without a right to change them.
    const OUTDATED: &[(&str, bool)];

    /// What makes of this release's tables those of the one before, which had no people.
    const BEFORE_PEOPLE: &[&str];

    /// Runs the migrations that an operator runs by hand.
    async fn migrate(&self);

    /// Leaves what a crash while building anew leaves.
    async fn leave_over(&self);

    /// Whether nothing of earlier or interrupted builds is there.
    async fn is_tidy(&self) -> bool;

    /// The projections of the whole log, which nothing keeps from being there.
    async fn project(&self, ledger: LedgerId, log: Arc<dyn Log>) -> StoredReads<Self::Database> {
        self.at_rest(ledger, log).await.expect("projections")
    }

    async fn opened(&self, ledger: LedgerId, log: Arc<dyn Log>) -> StoredReads<Self::Frozen> {
        self.frozen(ledger, log).await.expect("projections")
    }
}

/// Makes a test of each case for each database: `sqlite::<case>` and `postgres::<case>`.
macro_rules! on_every_store {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case::<crate::read::place::Sqlite>().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case::<crate::read::place::Postgres>().await;
            })+
        }
    };
}
pub(super) use on_every_store;
