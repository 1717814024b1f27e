//! What a database must offer to hold the projections: plain reads of its tables. Everything that
//! makes answers of rows is the same for all of them and stands beside this file.

use events::{IdMap, OrgId, Position, Time, WalletId};
use projections::{Basis, ReturnedRow, UsageCounts, WalletRow};
use uuid::Uuid;

use super::{rows::StoredKey, usage::StoredUsage};
use crate::{
    engine::Timer,
    read::{Kept, PeopleQuery, StoreFault, WalletMark, WalletView},
};

/// The result of a read.
pub type Stored<T> = Result<T, StoreFault>;

/// Numbers of an organization, of an app (or `entry_rows::EVERY_APP`) and of a kind
/// of entries, and the first position of a row of that list.
pub type ListKey = (i64, i64, i64, i64);

/// A place that holds one ledger's projections, and connections to it.
pub trait Database: Send + Sync + 'static {
    /// Reads of one statement each.
    type Single: Tables + 'static;
    /// Reads that all see the same rows.
    type Snapshot: Snapshot + 'static;

    /// A connection for reads that don't depend on each other.
    fn single(&self) -> impl Future<Output = Stored<Self::Single>> + Send;

    /// A snapshot of all projections.
    fn snapshot(&self) -> impl Future<Output = Stored<Self::Snapshot>> + Send;

    /// The same for the engine, which waits for no other reader.
    fn engine_snapshot(&self) -> impl Future<Output = Stored<Self::Snapshot>> + Send {
        self.snapshot()
    }

    /// Closes the connections that read.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Tables that stand still for as long as they are looked at.
pub trait Snapshot: Tables {
    /// Lets go of it. One that is dropped instead may cost its connection.
    fn end(self) -> impl Future<Output = Stored<()>> + Send;
}

/// The tables of `migrations/*/read`, read. Lists come in the order of their keys, and `limit` is the
/// most rows that they may have.
pub trait Tables: Send {
    /// The number of events applied.
    fn checkpoint(&mut self) -> impl Future<Output = Stored<Position>> + Send;

    /// A wallet, as of the checkpoint.
    fn wallet(&mut self, wallet: WalletId) -> impl Future<Output = Stored<Option<WalletView>>> + Send;

    /// Those of these wallets that exist.
    fn wallets(&mut self, wallets: &[WalletId]) -> impl Future<Output = Stored<Vec<Kept>>> + Send;

