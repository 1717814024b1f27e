//! Rows and activity as databases give them.

use std::net::IpAddr;

use events::{AppId, OrgId, Time};
use uuid::Uuid;

use super::{
    Activity, ActivityCount, ActivityKind, ActivityPage, ActivityQuery, Kind, Outcome, Recalled, Row,
    VaultError,
};

/// Id, owner, end, version, body.
pub(super) type RowColumns = (String, Option<Uuid>, Option<i64>, i64, String);

/// Number, kind, time, organization, user, app, address, agent, outcome, detail.
pub(super) type ActivityColumns = (
    i64,
    String,
    i64,
    Uuid,
    Option<Uuid>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    String,
    Option<String>,
);

/// The day's start, kind, outcome, how often.
pub(super) type CountColumns = (i64, String, String, i64);

pub(super) fn row(kind: Kind, (id, owner, expires, version, body): RowColumns) -> Row {
    let expires = expires.map(Time::from_micros);
    Row { kind, id: id.into(), owner, expires, version: version.cast_unsigned(), body: body.into() }
}

pub(super) fn page(rows: Vec<ActivityColumns>, limit: usize) -> ActivityPage {
    let full = rows.len() == limit;
    let next = rows.last().filter(|_| full).map(|last| last.0.cast_unsigned());
    // A later version may have kept kinds that this one does not know: those are left out.
    ActivityPage { items: rows.into_iter().filter_map(recalled).collect(), next }
}

fn recalled(columns: ActivityColumns) -> Option<Recalled> {
    let (number, kind, time, org, user, app, address, agent, outcome, detail) = columns;
    let activity = Activity {
        kind: ActivityKind::parse(&kind)?,
        time: Time::from_micros(time),
        org: OrgId(org),
        user,
        app: app.map(AppId),
        address: address.and_then(|address| address.parse::<IpAddr>().ok()),
        agent: agent.map(Into::into),
        outcome: Outcome::parse(&outcome)?,
        detail: detail.map(Into::into),
    };
    Some(Recalled { number: number.cast_unsigned(), activity })
}

pub(super) fn count((day, kind, outcome, count): CountColumns) -> Option<ActivityCount> {
    Some(ActivityCount {
        day: Time::from_micros(day),
        kind: ActivityKind::parse(&kind)?,
        outcome: Outcome::parse(&outcome)?,
        count: count.cast_unsigned(),
    })
}

/// The number before which to look, as databases count.
pub(super) fn before(query: &ActivityQuery) -> i64 {
    query.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX))
}

/// A limit, as databases count.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A version, as databases count; one that no row has when it can't be.
pub(super) fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(-1)
}

pub(super) fn unavailable(why: impl ToString) -> VaultError {
    VaultError::Unavailable(why.to_string())
}
