//! `/v1/deductions:batch`: many deductions in one request, each for itself or all or none.

use axum::extract::State;
use events::{CreditsDeducted, Event, Operation, Recorded, WalletId};
use ledger::{Command, Deduct};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    app::Shared,
    batches::{Answered, ItemResult, Items, reply},
    deductions::{Deduction, DeductionRequest},
    extract::{AmountField, Asking, BatchPayload, Caller, Intent, Text, UsageField, present, scope},
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{DeductionResults, UsageQuantities},
};
use crate::engine::Ask;

/// Deductions to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeductionBatchRequest<'a> {
    /// `true` to make all of them or none: then they are of one wallet and have one key.
    atomic: Option<bool>,
    /// The wallet of an atomic batch.
    #[schema(value_type = Option<String>, format = "uuid")]
    wallet: Option<Uuid>,
    /// 1 to 1,000 deductions.
    #[serde(borrow)]
    #[schema(value_type = Vec<DeductionItem<'static>>, min_items = 1, max_items = 1000)]
    items: Items<'a>,
    /// The key of an atomic batch, instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// One deduction of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeductionItem<'a> {
    /// The wallet; required, but in an atomic batch, which names it once.
    #[schema(value_type = Option<String>, format = "uuid")]
    wallet: Option<Uuid>,
    /// The item's own key, 1 to 255 visible characters; required, but in an atomic batch, which has one.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "job-1")]
    idempotency_key: Option<Text<'a>>,
    /// The app's name for what is bought, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "chat")]
    service: Text<'a>,
    /// The cost, as a decimal string above zero with at most six decimals. This or `usage`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "0.5")]
    cost: Option<AmountField<'a>>,
    /// What was used, for the service's price to say what it costs. This or `cost`.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    usage: Option<UsageField<'a>>,
    /// The budget that pays, 1 to 64 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    budget: Option<Text<'a>>,
    /// The app's own words: a JSON object of at most 8 KiB.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

impl<'a> DeductionItem<'a> {
    /// The wallet, and what would be asked of it alone.
    fn split(self) -> (Option<WalletId>, DeductionRequest<'a>) {
        let Self { wallet, idempotency_key, service, cost, usage, budget, metadata } = self;
        let request = DeductionRequest { service, cost, usage, budget, metadata, idempotency_key };
        (wallet.map(WalletId), request)
    }

    fn ask(self, shared: &Shared, caller: &Caller<scope::Deduct>, asking: &Asking) -> Result<Ask, Problem> {
        let (wallet, request) = self.split();
        let wallet = wallet.ok_or_else(|| Problem::bad_request("an item names its `wallet`"))?;
        let key = asking.required_key(request.idempotency_key.as_ref())?;
        shared.ask(caller, asking, key, wallet, Command::Deduct(request.command()?))
    }

    fn of_atomic(self) -> Result<Deduct, Problem> {
        let (wallet, request) = self.split();
        if wallet.is_some() || request.idempotency_key.is_some() {
            let detail = "an atomic batch names `wallet` and key once, beside its items";
            return Err(Problem::bad_request(detail));
        }
        request.command()
    }
}

/// Makes up to 1,000 deductions, in order. Each has its own wallet, key and result: what it would answer
/// on its own, with `status`.
///
/// With `atomic`, all of them or none are made, of one wallet and under one key; when one is refused, the
/// answer is its problem, and `item` says which one it is. A body may have 4 MiB. In a dry run, each item
/// is decided as if it were the only one.
#[utoipa::path(
    post, path = "/v1/deductions:batch", tag = "spending", operation_id = "create_deductions",
    params(Intent),
    request_body(content = DeductionBatchRequest<'_>, example = json!({ "items": [{ "wallet": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11", "idempotency_key": "job-1", "service": "chat", "cost": "0.5" }] })),
    responses((status = 200, description = "A result for each item, in order", body = DeductionResults)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Deduct>,
    asking: Asking,
    BatchPayload(body): BatchPayload,
) -> Result<Reply, Problem> {
    let request: DeductionBatchRequest<'_> = body.parse()?;
    if request.atomic == Some(true) {
        return all_or_none(&shared, caller, asking, &request).await;
    }
    if request.wallet.is_some() {
        return Err(Problem::bad_request("`wallet` beside the items goes with `atomic`: true"));
    }
    asking.key(request.idempotency_key.as_ref())?;
    let asking = asking.of_items();
    let read: Vec<Result<DeductionItem<'_>, Problem>> = request.items.read()?;
    let ask = |item: DeductionItem<'_>| item.ask(&shared, &caller, &asking);
    let asks = read.into_iter().map(|item| item.and_then(ask)).collect();
    let answered = shared.submit_items(Operation::Deduct, asks).await?;
    Ok(reply(answered.iter().map(|answered| result(&shared, answered)).collect()))
}

fn result<'a>(shared: &Shared, answered: &'a Answered) -> ItemResult<Deduction<'a>> {
    let (wallet, answer) = match answered {
        Ok(answered) => answered,
        Err(problem) => return ItemResult::Refused(problem.clone()),
    };
    let Event::CreditsDeducted(deducted) = &answer.recorded.event else {
        return ItemResult::Refused(lookup::unexpected());
    };
    let deduction = Deduction::of(shared, *wallet, answer.recording(), deducted);
    ItemResult::done(answer.created_status(), answer.replayed, deduction)
}

async fn all_or_none(
    shared: &Shared,
    caller: Caller<scope::Deduct>,
    asking: Asking,
    request: &DeductionBatchRequest<'_>,
) -> Result<Reply, Problem> {
    let wallet = request.wallet.map(WalletId);
    let wallet = wallet.ok_or_else(|| Problem::bad_request("an atomic batch names its `wallet`"))?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let read: Vec<Result<DeductionItem<'_>, Problem>> = request.items.read()?;
    let deducts = read.into_iter().enumerate().map(|(index, item)| {
        item.and_then(DeductionItem::of_atomic).map_err(|problem| problem.of_item(index))
    });
    let command = Command::DeductBatch(deducts.collect::<Result<_, _>>()?);
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let status = answer.created_status();
    let made = |recorded, deducted| {
        let deduction = Deduction::of(shared, wallet, answer.recording_of(recorded), deducted);
        ItemResult::done(status, false, deduction)
    };
    let items = answer.events().filter_map(|recorded| Some(made(recorded, of_batch(recorded)?)));
    Ok(reply(items.collect()).replayed(answer.replayed))
}

/// The deduction of an atomic batch, when it is one.
fn of_batch(recorded: &Recorded) -> Option<&CreditsDeducted> {
    let Event::CreditsDeducted(deducted) = &recorded.event else { return None };
    deducted.batch.is_some().then_some(deducted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_read_by_itself() {
        let json = r#"{"items":[{"service":"s","cost":"1"},5,{"service":"s","cost":"1","more":1}]}"#;
        let request: DeductionBatchRequest<'_> = serde_json::from_str(json).expect("a batch");
        let read: Vec<Result<DeductionItem<'_>, Problem>> = request.items.read().expect("items");
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
    }
}
