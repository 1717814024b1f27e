//! `/v1/wallets/{wallet}/freeze` and `/v1/wallets/{wallet}/unfreeze`: spending is stopped and allowed.

use axum::extract::State;
use events::{Event, WalletId};
use ledger::{Command, Freeze, Unfreeze};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    commands::Answer,
    extract::{Asking, Caller, Intent, Payload, Text, WalletPath, scope, short_text},
    lookup,
    problem::Problem,
    purchases::REFERENCE_CHARS_MAX,
    reply::Reply,
    shapes::{Funds, Recording, UuidText},
};

/// A wallet to freeze or unfreeze.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FreezeRequest<'a> {
    /// Why, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 512)]
    reason: Option<Text<'a>>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

impl FreezeRequest<'_> {
    fn reason(&self) -> Result<Option<Box<str>>, Problem> {
        let reason = self.reason.as_ref();
        reason.map(|text| short_text("reason", text, REFERENCE_CHARS_MAX)).transpose()
    }
}

/// Whether a wallet is frozen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Frozen<'a> {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Whether it is.
    frozen: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

/// Freezes a wallet: nothing is spent or held until it is unfrozen. Credits may come in, deductions may
/// be rolled back, and holds may be released or expire.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/freeze", tag = "control", operation_id = "freeze_wallet",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = FreezeRequest<'_>, example = json!({ "reason": "dispute" })),
    responses((status = 200, description = "The wallet is frozen", body = Frozen<'_>)),
)]
pub(super) async fn freeze(
    State(shared): State<Shared>,
    caller: Caller<scope::Control>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: FreezeRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = Command::Freeze(Freeze { reason: request.reason()? });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::WalletFrozen(e) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(told(&answer, wallet, true, e.reason.as_deref(), Funds::from(&e.wallet)))
}

/// Unfreezes a wallet.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/unfreeze", tag = "control", operation_id = "unfreeze_wallet",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = FreezeRequest<'_>, example = json!({ "reason": "dispute settled" })),
    responses((status = 200, description = "Spending is possible again", body = Frozen<'_>)),
)]
pub(super) async fn unfreeze(
    State(shared): State<Shared>,
    caller: Caller<scope::Control>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: FreezeRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = Command::Unfreeze(Unfreeze { reason: request.reason()? });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::WalletUnfrozen(e) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(told(&answer, wallet, false, e.reason.as_deref(), Funds::from(&e.wallet)))
}

fn told(answer: &Answer, wallet: WalletId, frozen: bool, reason: Option<&str>, funds: Funds) -> Reply {
    answer.done(&Frozen { wallet, frozen, reason, funds, recording: answer.recording() })
}
