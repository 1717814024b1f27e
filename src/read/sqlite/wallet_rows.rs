//! Wallets: their rows, their marks, and when each changes by itself.

use events::{OrgId, Position, Time, WalletId};
use projections::WalletRow;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    bulk::{Bulk, Row},
    fault::{corrupt, store},
    rows::{bytes, id, list, position, signed, uuid},
};
use crate::{
    engine::Timer,
    read::{Kept, StoreFault, TimerChange, WalletMark, WalletView},
};

/// The columns that [`kept`] reads, and the checkpoint: one statement sees one snapshot.
macro_rules! wallets_where {
    ($rest:literal) => {
        concat!(
            "SELECT (SELECT position FROM checkpoints LIMIT 1) AS checkpoint, \
             w.id, o.id AS org, w.account_seq, w.last, w.events, w.state \
             FROM wallets w JOIN ids o ON o.number = w.org WHERE ",
            $rest
        )
    };
}

const WALLETS: &str = wallets_where!("w.id IN (SELECT unhex(value) FROM json_each(?))");
const WALLET: &str = wallets_where!("w.id = ?");
const WALLETS_AFTER: &str = wallets_where!("w.id > ? ORDER BY w.id LIMIT ?");

const TIMERS_FROM: &str = "SELECT due, wallet FROM timers WHERE due IS NOT NULL AND (due, wallet) >= (?, ?) ORDER BY due, wallet LIMIT ?";
const TIMERS_AFTER: &str = "SELECT due, wallet FROM timers WHERE due IS NOT NULL AND (due, wallet) > (?, ?) ORDER BY due, wallet LIMIT ?";

const MARK_BELOW: &str = "SELECT wallet, last, account_seq, state FROM wallet_marks \
     WHERE wallet = ? AND last < ? ORDER BY last DESC LIMIT 1";
const MARKS_AFTER: &str = "SELECT wallet, last, account_seq, state FROM wallet_marks \
     WHERE (wallet, last) > (?, ?) ORDER BY wallet, last LIMIT ?";
const MARKED_FROM: &str =
    "SELECT last FROM wallet_marks WHERE wallet = ? AND last >= ? ORDER BY last LIMIT ?";

/// The statements that write wallets.
pub(super) struct WalletStatements {
    wallets: Bulk,
    marks: Bulk,
    timers: Bulk,
}

impl WalletStatements {
    pub(super) fn new() -> Self {
        Self {
            wallets: Bulk::new("REPLACE INTO wallets (id, org, account_seq, last, events, state)", 6),
            marks: Bulk::new("INSERT INTO wallet_marks (wallet, last, account_seq, state)", 4),
            timers: Bulk::around(
                "INSERT INTO timers (wallet, due)",
                2,
                " ON CONFLICT DO UPDATE SET due = excluded.due",
            ),
        }
    }

    pub(super) async fn write_wallets(
        &self,
        connection: &mut SqliteConnection,
        wallets: &[&Kept],
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        let bind = |kept: &&Kept, row: &mut Row| {
            let mut state = Vec::with_capacity(16 + 24 * kept.row.lots.len());
            kept.row.pack(&mut state);
            row.add(kept.row.id.0.as_bytes().as_slice());
            row.add(number(kept.row.org.0));
            row.number(kept.row.account_seq);
            row.number(kept.row.last.get());
            row.number(kept.events);
            row.add(state);
        };
        self.wallets.execute(connection, wallets, bind).await
    }

    /// Marks are written in order of wallet, so that neighbours go to one page.
    pub(super) async fn write_marks(
        &self,
        connection: &mut SqliteConnection,
        marks: &[WalletMark],
    ) -> Result<(), sqlx::Error> {
        let mut marks: Vec<&WalletMark> = marks.iter().collect();
        marks.sort_unstable_by_key(|mark| (mark.wallet, mark.last));
        let bind = |mark: &&WalletMark, row: &mut Row| {
            row.add(mark.wallet.0.as_bytes().as_slice());
            row.number(mark.last.get());
            row.number(mark.account_seq);
            row.add(mark.state.as_slice());
        };
        self.marks.execute(connection, &marks, bind).await
    }

    pub(super) async fn write_timers(
        &self,
        connection: &mut SqliteConnection,
        changes: &[TimerChange],
    ) -> Result<(), sqlx::Error> {
        let bind = |change: &TimerChange, row: &mut Row| {
            row.add(change.wallet.0.as_bytes().as_slice());
            row.add(change.due.map(Time::micros));
        };
        self.timers.execute(connection, changes, bind).await
    }
}

/// The rows of those of these wallets that exist.
pub(super) async fn wallets(
    connection: &mut SqliteConnection,
    wallets: &[WalletId],
) -> Result<Vec<Kept>, StoreFault> {
    if wallets.is_empty() {
        return Ok(Vec::new());
    }
    let ids = wallets.iter().map(|wallet| format!("\"{}\"", wallet.0.simple()));
    let list = format!("[{}]", list(ids));
    sqlx::query(WALLETS).bind(list).fetch_all(connection).await.map_err(store)?.iter().map(kept).collect()
}

