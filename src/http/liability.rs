//! `/v1/reports/liability`: what an organization owes in credits, and what of the money for them it
//! has not earned yet.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use events::{Currency, OrgId, Position, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    app::Shared,
    extract::{Caller, Params, scope},
    moments::Moment,
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    sheets::{Accepted, sheet},
    sums::Sum,
};
use crate::{
    read::{FlowLine, LiabilityReport, RollForward, Standing, ValueLine},
    report::{Edge, Form},
};

/// Which period is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LiabilityPeriod {
    /// Its beginning: a position, an RFC 3339 time, or a date for its midnight in UTC. The first event,
    /// when absent.
    #[param(value_type = Option<String>, example = json!("2026-11-01"))]
    from: Option<Moment>,
    /// Its end, exclusively, in the same words; now, when absent or in the future.
    #[param(value_type = Option<String>, example = json!("2026-12-01"))]
    to: Option<Moment>,
    /// `json` or `csv`; what `Accept` says, when absent.
    format: Option<String>,
    /// The answer must include the event at this position: the `position` of an earlier answer.
    min_position: Option<u64>,
    /// How many seconds to wait for it, 0 to 30; 5 when absent.
    wait: Option<u32>,
}

/// A moment of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PeriodEdge {
    /// Events below this position lie before it, none above.
    #[schema(value_type = String, example = "43")]
    position: Position,
    /// The time that was asked for, or else that of the event at the position.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
}

/// Credits by kind. `paid + promotional - debt = balance`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Owed {
    /// Of lots that were bought.
    #[schema(value_type = String, example = "100")]
    paid: Sum,
    /// Of lots that were given.
    #[schema(value_type = String, example = "5")]
    promotional: Sum,
    /// What wallets owe.
    #[schema(value_type = String, example = "0")]
    debt: Sum,
    /// The sum of the wallets' balances.
    #[schema(value_type = String, example = "105")]
    balance: Sum,
}

/// What one flow added, or, below zero, took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreditFlow {
    /// purchased, granted, rolled_back, consumed, expired, refunded, charged_back, adjusted, or settled:
    /// credits that came in and paid debt.
    #[schema(example = "purchased")]
    flow: &'static str,
    #[serde(flatten)]
    change: Owed,
}

/// What one flow added to deferred revenue, or, below zero, took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ValueFlow {
    /// As of the credits.
    #[schema(example = "consumed")]
    flow: &'static str,
    /// In the currency's main unit.
    #[schema(value_type = String, example = "-2.5")]
    change: Sum,
}

/// What was paid for credits that wallets still hold. `opening + flows = closing`, and what was paid and
/// kept is earned or deferred: `paid - refunded + adjusted = recognised + breakage + closing - opening`,
/// where `adjusted` is the flow of that name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeferredRevenue {
    /// The currency; amounts are in its main unit.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// At the beginning.
    #[schema(value_type = String, example = "0")]
    opening: Sum,
    /// What happened in between.
    flows: Vec<ValueFlow>,
    /// At the end.
    #[schema(value_type = String, example = "7.49")]
    closing: Sum,
    /// What was paid for credits in between.
    #[schema(value_type = String, example = "10")]
    paid: Sum,
    /// What refunds and chargebacks gave back of that, at the credits' price.
    #[schema(value_type = String, example = "0")]
    refunded: Sum,
    /// Earned by services: what consumption and settled debt took, less what was given back by rollbacks
    /// and by refunds of credits that had been spent. Credits that a hold reserves stay deferred when their
    /// purchase is refunded; as much less is earned until the hold ends.
    #[schema(value_type = String, example = "2.5")]
    recognised: Sum,
    /// Earned because credits expired.
    #[schema(value_type = String, example = "0")]
    breakage: Sum,
}

/// What the organization owes its wallets, and how it came about. `opening + flows = closing`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Liability {
    /// The organization.
    #[schema(value_type = String, format = "uuid")]
    organization: OrgId,
    /// Where the period begins.
    from: PeriodEdge,
    /// Where it ends.
    to: PeriodEdge,
    /// At the beginning.
    opening: Owed,
    /// What happened in between.
    flows: Vec<CreditFlow>,
    /// At the end.
    closing: Owed,
    /// By currency, for purchases that say what was paid. Each lot counts with the share of its price
    /// that is not spent, rounded to a millionth, halves to the even one.
    deferred_revenue: Vec<DeferredRevenue>,
    /// Events below this position were looked at.
    #[schema(value_type = String, example = "43")]
    as_of_position: Position,
}

