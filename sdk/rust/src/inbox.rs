//! Where the app remembers what it has handled: in its own database, so that an event's effect and
//! the memory of it are one transaction.

use std::{error::Error, future::Future};

use events::{Position, Subject};

/// The app's own store. Delivery is at least once; an inbox makes the effect exactly once.
///
/// # In SQL
/// Two tables beside the app's own (PostgreSQL and SQLite):
/// ```sql
/// CREATE TABLE event_cursors (subject TEXT PRIMARY KEY, position BIGINT NOT NULL);
/// CREATE TABLE event_reached (id INTEGER PRIMARY KEY CHECK (id = 1), position BIGINT NOT NULL);
/// ```
/// - [`claim`](Self::claim) is one statement, and true when it changed one row. The row's lock also
///   keeps two consumers apart, so it needs no `SELECT` before it:
/// ```sql
/// INSERT INTO event_cursors (subject, position) VALUES ($1, $2)
/// ON CONFLICT (subject) DO UPDATE SET position = excluded.position
/// WHERE event_cursors.position < excluded.position;
/// ```
/// - [`reached`](Self::reached): `SELECT position FROM event_reached`.
/// - [`set_reached`](Self::set_reached), outside any transaction:
/// ```sql
/// INSERT INTO event_reached (id, position) VALUES (1, $1)
/// ON CONFLICT (id) DO UPDATE SET position = excluded.position
/// WHERE event_reached.position < excluded.position;
/// ```
pub trait Inbox: Send + Sync + 'static {
    /// A transaction of the app's own database. Dropping it undoes it.
    type Transaction: Send;
    /// Why the database didn't do it. The event is tried again, after a pause.
    type Error: Error + Send + Sync + 'static;

    /// Begins a transaction.
    fn begin(&self) -> impl Future<Output = Result<Self::Transaction, Self::Error>> + Send;

    /// Moves the cursor of the subject (mostly a wallet) to `position`, in the transaction. False
    /// when it is there or further: the event was handled before.
    fn claim(
        &self,
        transaction: &mut Self::Transaction,
        subject: Subject,
        position: Position,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Commits: now the event is handled.
    fn commit(&self, transaction: Self::Transaction) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The last [`set_reached`](Self::set_reached); none on the very first start.
    fn reached(&self) -> impl Future<Output = Result<Option<Position>, Self::Error>> + Send;

    /// Notes that everything up to `position` is handled. Written now and then, so it may lag: it only
    /// says where to look for gaps after a start.
    fn set_reached(&self, position: Position) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
