//! What the connections run.

use events::{LedgerId, Time};
use sqlx::{PgConnection, PgPool};

use crate::identity::vault::{
    Activity, Change, Kind,
    asked::{Fault, make_change},
};

/// All of it in one statement, in its order.
const NOTE: &str = "INSERT INTO identity_activity \
     (ledger, kind, time, org, \"user\", app, address, agent, outcome, detail) \
     SELECT $1, kind, time, org, \"user\", app, address, agent, outcome, detail \
     FROM unnest($2::text[], $3::int8[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], \
                 $10::text[]) \
     WITH ORDINALITY AS a (kind, time, org, \"user\", app, address, agent, outcome, detail, n) ORDER BY n";

/// Deadlock, and a transaction that could not be put in line: another try may succeed.
const PASSING: [&str; 2] = ["40P01", "40001"];

/// Puts changes of single rows into the one order in which everybody makes them, so that two commits
/// don't wait for each other. What becomes of a row stays as it was: those of one row keep their order,
/// and none moves to the other side of a change of many.
pub(super) fn in_common_order(changes: &mut [Change]) {
    let of_many = |change: &Change| matches!(change, Change::DeleteOf { .. });
    for part in changes.split_mut(of_many) {
        part.sort_by(|one, other| key(one).cmp(&key(other)));
    }
}

fn key(change: &Change) -> (Kind, &str) {
    match change {
        Change::Insert(draft) | Change::Put(draft) | Change::Replace(draft, _) => (draft.kind, &draft.id),
        Change::Delete { kind, id, version: _ } => (*kind, id),
        Change::DeleteOf { kind, owner: _ } => (*kind, ""),
    }
}

/// Makes one change, whose condition must hold.
pub(super) async fn change(
    connection: &mut PgConnection,
    ledger: LedgerId,
    change: &Change,
    now: Time,
) -> Result<(), Fault> {
    make_change!(connection, ledger, change, now)
}

pub(super) async fn note(pool: &PgPool, ledger: LedgerId, noted: &[Activity]) -> Result<(), sqlx::Error> {
    let texts = |part: fn(&Activity) -> Option<&str>| -> Vec<_> { noted.iter().map(part).collect() };
    let ids = |part: fn(&Activity) -> Option<uuid::Uuid>| -> Vec<_> { noted.iter().map(part).collect() };
    let addresses: Vec<_> = noted.iter().map(|a| a.address.map(|address| address.to_string())).collect();
    let times: Vec<_> = noted.iter().map(|a| a.time.micros()).collect();
    let query = sqlx::query(NOTE).bind(ledger.0).bind(texts(|a| Some(a.kind.as_str()))).bind(times);
    let query =
        query.bind(ids(|a| Some(a.org.0))).bind(ids(|a| a.user)).bind(ids(|a| a.app.map(|app| app.0)));
    let query = query.bind(addresses).bind(texts(|a| a.agent.as_deref()));
    let query = query.bind(texts(|a| Some(a.outcome.as_str()))).bind(texts(|a| a.detail.as_deref()));
    query.execute(pool).await.map(drop)
}

/// Whether the server ended the transaction for the sake of another one.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| PASSING.contains(&&*code))
}
