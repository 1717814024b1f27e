//! Counters of what was spent on what.

use events::{AppId, IdMap, OrgId, Time};
use projections::{UsageCounts, UsageKey};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    bulk::{Bulk, Row},
    fault::{corrupt, store},
    rows,
};
use crate::read::StoreFault;

const ADD: &str = "INSERT INTO usage (org, day, app, service, spendings, spent, spent_micros, \
     rollbacks, returned, returned_micros)";

const TO: &str = " ON CONFLICT DO UPDATE SET spendings = spendings + excluded.spendings, \
     spent = spent + excluded.spent, spent_micros = spent_micros + excluded.spent_micros, \
     rollbacks = rollbacks + excluded.rollbacks, returned = returned + excluded.returned, \
     returned_micros = returned_micros + excluded.returned_micros";

const OF_ORG: &str = "SELECT * FROM usage WHERE org = ? AND day >= ? AND day < ?";
const IDS_OF_ORG: &str = "SELECT number, id FROM ids WHERE number = ?1 \
     OR number IN (SELECT app FROM usage WHERE org = ?1 AND day >= ?2 AND day < ?3)";
const ALL: &str = "SELECT * FROM usage ORDER BY org, day, app, service";

const DAY: i64 = 86_400_000_000;
const CREDIT: i128 = 1_000_000;

/// The number that stands for operators.
const NO_APP: i64 = 0;

/// The statement that adds to counters.
pub(super) struct UsageStatement(Bulk);

impl UsageStatement {
    pub(super) fn new() -> Self {
        Self(Bulk::around(ADD, 10, TO))
    }

    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        usage: &[(&UsageKey, &UsageCounts)],
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        let bind = |(key, counts): &(&UsageKey, &UsageCounts), row: &mut Row| {
            row.add(number(key.org.0));
            row.add(day(key.day));
            row.add(key.app.map_or(Some(NO_APP), |app| number(app.0)));
            row.add(key.service.to_string());
            row.number(counts.spendings);
            amount(counts.spent, row);
            row.number(counts.rollbacks);
            amount(counts.returned, row);
        };
        self.0.execute(connection, usage, bind).await
    }
}

/// Whole credits and the rest. A batch has fewer than 2^32 events of less than 2^44 credits each, so
/// both are small; and a column takes 2^19 batches that large before it would overflow.
fn amount(micros: i128, row: &mut Row) {
    row.add(i64::try_from(micros / CREDIT).ok());
    row.add(i64::try_from(micros % CREDIT).ok());
}

/// The number of a day from 1970-01-01 on.
pub(super) const fn day(time: Time) -> i64 {
    time.micros().div_euclid(DAY)
}

/// The counters of an organization for the days from `from` up to, not including, `until`.
pub(super) async fn of_org(
    connection: &mut SqliteConnection,
    org: OrgId,
    from: Time,
    until: Time,
) -> Result<Vec<(UsageKey, UsageCounts)>, StoreFault> {
    let Some(number) = rows::number(connection, org.0).await? else {
        return Ok(Vec::new());
    };
    // A day that has only begun at `until` counts as a whole.
    let end = until.micros().saturating_sub(1).div_euclid(DAY) + 1;
    let ids = sqlx::query_as(IDS_OF_ORG).bind(number).bind(day(from)).bind(end);
    let ids: Vec<(i64, Vec<u8>)> = ids.fetch_all(&mut *connection).await.map_err(store)?;
    let ids = ids.into_iter().map(|(number, id)| Ok((number, rows::uuid(&id)?)));
    let ids = ids.collect::<Result<IdMap<_, _>, StoreFault>>()?;
    let query = sqlx::query(OF_ORG).bind(number).bind(day(from)).bind(end);
    query.fetch_all(connection).await.map_err(store)?.iter().map(|row| counter(row, &ids)).collect()
}

/// Every counter.
pub(super) async fn all(
    connection: &mut SqliteConnection,
) -> Result<Vec<(UsageKey, UsageCounts)>, StoreFault> {
    let ids = rows::ids(connection).await?;
    sqlx::query(ALL)
        .fetch_all(connection)
        .await
        .map_err(store)?
        .iter()
        .map(|row| counter(row, &ids))
        .collect()
}

fn counter(row: &SqliteRow, ids: &IdMap<i64, Uuid>) -> Result<(UsageKey, UsageCounts), StoreFault> {
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(store);
    let sum = |whole: &str, micros: &str| {
        Ok::<_, StoreFault>(i128::from(number(whole)?) * CREDIT + i128::from(number(micros)?))
    };
    let id = |number: i64| ids.get(&number).ok_or_else(|| corrupt("usage of an unknown organization or app"));
    let app = number("app")?;
    let key = UsageKey {
        org: OrgId(*id(number("org")?)?),
        app: if app == NO_APP { None } else { Some(AppId(*id(app)?)) },
        service: row.try_get::<String, _>("service").map_err(store)?.into(),
        day: Time::from_micros(number("day")?.saturating_mul(DAY)),
    };
    let counts = UsageCounts {
        spendings: number("spendings")?.cast_unsigned(),
        spent: sum("spent", "spent_micros")?,
        rollbacks: number("rollbacks")?.cast_unsigned(),
        returned: sum("returned", "returned_micros")?,
    };
    Ok((key, counts))
}
