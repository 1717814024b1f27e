//! The projections as they were at one moment, however they go on.

use std::path::Path;

use events::{LedgerId, Position};
use sqlx::{Connection, SqliteConnection};

use super::{OpenError, open, tables::On};
use crate::read::stored::{
    moment::{Held, Moment},
    segments::Filters,
    tables::{Database, Snapshot, Stored},
};

/// One ledger's projections in a file, all read in one transaction.
#[derive(Debug)]
pub struct Frozen(Moment<SqliteConnection>);

impl Frozen {
    /// The projections of this moment, their filters and their checkpoint.
    pub(super) async fn now(file: &Path, ledger: LedgerId) -> Result<(Self, Filters, Position), OpenError> {
        let (mut connection, checkpoint) = open::freeze(file, ledger).await?;
        let filters = Filters::load(&mut On(&mut connection)).await?;
        Ok((Self(Moment::of(connection)), filters, checkpoint))
    }

    async fn tables(&self) -> Stored<On<Held<SqliteConnection>>> {
        self.0.hold().await.map(On)
    }
}

impl Database for Frozen {
    type Single = On<Held<SqliteConnection>>;
    type Snapshot = On<Held<SqliteConnection>>;

    async fn single(&self) -> Stored<Self::Single> {
        self.tables().await
    }

    async fn snapshot(&self) -> Stored<Self::Snapshot> {
        self.tables().await
    }

    async fn close(&self) {
        if let Some(connection) = self.0.take().await {
            // Nothing was changed that could fail to be kept.
            let _ = connection.close().await;
        }
    }
}

impl Snapshot for On<Held<SqliteConnection>> {
    async fn end(self) -> Stored<()> {
        Ok(())
    }
}
