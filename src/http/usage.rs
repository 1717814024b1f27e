//! `/v1/reports/usage`: what the apps of an organization spent on what.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use events::{AppId, Position, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    app::Shared,
    extract::{Caller, Params, scope},
    moments::Instant,
    positions::AtLeast,
    problem::{Code, Problem},
    reply::Reply,
    sheets::{Accepted, sheet},
    sums::Sum,
};
use crate::{
    read::{UsageBy, UsageCounts, UsageQuery, UsageReport},
    report::Form,
};

/// The most lines of one report.
const LINES_MAX: usize = 10_000;

/// Which usage is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageFilters {
    /// The first day, in UTC: that of this date or time. The first one there is, when absent.
    #[param(value_type = Option<String>, example = json!("2026-11-01"))]
    from: Option<Instant>,
    /// The day after the last one, in UTC; a day that has begun before this time counts as a whole. To
    /// the last one there is, when absent.
    #[param(value_type = Option<String>, example = json!("2026-12-01"))]
    to: Option<Instant>,
    /// What gets a line of its own, between commas: app, service, day. All three, when absent.
    #[param(example = json!("app,service"))]
    by: Option<String>,
    /// `json` or `csv`; what `Accept` says, when absent.
    format: Option<String>,
    /// The answer must include the event at this position: the `position` of an earlier answer.
    min_position: Option<u64>,
    /// How many seconds to wait for it, 0 to 30; 5 when absent.
    wait: Option<u32>,
}

impl UsageFilters {
    fn by(&self) -> Result<Vec<UsageBy>, Problem> {
        let Some(names) = &self.by else { return Ok(vec![UsageBy::App, UsageBy::Service, UsageBy::Day]) };
        let by = names.split(',').map(|name| match name.trim() {
            "app" => Some(UsageBy::App),
            "service" => Some(UsageBy::Service),
            "day" => Some(UsageBy::Day),
            _ => None,
        });
        let by: Option<Vec<_>> = by.collect();
        by.ok_or_else(|| Problem::bad_request("`by` is one or more of app, service, day"))
    }
}

/// What was spent, and what was given back of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageFigures {
    /// How many deductions and captures.
    #[schema(example = 12)]
    spendings: u64,
    /// What they spent.
    #[schema(value_type = String, example = "30.5")]
    spent: Sum,
    /// How many rollbacks, on the day on which they happened.
    #[schema(example = 1)]
    rollbacks: u64,
    /// What they gave back.
    #[schema(value_type = String, example = "2.5")]
    returned: Sum,
    /// What was spent less what was given back.
    #[schema(value_type = String, example = "28")]
    net: Sum,
}

/// The usage of one app, service or day, as far as they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageLine {
    /// The day in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-21")]
    day: Option<String>,
    /// The app that spent, or had placed the hold that an operator captured; `null` for an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    app: Option<Option<AppId>>,
    /// The app's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "chat-frontend")]
    app_name: Option<Box<str>>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "chat")]
    service: Option<Box<str>>,
    #[serde(flatten)]
    figures: UsageFigures,
}

/// What the apps of the organization spent on what.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Usage {
    /// A line for each day, app and service with any usage, in this order.
    data: Vec<UsageLine>,
    /// Their sum.
    total: UsageFigures,
    /// Events below this position are counted, none above.
    #[schema(value_type = String, example = "43")]
    as_of_position: Position,
}

impl From<UsageCounts> for UsageFigures {
    fn from(counts: UsageCounts) -> Self {
        Self {
            spendings: counts.spendings,
            spent: Sum(counts.spent),
            rollbacks: counts.rollbacks,
            returned: Sum(counts.returned),
            net: Sum(counts.net()),
        }
    }
}

impl Usage {
    fn of(shared: &Shared, report: UsageReport) -> Self {
        let line = |(group, counts): (crate::read::UsageGroup, UsageCounts)| UsageLine {
            day: group.day.map(date),
            app: group.app,
            app_name: group.app.flatten().and_then(|app| shared.identity.app(app)).map(|app| app.name),
            service: group.service,
            figures: counts.into(),
        };
        Self {
            data: report.lines.into_iter().map(line).collect(),
            total: report.total.into(),
            as_of_position: report.as_of,
        }
    }
}

/// A day in UTC, such as `2026-11-21`.
fn date(time: Time) -> String {
    let mut text = time.to_string();
    text.truncate(text.find('T').unwrap_or(text.len()));
    text
}

const HEADER: [&str; 9] =
    ["day", "app", "app_name", "service", "spendings", "spent", "rollbacks", "returned", "net"];

impl UsageLine {
    /// The cells below [`HEADER`]; empty for what was not asked for.
    fn cells(self) -> Vec<String> {
        let figures = self.figures;
        vec![
            self.day.unwrap_or_default(),
            self.app.flatten().map(|app| app.to_string()).unwrap_or_default(),
            self.app_name.map(String::from).unwrap_or_default(),
            self.service.map(String::from).unwrap_or_default(),
            figures.spendings.to_string(),
            figures.spent.to_string(),
            figures.rollbacks.to_string(),
            figures.returned.to_string(),
            figures.net.to_string(),
        ]
    }
}

/// Reports usage: what apps spent on services, day by day.
///
/// As JSON or CSV.
#[utoipa::path(
    get, path = "/v1/reports/usage", tag = "reports", operation_id = "report_usage",
    params(UsageFilters),
    responses((
        status = 200, description = "The report",
        content((Usage = "application/json"), (String = "text/csv")),
    )),
)]
pub(super) async fn report(
    State(shared): State<Shared>,
    caller: Caller<scope::Reports>,
    accepted: Accepted,
    Params(filters): Params<UsageFilters>,
) -> Result<Response, Problem> {
    let form = accepted.form(filters.format.as_deref(), &[Form::Json, Form::Csv])?;
    let from = filters.from.map_or(Time::from_micros(0), |Instant(time)| time);
    let until = filters.to.map_or(Time::from_micros(i64::MAX), |Instant(time)| time);
    if until < from {
        return Err(Problem::bad_request("`from` lies after `to`"));
    }
    caller.must_reach_all()?;
    let query = UsageQuery { org: caller.org, from, until, by: filters.by()? };
    shared.reached(&AtLeast { min_position: filters.min_position, wait: filters.wait }).await?;
    let report = shared.reads.usage(query).await?;
    if report.lines.len() > LINES_MAX {
        let detail = format!("the report would have more than {LINES_MAX} lines");
        return Err(Problem::new(Code::ReportTooLarge, detail));
    }
    let usage = Usage::of(&shared, report);
    if form == Form::Csv {
        return sheet("usage", &HEADER, usage.data.into_iter().map(UsageLine::cells));
    }
    Ok(Reply::ok(&usage).into_response())
}
