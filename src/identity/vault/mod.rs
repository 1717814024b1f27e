//! The vault: what identity keeps beside the log, because it is secret, personal, short-lived or changes often.
//!
//! One table of typed [`Row`]s, each with a kind, an id, at most one owner, an optional end and a
//! version; and one of [`Activity`]. A [`Vault`] is an adapter's view of one ledger's rows; [`Shelf`] is
//! what the rest of identity uses. No id is a secret: what is found by a secret has the secret's own
//! public id, or its keyed hash.

mod activity;
mod asked;
pub mod memory;
pub mod postgres;
mod row;
mod shelf;
mod sql;
pub mod sqlite;
mod stored;

pub use activity::{
    Activity, ActivityCount, ActivityKind, ActivityPage, ActivityQuery, MAX_AGENT_CHARS, Outcome, Recalled,
};
pub use row::{Change, Draft, Kind, Row, VaultError};
pub use shelf::{Kept, Shelf, Stored};

use events::Time;
use futures::future::BoxFuture;
use uuid::Uuid;

/// Keeps rows and activity of one ledger. `now` decides what has expired: an expired row is not there,
/// whether or not it was cleaned up already.
///
/// Every method fails with [`VaultError::Unavailable`] when the database can't be asked.
pub trait Vault: Send + Sync + 'static {
    /// The row of this kind and id.
    fn get<'a>(
        &'a self,
        kind: Kind,
        id: &'a str,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Row>, VaultError>>;

    /// An owner's rows of a kind, by id, those after `after`.
    fn of_owner<'a>(
        &'a self,
        kind: Kind,
        owner: Uuid,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>>;

    /// Everybody's rows of a kind, by id, those after `after`.
    fn all<'a>(
        &'a self,
        kind: Kind,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>>;

    /// Makes all of these changes, durably, or none: [`VaultError::Conflict`] when the condition of one
    /// of them does not hold.
    fn commit(&self, changes: Vec<Change>, now: Time) -> BoxFuture<'_, Result<(), VaultError>>;

    /// Deletes up to `limit` rows that have expired; says how many.
    fn expire(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>>;

    /// Keeps what happened, in this order.
    fn note(&self, activity: Vec<Activity>) -> BoxFuture<'_, Result<(), VaultError>>;

    /// What happened, newest first.
    fn activity(&self, query: ActivityQuery) -> BoxFuture<'_, Result<ActivityPage, VaultError>>;

    /// How often what happened, by day (UTC), kind and outcome, in that order.
    fn activity_counts(&self, query: ActivityQuery) -> BoxFuture<'_, Result<Vec<ActivityCount>, VaultError>>;

    /// Forgets up to `limit` things that happened before `before`; says how many.
    fn forget_activity(&self, before: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>>;

    /// Waits for the write in progress and closes the database. Later calls find it unavailable.
    fn close(&self) -> BoxFuture<'_, ()>;
}
