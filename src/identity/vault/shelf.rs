//! Rows as values of their own types.

use std::sync::Arc;

use events::Time;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{Change, Draft, Kind, Row, Vault, VaultError};

/// What is kept in rows of one kind.
pub trait Kept: Serialize + DeserializeOwned + Send + Sync {
    /// The kind of its rows.
    const KIND: Kind;
}

/// A value that is kept, with what is known of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The row's id.
    pub id: Box<str>,
    /// Whose it is.
    pub owner: Option<Uuid>,
    /// From this moment on it is not there any more.
    pub expires: Option<Time>,
    /// The row's version, which changes with each write.
    pub version: u64,
    /// What is kept.
    pub value: T,
}

impl<T: Kept> Stored<T> {
    /// The change that writes this back, if nobody else has meanwhile.
    #[must_use]
    pub fn replaced(&self) -> Change {
        Change::Replace(Draft::of(&*self.id, self.owner, self.expires, &self.value), self.version)
    }

    /// The change that takes this away, if nobody else has changed it meanwhile.
    #[must_use]
    pub fn taken(&self) -> Change {
        Change::Delete { kind: T::KIND, id: self.id.clone(), version: Some(self.version) }
    }
}

impl Draft {
    /// The draft of a row that keeps `value`.
    ///
    /// # Panics
    /// When the value has no JSON form: a mistake of its type.
    #[must_use]
    pub fn of<T: Kept>(
        id: impl Into<Box<str>>,
        owner: Option<Uuid>,
        expires: Option<Time>,
        value: &T,
    ) -> Self {
        let body = serde_json::to_string(value).expect("what is kept has a JSON form").into();
        Self { kind: T::KIND, id: id.into(), owner, expires, body }
    }
}

/// The vault by types instead of kinds. Clones share it.
#[derive(Clone)]
pub struct Shelf {
    vault: Arc<dyn Vault>,
}

impl Shelf {
    /// The rows of this vault.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self { vault }
    }

    /// The vault itself.
    #[must_use]
    pub fn vault(&self) -> &Arc<dyn Vault> {
        &self.vault
    }

    /// The value with this id.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] or [`VaultError::Corrupt`], as of every method here that reads.
    pub async fn get<T: Kept>(&self, id: &str, now: Time) -> Result<Option<Stored<T>>, VaultError> {
        self.vault.get(T::KIND, id, now).await?.map(parse).transpose()
    }

    /// An owner's values, by id, those after `after`.
    ///
    /// # Errors
    /// See [`Self::get`].
    pub async fn of_owner<T: Kept>(
        &self,
        owner: Uuid,
        after: Option<&str>,
        limit: usize,
        now: Time,
    ) -> Result<Vec<Stored<T>>, VaultError> {
        let rows = self.vault.of_owner(T::KIND, owner, after, limit, now).await?;
        rows.into_iter().map(parse).collect()
    }

    /// Everybody's values, by id, those after `after`.
    ///
    /// # Errors
    /// See [`Self::get`].
    pub async fn all<T: Kept>(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Time,
    ) -> Result<Vec<Stored<T>>, VaultError> {
        let rows = self.vault.all(T::KIND, after, limit, now).await?;
        rows.into_iter().map(parse).collect()
    }

    /// Adds a value whose id must be free.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when it is not, or [`VaultError::Unavailable`].
    pub async fn insert<T: Kept>(
        &self,
        id: &str,
        owner: Option<Uuid>,
        expires: Option<Time>,
        value: &T,
        now: Time,
    ) -> Result<(), VaultError> {
        self.commit(vec![Change::Insert(Draft::of(id, owner, expires, value))], now).await
    }

    /// Writes a value, over the one that may be there.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn put<T: Kept>(
        &self,
        id: &str,
        owner: Option<Uuid>,
        expires: Option<Time>,
        value: &T,
        now: Time,
    ) -> Result<(), VaultError> {
        self.commit(vec![Change::Put(Draft::of(id, owner, expires, value))], now).await
    }

    /// Writes back what was read and changed.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when somebody else wrote or took it meanwhile, or
    /// [`VaultError::Unavailable`].
    pub async fn replace<T: Kept>(&self, stored: &Stored<T>, now: Time) -> Result<(), VaultError> {
        self.commit(vec![stored.replaced()], now).await
    }

    /// Takes the value away and returns it: of all who try, one gets it.
    ///
    /// # Errors
    /// See [`Self::get`].
    pub async fn take<T: Kept>(&self, id: &str, now: Time) -> Result<Option<Stored<T>>, VaultError> {
        let Some(stored) = self.get::<T>(id, now).await? else {
            return Ok(None);
        };
        match self.commit(vec![stored.taken()], now).await {
            Ok(()) => Ok(Some(stored)),
            Err(VaultError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the value away, if it is there.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn delete<T: Kept>(&self, id: &str, now: Time) -> Result<(), VaultError> {
        self.commit(vec![Change::Delete { kind: T::KIND, id: id.into(), version: None }], now).await
    }

    /// Makes all of these changes or none.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] or [`VaultError::Unavailable`].
    pub async fn commit(&self, changes: Vec<Change>, now: Time) -> Result<(), VaultError> {
        self.vault.commit(changes, now).await
    }
}

fn parse<T: Kept>(row: Row) -> Result<Stored<T>, VaultError> {
    let Row { kind, id, owner, expires, version, body } = row;
    match serde_json::from_str(&body) {
        Ok(value) => Ok(Stored { id, owner, expires, version, value }),
        // Where it went wrong is told, not what stands there.
        Err(error) => {
            let why = format!("{:?} error at column {}", error.classify(), error.column());
            Err(VaultError::Corrupt { kind, id, why })
        }
    }
}