    /// Wallets above `after`.
    fn wallets_after(
        &mut self,
        after: Option<WalletId>,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<Kept>>> + Send;

    /// Timers from `from` on, or above it.
    fn timers(
        &mut self,
        from: Timer,
        itself: bool,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<Timer>>> + Send;

    /// The wallet of an organization as it was after its last marked event below `below`.
    fn mark_below(
        &mut self,
        wallet: (WalletId, OrgId),
        below: Position,
    ) -> impl Future<Output = Stored<Option<WalletRow>>> + Send;

    /// Positions of a wallet's marked events from `from` on.
    fn marked_from(
        &mut self,
        wallet: WalletId,
        from: Position,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<Position>>> + Send;

    /// Marks of wallets above `after`, in order of wallet and event.
    fn marks_after(
        &mut self,
        after: Option<(WalletId, Position)>,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<WalletMark>>> + Send;

    /// What was undone of those of these events of which anything was.
    fn returned(&mut self, events: &[Position]) -> impl Future<Output = Stored<Vec<ReturnedRow>>> + Send;

    /// What was undone of events from `from` on.
    fn returned_from(
        &mut self,
        from: Position,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<ReturnedRow>>> + Send;

    /// What those of these lots cost that were bought at a known price.
    fn bases(&mut self, lots: &[Position]) -> impl Future<Output = Stored<Vec<(Position, Basis)>>> + Send;

    /// What lots from `from` on cost.
    fn bases_from(
        &mut self,
        from: Position,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<(Position, Basis)>>> + Send;

    /// The numbers of all organizations and apps.
    fn numbers(&mut self) -> impl Future<Output = Stored<IdMap<Uuid, i64>>> + Send;

    /// The organizations and apps that have these numbers.
    fn numbered(&mut self, numbers: &[i64]) -> impl Future<Output = Stored<Vec<(i64, Uuid)>>> + Send;

    /// The number of an organization or app, if it has one.
    fn number(&mut self, id: Uuid) -> impl Future<Output = Stored<Option<i64>>> + Send;

    /// The pages that hold the entries from `from` up to, not including, `to`.
    fn entry_pages(
        &mut self,
        from: Position,
        to: Position,
    ) -> impl Future<Output = Stored<Vec<Vec<u8>>>> + Send;

    /// The page of entries that begins at `first`.
    fn entry_page(&mut self, first: Position) -> impl Future<Output = Stored<Vec<u8>>> + Send;

    /// The first page of entries that begins at or after a position: where it begins, and when.
    fn entry_page_after(
        &mut self,
        from: Position,
    ) -> impl Future<Output = Stored<Option<(Position, Time)>>> + Send;

    /// Rows of the list of a key that begin below its position, newest first.
    fn list_below(
        &mut self,
        key: ListKey,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<(i64, Vec<u8>)>>> + Send;

    /// Rows of lists above a key.
    fn lists_after(
        &mut self,
        key: ListKey,
        limit: usize,
    ) -> impl Future<Output = Stored<Vec<(ListKey, Vec<u8>)>>> + Send;

    /// Counters of one organization from one day up to, not including, another, or all of them. Days
    /// are counted from 1970-01-01 on.
    fn usage(&mut self, of: Option<(i64, i64, i64)>)
    -> impl Future<Output = Stored<Vec<StoredUsage>>> + Send;

    /// Organization, position and packed totals of the last mark of each organization, or of all marks.
    fn liability(
        &mut self,
        only_last: bool,
    ) -> impl Future<Output = Stored<Vec<(Uuid, i64, Vec<u8>)>>> + Send;

    /// The packed totals of an organization's last mark at or below a position.
    fn totals(&mut self, org: i64, upto: Position) -> impl Future<Output = Stored<Option<Vec<u8>>>> + Send;

    /// Version, organization and JSON of all prices, or of one organization's.
    fn prices(&mut self, of: Option<OrgId>) -> impl Future<Output = Stored<Vec<(i64, Uuid, String)>>> + Send;

    /// Version, organization and JSON of all policies, or of one organization's.
    fn policies(
        &mut self,
        of: Option<OrgId>,
    ) -> impl Future<Output = Stored<Vec<(i64, Uuid, String)>>> + Send;

    /// Ids and names of all organizations.
    fn organizations(&mut self) -> impl Future<Output = Stored<Vec<(Uuid, String)>>> + Send;

    /// Id, organization, name and time of all apps.
    fn apps(&mut self) -> impl Future<Output = Stored<Vec<(Uuid, Uuid, String, i64)>>> + Send;

    /// All keys.
    fn keys(&mut self) -> impl Future<Output = Stored<Vec<StoredKey>>> + Send;

    /// The JSON of rows about people.
    fn people(&mut self, of: PeopleQuery) -> impl Future<Output = Stored<Vec<String>>> + Send;

    /// Number, entries and buckets of each segment of the command index.
    fn segments(&mut self) -> impl Future<Output = Stored<Vec<(i64, i64, i64)>>> + Send;

    /// All filters of the command index by their blocks' numbers.
    fn filters(&mut self) -> impl Future<Output = Stored<Vec<(i64, Vec<u8>)>>> + Send;

    /// Those of these pages of the command index that exist, in any order.
    fn pages(&mut self, pages: &[i64]) -> impl Future<Output = Stored<Vec<Vec<u8>>>> + Send;

    /// The pages of the command index from one to another.
    fn pages_between(&mut self, first: i64, last: i64) -> impl Future<Output = Stored<Vec<Vec<u8>>>> + Send;
}

/// The command index, written. Every call is a part of the caller's transaction.
pub(in crate::read) trait IndexTables: Tables {
    /// The first page at or above a number.
    fn page_from(&mut self, page: i64) -> impl Future<Output = Stored<Option<i64>>> + Send;

    /// Adds a segment: its number, entries and buckets.
    fn add_segment(&mut self, segment: (i64, i64, i64)) -> impl Future<Output = Stored<()>> + Send;

    /// Removes a segment, without its pages and filters.
    fn remove_segment(&mut self, segment: i64) -> impl Future<Output = Stored<()>> + Send;

    /// Adds pages.
    fn add_pages(&mut self, pages: &[(i64, Vec<u8>)]) -> impl Future<Output = Stored<()>> + Send;

    /// Removes pages from one to another; how many there were.
    fn remove_pages(&mut self, first: i64, last: i64) -> impl Future<Output = Stored<u64>> + Send;

    /// Adds the filter of a block.
    fn add_filter(&mut self, filter: (i64, Vec<u8>)) -> impl Future<Output = Stored<()>> + Send;

    /// Removes filters from one block to another.
    fn remove_filters(&mut self, first: i64, last: i64) -> impl Future<Output = Stored<()>> + Send;
}

/// A counter as [`Tables::usage`] gives it, by name.
pub(super) type Counter = (projections::UsageKey, UsageCounts);
