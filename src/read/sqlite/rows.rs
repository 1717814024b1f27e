//! Numbers of ids, and rows that are keyed by a position.

use std::fmt::Display;

use events::{Credits, Currency, IdMap, Position};
use projections::{Basis, ReturnedRow};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    bulk::{Bulk, Row},
    fault::{corrupt, store},
};
use crate::read::StoreFault;

const IDS: &str = "SELECT number, id FROM ids";
const NUMBER: &str = "SELECT number FROM ids WHERE id = ?";

const RETURNED: &str = "SELECT event, total, last FROM returned \
     WHERE event IN (SELECT value FROM json_each(?))";
const RETURNED_FROM: &str = "SELECT event, total, last FROM returned WHERE event >= ? ORDER BY event LIMIT ?";

const BASES: &str = "SELECT lot, amount, paid, currency FROM bases \
     WHERE lot IN (SELECT value FROM json_each(?))";
const BASES_FROM: &str = "SELECT lot, amount, paid, currency FROM bases WHERE lot >= ? ORDER BY lot LIMIT ?";

/// The numbers of all organizations and apps.
pub(super) async fn numbers(connection: &mut SqliteConnection) -> Result<IdMap<Uuid, i64>, StoreFault> {
    let known: Vec<(i64, Vec<u8>)> = sqlx::query_as(IDS).fetch_all(connection).await.map_err(store)?;
    known.into_iter().map(|(number, id)| Ok((uuid(&id)?, number))).collect()
}

/// The organizations and apps by their numbers.
pub(super) async fn ids(connection: &mut SqliteConnection) -> Result<IdMap<i64, Uuid>, StoreFault> {
    Ok(numbers(connection).await?.into_iter().map(|(id, number)| (number, id)).collect())
}

/// The number of an organization or app, if it has one.
pub(super) async fn number(connection: &mut SqliteConnection, id: Uuid) -> Result<Option<i64>, StoreFault> {
    sqlx::query_scalar(NUMBER).bind(id.into_bytes().to_vec()).fetch_optional(connection).await.map_err(store)
}

/// The statements that write rows keyed by a position.
pub(super) struct Statements {
    returned: Bulk,
    bases: Bulk,
}

impl Statements {
    pub(super) fn new() -> Self {
        Self {
            returned: Bulk::new("REPLACE INTO returned (event, total, last)", 3),
            bases: Bulk::new("INSERT INTO bases (lot, amount, paid, currency)", 4),
        }
    }

    pub(super) async fn write_returned(
        &self,
        connection: &mut SqliteConnection,
        returned: &[ReturnedRow],
    ) -> Result<(), sqlx::Error> {
        let bind = |of: &ReturnedRow, row: &mut Row| {
            row.number(of.of.get());
            row.add(of.total.micros());
            row.number(of.last.get());
        };
        self.returned.execute(connection, returned, bind).await
    }

    pub(super) async fn write_bases(
        &self,
        connection: &mut SqliteConnection,
        bases: &[(Position, Basis)],
    ) -> Result<(), sqlx::Error> {
        let bind = |(lot, basis): &(Position, Basis), row: &mut Row| {
            row.number(lot.get());
            row.add(basis.amount.micros());
            row.add(basis.paid);
            row.add(basis.currency.as_str().to_owned());
        };
        self.bases.execute(connection, bases, bind).await
    }
}

pub(super) async fn returned(
    connection: &mut SqliteConnection,
    events: &[Position],
) -> Result<Vec<ReturnedRow>, StoreFault> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as(RETURNED).bind(json(events)).fetch_all(connection).await;
    Ok(rows.map_err(store)?.into_iter().map(returned_row).collect())
}

/// At most `limit` rows from `from` on.
pub(super) async fn returned_from(
    connection: &mut SqliteConnection,
    from: Position,
    limit: usize,
) -> Result<Vec<ReturnedRow>, StoreFault> {
    let rows = sqlx::query_as(RETURNED_FROM).bind(signed(from)).bind(limit as i64);
    Ok(rows.fetch_all(connection).await.map_err(store)?.into_iter().map(returned_row).collect())
}

fn returned_row((event, total, last): (i64, i64, i64)) -> ReturnedRow {
    ReturnedRow { of: position(event), total: Credits::from_micros(total), last: position(last) }
}

/// What those of these lots cost that were bought at a known price.
pub(super) async fn bases(
    connection: &mut SqliteConnection,
    lots: &[Position],
) -> Result<Vec<(Position, Basis)>, StoreFault> {
    if lots.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(BASES).bind(json(lots)).fetch_all(connection).await;
    rows.map_err(store)?.iter().map(basis).collect()
}

/// At most `limit` bases from `from` on.
pub(super) async fn bases_from(
    connection: &mut SqliteConnection,
    from: Position,
    limit: usize,
) -> Result<Vec<(Position, Basis)>, StoreFault> {
    let rows = sqlx::query(BASES_FROM).bind(signed(from)).bind(limit as i64).fetch_all(connection).await;
    rows.map_err(store)?.iter().map(basis).collect()
}

fn basis(row: &SqliteRow) -> Result<(Position, Basis), StoreFault> {
    let lot = position(row.try_get("lot").map_err(store)?);
    let currency = Currency::parse(row.try_get("currency").map_err(store)?);
    let basis = Basis {
        amount: Credits::from_micros(row.try_get("amount").map_err(store)?),
        paid: row.try_get("paid").map_err(store)?,
        currency: currency.ok_or_else(|| corrupt(format!("the currency of lot {lot}")))?,
    };
    Ok((lot, basis))
}

/// A JSON array of positions.
fn json(positions: &[Position]) -> String {
    format!("[{}]", list(positions))
}

/// Things with commas between them.
pub(super) fn list(items: impl IntoIterator<Item: Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(",")
}

/// A column that holds an id.
pub(super) fn id(row: &SqliteRow, column: &str) -> Result<Uuid, StoreFault> {
    uuid(row.try_get(column).map_err(store)?)
}

/// An id as SQLite keeps it.
pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid, StoreFault> {
    Uuid::from_slice(bytes).map_err(|error| corrupt(format!("an id: {error}")))
}

/// An id as it is bound.
pub(super) fn bytes(id: Uuid) -> Vec<u8> {
    id.into_bytes().to_vec()
}

pub(super) const fn position(stored: i64) -> Position {
    Position(stored.cast_unsigned())
}

pub(super) const fn signed(position: Position) -> i64 {
    position.get().cast_signed()
}