/// The wallet, as of the checkpoint.
pub(super) async fn wallet(
    connection: &mut SqliteConnection,
    wallet: WalletId,
) -> Result<Option<WalletView>, StoreFault> {
    let row = sqlx::query(WALLET).bind(bytes(wallet.0)).fetch_optional(connection).await.map_err(store)?;
    let Some(row) = row else { return Ok(None) };
    let as_of = position(row.try_get("checkpoint").map_err(store)?);
    Ok(Some(WalletView { row: kept(&row)?.row, as_of }))
}

/// At most `limit` wallets above `after`, in order of id.
pub(super) async fn wallets_after(
    connection: &mut SqliteConnection,
    after: Option<WalletId>,
    limit: usize,
) -> Result<Vec<Kept>, StoreFault> {
    let after = after.map_or_else(Vec::new, |wallet| bytes(wallet.0));
    let rows = sqlx::query(WALLETS_AFTER).bind(after).bind(limit as i64).fetch_all(connection).await;
    rows.map_err(store)?.iter().map(kept).collect()
}

fn kept(row: &SqliteRow) -> Result<Kept, StoreFault> {
    let wallet = WalletId(id(row, "id")?);
    let account_seq = row.try_get::<i64, _>("account_seq").map_err(store)?.cast_unsigned();
    let last = position(row.try_get("last").map_err(store)?);
    let state = row.try_get("state").map_err(store)?;
    let events = row.try_get::<i64, _>("events").map_err(store)?.cast_unsigned();
    let row = WalletRow::unpack(wallet, OrgId(id(row, "org")?), account_seq, last, state);
    let row = row.ok_or_else(|| corrupt(format!("the state of wallet {wallet} can't be read")))?;
    Ok(Kept { row, events })
}

/// At most `limit` timers from `from` on, or above it.
pub(super) async fn timers(
    connection: &mut SqliteConnection,
    (due, wallet): Timer,
    itself: bool,
    limit: usize,
) -> Result<Vec<Timer>, StoreFault> {
    let query = sqlx::query_as(if itself { TIMERS_FROM } else { TIMERS_AFTER });
    let query = query.bind(due.micros()).bind(bytes(wallet.0)).bind(limit as i64);
    let rows: Vec<(i64, Vec<u8>)> = query.fetch_all(connection).await.map_err(store)?;
    rows.into_iter().map(|(due, id)| Ok((Time::from_micros(due), WalletId(uuid(&id)?)))).collect()
}

/// The wallet as it was after the last marked event below `below`.
pub(super) async fn mark_below(
    connection: &mut SqliteConnection,
    (wallet, org): (WalletId, OrgId),
    below: Position,
) -> Result<Option<WalletRow>, StoreFault> {
    let query = sqlx::query(MARK_BELOW).bind(bytes(wallet.0)).bind(signed(below));
    let Some(row) = query.fetch_optional(connection).await.map_err(store)? else {
        return Ok(None);
    };
    let mark = mark(&row)?;
    let row = WalletRow::unpack(wallet, org, mark.account_seq, mark.last, &mark.state);
    row.map(Some)
        .ok_or_else(|| corrupt(format!("the mark of wallet {wallet} at {} can't be read", mark.last)))
}

/// At most `limit` positions of marked events from `from` on, in order.
pub(super) async fn marked_from(
    connection: &mut SqliteConnection,
    wallet: WalletId,
    from: Position,
    limit: usize,
) -> Result<Vec<Position>, StoreFault> {
    let query = sqlx::query_scalar(MARKED_FROM).bind(bytes(wallet.0)).bind(signed(from)).bind(limit as i64);
    Ok(query.fetch_all(connection).await.map_err(store)?.into_iter().map(position).collect())
}

/// At most `limit` marks above `after`, in order of wallet and event.
pub(super) async fn marks_after(
    connection: &mut SqliteConnection,
    after: Option<(WalletId, Position)>,
    limit: usize,
) -> Result<Vec<WalletMark>, StoreFault> {
    let (wallet, last) = after.map_or((Vec::new(), -1), |(wallet, last)| (bytes(wallet.0), signed(last)));
    let query = sqlx::query(MARKS_AFTER).bind(wallet).bind(last).bind(limit as i64);
    query.fetch_all(connection).await.map_err(store)?.iter().map(mark).collect()
}

fn mark(row: &SqliteRow) -> Result<WalletMark, StoreFault> {
    Ok(WalletMark {
        wallet: WalletId(id(row, "wallet")?),
        last: position(row.try_get("last").map_err(store)?),
        account_seq: row.try_get::<i64, _>("account_seq").map_err(store)?.cast_unsigned(),
        state: row.try_get("state").map_err(store)?,
    })
}
