//! Counters of what was spent on what, as they are stored.

use events::{AppId, IdMap, OrgId, Time};
use projections::{UsageCounts, UsageKey};
use uuid::Uuid;

use super::{
    corrupt,
    tables::{Counter, Stored, Tables},
};

const DAY: i64 = 86_400_000_000;
const CREDIT: i128 = 1_000_000;

/// The number that stands for operators.
const NO_APP: i64 = 0;

/// Organization, day, app and service; spendings, what was spent in whole credits and micro-credits;
/// rollbacks, and what they returned.
pub type StoredUsage = (i64, i64, i64, String, i64, i64, i64, i64, i64, i64);

/// A counter as it is stored; `None` when an id has no number or an amount is beyond reason.
///
/// A batch has fewer than 2^32 events of less than 2^44 credits each, so both parts of an amount are
/// small; and a column takes 2^19 batches that large before it would overflow.
pub(in crate::read) fn stored(
    key: &UsageKey,
    counts: &UsageCounts,
    number: impl Fn(Uuid) -> Option<i64>,
) -> Option<StoredUsage> {
    let app = key.app.map_or(Some(NO_APP), |app| number(app.0))?;
    let part =
        |micros: i128| Some((i64::try_from(micros / CREDIT).ok()?, i64::try_from(micros % CREDIT).ok()?));
    let (spent, returned) = (part(counts.spent)?, part(counts.returned)?);
    let (spendings, rollbacks) = (counts.spendings.cast_signed(), counts.rollbacks.cast_signed());
    let (org, day, service) = (number(key.org.0)?, day(key.day), key.service.to_string());
    Some((org, day, app, service, spendings, spent.0, spent.1, rollbacks, returned.0, returned.1))
}

/// The number of a day from 1970-01-01 on.
const fn day(time: Time) -> i64 {
    time.micros().div_euclid(DAY)
}

/// The counters of an organization for the days from `from` up to, not including, `until`.
pub(super) async fn of_org(
    tables: &mut impl Tables,
    org: OrgId,
    from: Time,
    until: Time,
) -> Stored<Vec<Counter>> {
    let Some(number) = tables.number(org.0).await? else {
        return Ok(Vec::new());
    };
    // A day that has only begun at `until` counts as a whole.
    let last = until.micros().saturating_sub(1).div_euclid(DAY);
    counters(tables, Some((number, day(from), last + 1))).await
}

/// Every counter.
pub(super) async fn all(tables: &mut impl Tables) -> Stored<Vec<Counter>> {
    counters(tables, None).await
}

async fn counters(tables: &mut impl Tables, of: Option<(i64, i64, i64)>) -> Stored<Vec<Counter>> {
    let rows = tables.usage(of).await?;
    let mut numbers: Vec<i64> = rows.iter().flat_map(|(org, _, app, ..)| [*org, *app]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let ids: IdMap<i64, Uuid> = tables.numbered(&numbers).await?.into_iter().collect();
    rows.into_iter().map(|row| counter(row, &ids)).collect()
}

fn counter(row: StoredUsage, ids: &IdMap<i64, Uuid>) -> Stored<Counter> {
    let (org, day, app, service, spendings, spent, spent_micros, rollbacks, returned, returned_micros) = row;
    let sum = |whole: i64, micros: i64| i128::from(whole) * CREDIT + i128::from(micros);
    let id = |number: i64| ids.get(&number).ok_or_else(|| corrupt("usage of an unknown organization or app"));
    let key = UsageKey {
        org: OrgId(*id(org)?),
        app: if app == NO_APP { None } else { Some(AppId(*id(app)?)) },
        service: service.into(),
        day: Time::from_micros(day.saturating_mul(DAY)),
    };
    let counts = UsageCounts {
        spendings: spendings.cast_unsigned(),
        spent: sum(spent, spent_micros),
        rollbacks: rollbacks.cast_unsigned(),
        returned: sum(returned, returned_micros),
    };
    Ok((key, counts))
}
