//! Totals of organizations: marks, and the entries behind them.

use events::{OrgId, Position};
use projections::Totals;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    bulk::{Bulk, Row},
    entry_rows,
    fault::{corrupt, store},
    rows::{self, position, signed, uuid},
};
use crate::read::{LiabilityMark, StoreFault, mark_below};

const LAST: &str = "SELECT o.id, m.position, m.totals FROM ids o CROSS JOIN liability_marks m ON m.org = o.number \
     AND m.position = (SELECT max(position) FROM liability_marks WHERE org = o.number)";

const ALL: &str = "SELECT o.id, m.position, m.totals FROM liability_marks m JOIN ids o ON o.number = m.org \
     ORDER BY m.org, m.position";

const AT_OR_BELOW: &str =
    "SELECT totals FROM liability_marks WHERE org = ? AND position <= ? ORDER BY position DESC LIMIT 1";

/// A row as it is read.
type Stored = (Vec<u8>, i64, Vec<u8>);

/// The statement that writes marks.
pub(super) struct LiabilityStatement(Bulk);

impl LiabilityStatement {
    pub(super) fn new() -> Self {
        Self(Bulk::new("INSERT INTO liability_marks (org, position, totals)", 3))
    }

    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        marks: &[LiabilityMark],
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        let bind = |mark: &LiabilityMark, row: &mut Row| {
            let mut totals = Vec::with_capacity(128);
            mark.totals.pack(&mut totals);
            row.add(number(mark.org.0));
            row.number(mark.position.get());
            row.add(totals);
        };
        self.0.execute(connection, marks, bind).await
    }
}

/// The last mark of each organization.
pub(super) async fn last(connection: &mut SqliteConnection) -> Result<Vec<LiabilityMark>, StoreFault> {
    marks(LAST, connection).await
}

/// Every mark.
pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<LiabilityMark>, StoreFault> {
    marks(ALL, connection).await
}

async fn marks(
    query: &'static str,
    connection: &mut SqliteConnection,
) -> Result<Vec<LiabilityMark>, StoreFault> {
    let stored: Vec<Stored> = sqlx::query_as(query).fetch_all(connection).await.map_err(store)?;
    let mark = |(org, at, totals): Stored| {
        let (org, position) = (OrgId(uuid(&org)?), position(at));
        Ok(LiabilityMark { org, position, totals: unpacked(&totals, org, position)? })
    };
    stored.into_iter().map(mark).collect()
}

/// All that had flowed through an organization's wallets at `position`, which is at most the
/// checkpoint.
pub(super) async fn totals_at(
    connection: &mut SqliteConnection,
    org: OrgId,
    position: Position,
) -> Result<Totals, StoreFault> {
    let Some(number) = rows::number(connection, org.0).await? else {
        return Ok(Totals::default());
    };
    let marked = mark_below(position);
    let query = sqlx::query_scalar(AT_OR_BELOW).bind(number).bind(signed(marked));
    let stored: Option<Vec<u8>> = query.fetch_optional(&mut *connection).await.map_err(store)?;
    let mut totals = match stored {
        Some(bytes) => unpacked(&bytes, org, marked)?,
        None => Totals::default(),
    };
    // Had it had entries between that mark and `marked`, there would be a later one.
    let entries = entry_rows::between(connection, marked, position).await?;
    entries.iter().filter(|entry| entry.org == org).for_each(|entry| totals.add(entry));
    Ok(totals)
}

fn unpacked(bytes: &[u8], org: OrgId, near: Position) -> Result<Totals, StoreFault> {
    Totals::unpack(bytes)
        .ok_or_else(|| corrupt(format!("the totals of organization {org} near {near} can't be read")))
}
