//! `/auth/activity`, `/v1/activity` and `/v1/activity/counts`: sign-ins, failures, tokens.

use std::net::IpAddr;

use axum::extract::State;
use events::{AppId, OrgId, Position, Time, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::in_person;
use crate::{
    http::{
        app::Shared,
        cursor,
        extract::{Caller, Params, SignedIn, Text, moment, scope},
        problem::Problem,
        reply::Reply,
    },
    identity::vault::{ActivityKind, ActivityPage, ActivityQuery, Outcome, Recalled},
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;
/// Rows of counts: a year of all kinds and outcomes.
const COUNTS_MAX: usize = 12_000;

/// Which activity is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ActivityParams {
    /// Of this kind alone, such as `sign_in`.
    kind: Option<String>,
    /// With this outcome alone: `done` or `refused`.
    outcome: Option<String>,
    /// From this time on, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Until before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<String>,
    /// Through this app alone.
    #[param(value_type = Option<String>, format = "uuid")]
    app: Option<Uuid>,
    /// Of this user alone; for administrators.
    #[param(value_type = Option<String>, format = "uuid")]
    user: Option<Uuid>,
    /// The `next_cursor` of the page before, with the same filters.
    cursor: Option<String>,
    /// At most so many, 1 to 500; 50 when absent.
    limit: Option<usize>,
}

impl ActivityParams {
    fn query(&self, org: OrgId, user: Option<Uuid>) -> Result<ActivityQuery, Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::bad_request(format!("`limit` is from 1 to {LIMIT_MAX}")));
        }
        let mut query = ActivityQuery { user, app: self.app.map(AppId), ..ActivityQuery::of(org, limit) };
        if let Some(kind) = &self.kind {
            let kind = ActivityKind::parse(kind);
            query.kind = Some(kind.ok_or_else(|| Problem::bad_request("`kind` is no kind of activity"))?);
        }
        if let Some(outcome) = &self.outcome {
            let outcome = Outcome::parse(outcome);
            query.outcome =
                Some(outcome.ok_or_else(|| Problem::bad_request("`outcome` is done or refused"))?);
        }
        if let Some(from) = &self.from {
            query.time.start = moment("from", &Text::from(from.as_str()))?;
        }
        if let Some(to) = &self.to {
            query.time.end = moment("to", &Text::from(to.as_str()))?;
        }
        if let Some(cursor) = &self.cursor {
            let before = cursor::decode(cursor, &filters(&query)).map(Position::get);
            let other = || Problem::bad_request("`cursor` is none of a list with these filters");
            query.before = Some(before.ok_or_else(other)?);
        }
        Ok(query)
    }
}

/// What a cursor is bound to.
fn filters(query: &ActivityQuery) -> Vec<u8> {
    let ActivityQuery { org, user, app, kind, outcome, time, before: _, limit: _ } = query;
    format!("activity {org} {user:?} {app:?} {kind:?} {outcome:?} {time:?}").into_bytes()
}

/// Something that was done or tried.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ActivityView {
    /// Its number.
    #[schema(value_type = String, example = "42")]
    id: String,
    /// What, such as `sign_in` or `token`.
    #[schema(value_type = String, example = "sign_in")]
    kind: &'static str,
    /// How it ended: `done` or `refused`.
    #[schema(value_type = String, example = "done")]
    outcome: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// By whom, if a user is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// Through which app, if through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    app_id: Option<AppId>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    address: Option<IpAddr>,
    /// With which user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    user_agent: Option<Box<str>>,
    /// A word on it, such as why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    detail: Option<Box<str>>,
}

impl From<Recalled> for ActivityView {
    fn from(Recalled { number, activity }: Recalled) -> Self {
        Self {
            id: number.to_string(),
            kind: activity.kind.as_str(),
            outcome: activity.outcome.as_str(),
            time: activity.time,
            user_id: activity.user.map(UserId),
            app_id: activity.app,
            address: activity.address,
            user_agent: activity.agent,
            detail: activity.detail,
        }
    }
}

/// A page of activity.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ActivityList {
    /// Newest first.
    data: Vec<ActivityView>,
    /// Pass as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// How often something happened on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ActivityCountView {
    /// Midnight, UTC, at which the day begins.
    #[schema(value_type = String, format = DateTime)]
    day: Time,
    /// What.
    #[schema(value_type = String, example = "sign_in")]
    kind: &'static str,
    /// How it ended.
    #[schema(value_type = String, example = "done")]
    outcome: &'static str,
    /// How often.
    count: u64,
}

/// All counts that were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ActivityCounts {
    /// By day, kind and outcome.
    data: Vec<ActivityCountView>,
}

async fn page(shared: &Shared, query: ActivityQuery) -> Result<Reply, Problem> {
    let filters = filters(&query);
    let ActivityPage { items, next } = shared.auth.shelf.vault().activity(query).await?;
    let next_cursor = next.map(|before| cursor::encode(Position(before), &filters));
    Ok(Reply::ok(&ActivityList { data: items.into_iter().map(ActivityView::from).collect(), next_cursor }))
}

/// Lists what whoever is signed in did, or somebody tried in its name.
#[utoipa::path(
    get, path = "/auth/activity", tag = "users", operation_id = "list_own_activity",
    params(ActivityParams),
    responses((status = 200, description = "A page of activity", body = ActivityList)),
)]
pub(in crate::http) async fn own(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Params(params): Params<ActivityParams>,
) -> Result<Reply, Problem> {
    in_person(&signed_in)?;
    if params.user.is_some_and(|user| user != signed_in.user.0) {
        return Err(Problem::not_found("user"));
    }
    page(&shared, params.query(signed_in.org, Some(signed_in.user.0))?).await
}

/// Lists what happened in the organization.
#[utoipa::path(
    get, path = "/v1/activity", tag = "users", operation_id = "list_activity",
    params(ActivityParams),
    responses((status = 200, description = "A page of activity", body = ActivityList)),
)]
pub(in crate::http) async fn list(
    State(shared): State<Shared>,
    caller: Caller<scope::ActivityRead>,
    Params(params): Params<ActivityParams>,
) -> Result<Reply, Problem> {
    caller.must_reach_all()?;
    page(&shared, params.query(caller.org, params.user)?).await
}

/// Counts what happened in the organization, by day, kind and outcome.
#[utoipa::path(
    get, path = "/v1/activity/counts", tag = "users", operation_id = "count_activity",
    params(ActivityParams),
    responses((status = 200, description = "The counts", body = ActivityCounts)),
)]
pub(in crate::http) async fn counts(
    State(shared): State<Shared>,
    caller: Caller<scope::ActivityRead>,
    Params(params): Params<ActivityParams>,
) -> Result<Reply, Problem> {
    caller.must_reach_all()?;
    let query = ActivityQuery { limit: COUNTS_MAX, before: None, ..params.query(caller.org, params.user)? };
    let counts = shared.auth.shelf.vault().activity_counts(query).await?.into_iter();
    let data = counts.map(|count| ActivityCountView {
        day: count.day,
        kind: count.kind.as_str(),
        outcome: count.outcome.as_str(),
        count: count.count,
    });
    Ok(Reply::ok(&ActivityCounts { data: data.collect() }))
}
