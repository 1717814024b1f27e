//! Reading rows of wallets and returned amounts.

use events::{Credits, OrgId, Position, WalletId};
use projections::{IdMap, ReturnedRow, WalletRow, unpack_lots};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::fault::{corrupt, store};
use crate::read::StoreFault;

/// The columns that [`wallet`] reads, from `wallets w`.
macro_rules! wallet_columns {
    () => {
        "w.id, o.id AS org, w.balance, w.reserved, w.account_seq, w.last, w.lots"
    };
}

pub(super) use wallet_columns;

const WALLETS: &str = concat!(
    "SELECT ",
    wallet_columns!(),
    " FROM wallets w JOIN ids o ON o.number = w.org \
     WHERE w.id IN (SELECT unhex(value) FROM json_each(?))"
);

const IDS: &str = "SELECT number, id FROM ids";

const RETURNED: &str = "SELECT deduction, total, last_rollback FROM returned \
     WHERE deduction IN (SELECT value FROM json_each(?))";

/// The numbers of all organizations and apps.
pub(super) async fn numbers(connection: &mut SqliteConnection) -> Result<IdMap<Uuid, i64>, StoreFault> {
    let known: Vec<(i64, Vec<u8>)> = sqlx::query_as(IDS).fetch_all(connection).await.map_err(store)?;
    known.into_iter().map(|(number, id)| Ok((uuid(&id)?, number))).collect()
}

pub(super) async fn wallets(
    connection: &mut SqliteConnection,
    wallets: &[WalletId],
) -> Result<Vec<WalletRow>, StoreFault> {
    let ids: Vec<String> = wallets.iter().map(|wallet| format!("\"{}\"", wallet.0.simple())).collect();
    let list = format!("[{}]", ids.join(","));
    let rows = sqlx::query(WALLETS).bind(list).fetch_all(connection).await.map_err(store)?;
    rows.iter().map(wallet).collect()
}

pub(super) async fn returned(
    connection: &mut SqliteConnection,
    deductions: &[Position],
) -> Result<Vec<ReturnedRow>, StoreFault> {
    let positions: Vec<String> = deductions.iter().map(Position::to_string).collect();
    let list = format!("[{}]", positions.join(","));
    let rows: Vec<Returned> =
        sqlx::query_as(RETURNED).bind(list).fetch_all(connection).await.map_err(store)?;
    Ok(rows.into_iter().map(returned_row).collect())
}

/// A row of `returned`: deduction, total, last rollback.
pub(super) type Returned = (i64, i64, i64);

pub(super) fn returned_row((deduction, total, last): Returned) -> ReturnedRow {
    ReturnedRow { deduction: position(deduction), total: Credits::from_micros(total), last: position(last) }
}

pub(super) fn wallet(row: &SqliteRow) -> Result<WalletRow, StoreFault> {
    let wallet = WalletId(id(row, "id")?);
    let lots = unpack_lots(row.try_get("lots").map_err(store)?);
    let balance = Credits::from_micros(row.try_get("balance").map_err(store)?);
    let reserved = Credits::from_micros(row.try_get("reserved").map_err(store)?);
    let available = balance.checked_sub(reserved);
    Ok(WalletRow {
        id: wallet,
        org: OrgId(id(row, "org")?),
        balance,
        available: available
            .ok_or_else(|| corrupt(format!("the amounts of wallet {wallet} are out of range")))?,
        reserved,
        account_seq: row.try_get::<i64, _>("account_seq").map_err(store)?.cast_unsigned(),
        last: position(row.try_get("last").map_err(store)?),
        lots: lots.ok_or_else(|| corrupt(format!("the lots of wallet {wallet} can't be read")))?,
    })
}

/// A column that holds an id.
pub(super) fn id(row: &SqliteRow, column: &str) -> Result<Uuid, StoreFault> {
    uuid(row.try_get(column).map_err(store)?)
}

/// An id as SQLite keeps it.
pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid, StoreFault> {
    Uuid::from_slice(bytes).map_err(|error| corrupt(format!("an id: {error}")))
}

pub(super) const fn position(stored: i64) -> Position {
    Position(stored.cast_unsigned())
}
