//! An inbox in memory, with a table of the app.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use events::{Position, Subject};

use crate::Inbox;

/// The database of a test: cursors, and one table of rows `T`. Clones share it.
#[derive(Debug)]
pub struct MemoryInbox<T> {
    store: Arc<Mutex<Store<T>>>,
}

#[derive(Debug)]
struct Store<T> {
    cursors: HashMap<Subject, Position>,
    reached: Option<Position>,
    rows: Vec<T>,
}

/// A transaction of a [`MemoryInbox`].
#[derive(Debug)]
pub struct MemoryTransaction<T> {
    claims: Vec<(Subject, Position)>,
    rows: Vec<T>,
}

/// Another transaction has moved the same cursor in the meantime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another transaction has moved the cursor")]
pub struct Conflict;

impl<T> MemoryInbox<T> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let store = Store { cursors: HashMap::new(), reached: None, rows: Vec::new() };
        Self { store: Arc::new(Mutex::new(store)) }
    }

    /// The app's table: what committed transactions have inserted, in order of their commits.
    #[must_use]
    pub fn rows(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.lock().rows.clone()
    }

    /// Up to where everything was noted as handled.
    #[must_use]
    pub fn noted(&self) -> Option<Position> {
        self.lock().reached
    }

    fn lock(&self) -> MutexGuard<'_, Store<T>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> MemoryTransaction<T> {
    /// Adds a row to the app's table.
    pub fn insert(&mut self, row: T) {
        self.rows.push(row);
    }
}

impl<T> Clone for MemoryInbox<T> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store) }
    }
}

impl<T> Default for MemoryInbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + 'static> Inbox for MemoryInbox<T> {
    type Transaction = MemoryTransaction<T>;
    type Error = Conflict;

    async fn begin(&self) -> Result<MemoryTransaction<T>, Conflict> {
        Ok(MemoryTransaction { claims: Vec::new(), rows: Vec::new() })
    }

    async fn claim(
        &self,
        transaction: &mut MemoryTransaction<T>,
        subject: Subject,
        position: Position,
    ) -> Result<bool, Conflict> {
        transaction.claims.push((subject, position));
        Ok(self.lock().is_new(subject, position))
    }

    async fn commit(&self, transaction: MemoryTransaction<T>) -> Result<(), Conflict> {
        let MemoryTransaction { claims, rows } = transaction;
        let mut store = self.lock();
        if !claims.iter().all(|(subject, position)| store.is_new(*subject, *position)) {
            return Err(Conflict);
        }
        store.cursors.extend(claims);
        store.rows.extend(rows);
        Ok(())
    }

    async fn reached(&self) -> Result<Option<Position>, Conflict> {
        Ok(self.lock().reached)
    }

    async fn set_reached(&self, position: Position) -> Result<(), Conflict> {
        let mut store = self.lock();
        store.reached = store.reached.max(Some(position));
        Ok(())
    }
}

impl<T> Store<T> {
    fn is_new(&self, subject: Subject, position: Position) -> bool {
        self.cursors.get(&subject).is_none_or(|cursor| *cursor < position)
    }
}
