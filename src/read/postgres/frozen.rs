//! The projections as they were at one moment, however they go on.

use events::{LedgerId, Position};
use sqlx::{Connection, PgConnection};

use super::{
    OpenError,
    open::{self, current_build},
    tables::On,
};
use crate::read::stored::{
    moment::{Held, Moment},
    segments::Filters,
    tables::{Database, Snapshot, Stored},
};

/// One transaction that sees one moment and changes nothing. It is idle as long as its reader is busy
/// with the log.
const BEGIN: &str = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; \
     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// One ledger's projections in a database, all read in one transaction.
#[derive(Debug)]
pub struct Frozen {
    moment: Moment<PgConnection>,
    build: i32,
}

impl Frozen {
    /// The projections of this moment, their filters and their checkpoint.
    pub(super) async fn now(url: &str, ledger: LedgerId) -> Result<(Self, Filters, Position), OpenError> {
        let mut connection = open::connect(&open::options(url)?).await?;
        sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
        let found = current_build(&mut connection, ledger).await?;
        let (build, checkpoint) = found.ok_or(OpenError::NotCurrent)?;
        let filters = Filters::load(&mut On { connection: &mut connection, build }).await?;
        Ok((Self { moment: Moment::of(connection), build }, filters, checkpoint))
    }

    async fn tables(&self) -> Stored<On<Held<PgConnection>>> {
        Ok(On { connection: self.moment.hold().await?, build: self.build })
    }
}

impl Database for Frozen {
    type Single = On<Held<PgConnection>>;
    type Snapshot = On<Held<PgConnection>>;

    async fn single(&self) -> Stored<Self::Single> {
        self.tables().await
    }

    async fn snapshot(&self) -> Stored<Self::Snapshot> {
        self.tables().await
    }

    async fn close(&self) {
        if let Some(connection) = self.moment.take().await {
            // Nothing was changed that could fail to be kept.
            let _ = connection.close().await;
        }
    }
}

impl Snapshot for On<Held<PgConnection>> {
    async fn end(self) -> Stored<()> {
        Ok(())
    }
}
