//! `/v1/wallets/{wallet}/credit-limit` and `/v1/wallets/{wallet}/low-balance`: how far a wallet may be
//! overdrawn, and when its credits are low.

use axum::extract::State;
use events::{Credits, Event, WalletId};
use ledger::{Command, SetLimit, SetThreshold};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{AmountField, Asking, Caller, Intent, Payload, Text, WalletPath, scope},
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, UuidText},
};

/// An overdraft to agree on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreditLimitRequest<'a> {
    /// How far the wallet may be overdrawn, as a decimal string of at least zero; `"0"` for not at all.
    #[serde(borrow)]
    #[schema(value_type = String, example = "50")]
    limit: AmountField<'a>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// A threshold to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LowBalanceRequest<'a> {
    /// Below which available amount the credits are low, as a decimal string above zero; `null` for
    /// never.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, required, example = "10")]
    threshold: AmountField<'a>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// How far a wallet may be overdrawn.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreditLimit {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// The agreed overdraft.
    #[schema(value_type = String, example = "50")]
    limit: Credits,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

/// When a wallet's credits are low.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LowBalance {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Below which available amount; `null` for never.
    #[schema(value_type = Option<String>, required, example = "10")]
    threshold: Option<Credits>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

/// Agrees how far a wallet may be overdrawn. What is overdrawn already stays owed, whatever the new limit.
#[utoipa::path(
    put, path = "/v1/wallets/{wallet}/credit-limit", tag = "control", operation_id = "set_credit_limit",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = CreditLimitRequest<'_>, example = json!({ "limit": "50" })),
    responses((status = 200, description = "The limit holds", body = CreditLimit)),
)]
pub(super) async fn set_credit_limit(
    State(shared): State<Shared>,
    caller: Caller<scope::Control>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CreditLimitRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = Command::SetLimit(SetLimit { limit: request.limit.parse_from_zero()? });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::LimitSet(set) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let (limit, funds, recording) = (set.limit, Funds::from(&set.wallet), answer.recording());
    Ok(answer.done(&CreditLimit { wallet, limit, funds, recording }))
}

/// Says below which available amount a wallet's credits are low. The event `wallet.balance_low` follows
/// once for each crossing.
#[utoipa::path(
    put, path = "/v1/wallets/{wallet}/low-balance", tag = "control", operation_id = "set_low_balance",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = LowBalanceRequest<'_>, example = json!({ "threshold": "10" })),
    responses((status = 200, description = "The threshold holds", body = LowBalance)),
)]
pub(super) async fn set_low_balance(
    State(shared): State<Shared>,
    caller: Caller<scope::Control>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: LowBalanceRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let field = &request.threshold;
    let threshold = if field.is_null() { None } else { Some(field.parse()?) };
    let command = Command::SetThreshold(SetThreshold { threshold });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::ThresholdSet(set) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let (threshold, funds, recording) = (set.threshold, Funds::from(&set.wallet), answer.recording());
    Ok(answer.done(&LowBalance { wallet, threshold, funds, recording }))
}