impl From<&Standing> for Owed {
    fn from(standing: &Standing) -> Self {
        Self {
            paid: Sum(standing.paid),
            promotional: Sum(standing.promotional),
            debt: Sum(standing.debt),
            balance: Sum(standing.balance()),
        }
    }
}

impl From<Edge> for PeriodEdge {
    fn from(edge: Edge) -> Self {
        Self { position: edge.position, time: edge.time }
    }
}

impl From<&ValueLine> for DeferredRevenue {
    fn from(line: &ValueLine) -> Self {
        let flows = line.flows.iter();
        Self {
            currency: line.currency,
            opening: Sum(line.opening),
            flows: flows
                .map(|(flow, change)| ValueFlow { flow: flow.as_str(), change: Sum(*change) })
                .collect(),
            closing: Sum(line.closing),
            paid: Sum(line.paid()),
            refunded: Sum(line.refunded()),
            recognised: Sum(line.recognised()),
            breakage: Sum(line.breakage()),
        }
    }
}

impl Liability {
    fn of(organization: OrgId, report: &LiabilityReport) -> Self {
        let RollForward { opening, flows, closing, values } = &report.forward;
        let flow =
            |line: &FlowLine| CreditFlow { flow: line.flow.as_str(), change: Owed::from(&line.change) };
        Self {
            organization,
            from: report.from.into(),
            to: report.to.into(),
            opening: opening.into(),
            flows: flows.iter().map(flow).collect(),
            closing: closing.into(),
            deferred_revenue: values.iter().map(DeferredRevenue::from).collect(),
            as_of_position: report.as_of,
        }
    }

    /// The cells below [`HEADER`]: the credits line by line, then each currency.
    fn rows(&self) -> Vec<Vec<String>> {
        let credits = |line: &str, owed: &Owed| {
            let sums = [owed.paid, owed.promotional, owed.debt, owed.balance].map(|sum| sum.to_string());
            [["credits".to_owned(), line.to_owned()].as_slice(), &sums].concat()
        };
        let mut rows = vec![credits("opening", &self.opening)];
        rows.extend(self.flows.iter().map(|flow| credits(flow.flow, &flow.change)));
        rows.push(credits("closing", &self.closing));
        rows.extend(self.deferred_revenue.iter().flat_map(DeferredRevenue::rows));
        rows
    }
}

impl DeferredRevenue {
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |line: &str, sum: Sum| {
            let empty = String::new;
            let (currency, sum) = (self.currency.as_str().to_owned(), sum.to_string());
            vec![currency, line.to_owned(), empty(), empty(), empty(), sum]
        };
        let mut rows = vec![row("opening", self.opening)];
        rows.extend(self.flows.iter().map(|flow| row(flow.flow, flow.change)));
        rows.push(row("closing", self.closing));
        rows.push(row("paid", self.paid));
        rows.push(row("refunded", self.refunded));
        rows.push(row("recognised", self.recognised));
        rows.push(row("breakage", self.breakage));
        rows
    }
}

/// Amounts of money stand under `total`.
const HEADER: [&str; 6] = ["unit", "line", "paid", "promotional", "debt", "total"];

/// Reports what is owed: the credits of all wallets at the beginning of a period, what came and went
/// in it, and what is there at its end; and the deferred revenue in each currency.
///
/// As JSON or CSV.
#[utoipa::path(
    get, path = "/v1/reports/liability", tag = "reports", operation_id = "report_liability",
    params(LiabilityPeriod),
    responses((
        status = 200, description = "The report",
        content((Liability = "application/json"), (String = "text/csv")),
    )),
)]
pub(super) async fn report(
    State(shared): State<Shared>,
    caller: Caller<scope::Reports>,
    accepted: Accepted,
    Params(period): Params<LiabilityPeriod>,
) -> Result<Response, Problem> {
    let form = accepted.form(period.format.as_deref(), &[Form::Json, Form::Csv])?;
    let at_least = AtLeast { min_position: period.min_position, wait: period.wait };
    let (from, to) = shared.period(period.from, period.to, &at_least).await?;
    caller.must_reach_all()?;
    let report = shared.reads.liability(caller.org, from, to).await?;
    let liability = Liability::of(caller.org, &report);
    if form == Form::Csv {
        let name = format!("liability-{}-{}", liability.from.position, liability.to.position);
        return sheet(&name, &HEADER, liability.rows());
    }
    Ok(Reply::ok(&liability).into_response())
}
