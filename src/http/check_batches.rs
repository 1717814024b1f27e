//! `/v1/checks:batch`: many checks in one request.

use axum::{extract::State, http::StatusCode};
use events::{Event, Operation, WalletId};
use ledger::Command;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    app::Shared,
    batches::{Answered, ItemResult, Items, reply},
    checks::{Check, CheckRequest},
    extract::{AmountField, Asking, BatchPayload, Caller, Intent, Text, UsageField, present, scope},
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{CheckResults, UsageQuantities},
};
use crate::engine::Ask;

/// Costs to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckBatchRequest<'a> {
    /// 1 to 1,000 checks.
    #[serde(borrow)]
    #[schema(value_type = Vec<CheckItem<'static>>, min_items = 1, max_items = 1000)]
    items: Items<'a>,
}

/// One check of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckItem<'a> {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: Uuid,
    /// The item's own key, 1 to 255 visible characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "check-1")]
    idempotency_key: Option<Text<'a>>,
    /// The app's name for what it sells, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "chat")]
    service: Text<'a>,
    /// The cost, as a decimal string above zero with at most six decimals. This or `usage`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "0.5")]
    cost: Option<AmountField<'a>>,
    /// What would be used, for the service's price to say what it costs. This or `cost`.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    usage: Option<UsageField<'a>>,
    /// The budget that would pay, 1 to 64 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    budget: Option<Text<'a>>,
    /// `true` to hold the cost in the same step, when it can be paid. Needs the scope `credits:hold` too.
    hold: Option<bool>,
    /// In how many seconds the hold is released by itself; only with `hold`.
    timeout_seconds: Option<i64>,
    /// The most that may be captured of the hold in all; only with `hold`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "2")]
    cap: Option<AmountField<'a>>,
}

impl<'a> CheckItem<'a> {
    fn ask(self, shared: &Shared, caller: &Caller<scope::Check>, asking: &Asking) -> Result<Ask, Problem> {
        let Self { wallet, idempotency_key, service, cost, usage, budget, hold, timeout_seconds, cap } = self;
        let request: CheckRequest<'a> =
            CheckRequest { service, cost, usage, budget, hold, timeout_seconds, cap, idempotency_key };
        let key = asking.key(request.idempotency_key.as_ref())?;
        let command = Command::Check(request.command(caller)?);
        shared.ask(caller, asking, key, WalletId(wallet), command)
    }
}

/// Asks up to 1,000 times whether a cost could be paid. Each has its own wallet, may have its own key, and
/// has its own result: what it would answer on its own, with `status`. A body may have 4 MiB.
#[utoipa::path(
    post, path = "/v1/checks:batch", tag = "spending", operation_id = "create_checks",
    params(Intent),
    request_body(content = CheckBatchRequest<'_>, example = json!({ "items": [{ "wallet": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11", "service": "chat", "cost": "0.5" }] })),
    responses((status = 200, description = "A result for each item, in order", body = CheckResults)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Check>,
    asking: Asking,
    BatchPayload(body): BatchPayload,
) -> Result<Reply, Problem> {
    let request: CheckBatchRequest<'_> = body.parse()?;
    asking.key(None)?;
    let asking = asking.of_items();
    let read: Vec<Result<CheckItem<'_>, Problem>> = request.items.read()?;
    let ask = |item: CheckItem<'_>| item.ask(&shared, &caller, &asking);
    let asks = read.into_iter().map(|item| item.and_then(ask)).collect();
    let answered = shared.submit_items(Operation::Check, asks).await?;
    Ok(reply(answered.iter().map(|answered| result(&shared, answered)).collect()))
}

fn result<'a>(shared: &Shared, answered: &'a Answered) -> ItemResult<Check<'a>> {
    let (wallet, answer) = match answered {
        Ok(answered) => answered,
        Err(problem) => return ItemResult::Refused(problem.clone()),
    };
    let Event::CreditsChecked(checked) = &answer.recorded.event else {
        return ItemResult::Refused(lookup::unexpected());
    };
    let check = Check::of(shared, *wallet, answer.recording(), checked);
    ItemResult::done(StatusCode::OK, answer.replayed, check)
}
