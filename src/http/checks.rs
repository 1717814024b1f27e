//! `/v1/wallets/{wallet}/checks` and `/v1/checks/{id}`: could a cost be paid?

use axum::extract::State;
use events::{Credits, CreditsChecked, Envelope, Event, Position, PublicId, PublicKind, WalletId};
use ledger::{Check as CheckCommand, Command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    deductions::SERVICE_CHARS_MAX,
    extract::{AmountField, Asking, Caller, Named, Payload, Text, WalletPath, scope, short_text},
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, UuidText},
};

/// A cost to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckRequest<'a> {
    /// The app's name for what it sells, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "chat")]
    service: Text<'a>,
    /// The cost, as a decimal string above zero with at most six decimals.
    #[serde(borrow)]
    #[schema(value_type = String, example = "0.5")]
    cost: AmountField<'a>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// The answer to a check: advice, for the wallet may change before the deduction.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Check<'a> {
    /// The check.
    #[schema(value_type = String, example = "chk_1b4e28ba_42")]
    id: PublicId,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// The app's name for what it sells.
    service: &'a str,
    /// The cost asked about.
    #[schema(value_type = String, example = "0.5")]
    cost: Credits,
    /// Whether it could have been paid.
    sufficient: bool,
    #[serde(flatten)]
    funds: Funds,
    /// Events below this position are in the answer, none above.
    #[schema(value_type = String, example = "42")]
    as_of_position: Position,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Check<'a> {
    fn of(shared: &Shared, wallet: WalletId, envelope: &Envelope, e: &'a CreditsChecked) -> Self {
        Self {
            id: shared.public_id(PublicKind::Check, envelope.position),
            wallet,
            service: &e.service,
            cost: e.cost,
            sufficient: e.sufficient,
            funds: Funds::from(&e.wallet),
            as_of_position: envelope.position,
            recording: Recording::from(envelope),
        }
    }
}

/// Asks whether a cost could be paid now. Nothing is reserved: only the deduction itself is sure.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/checks", tag = "spending", operation_id = "create_check",
    params(("wallet" = inline(UuidText), Path, description = "The wallet")),
    request_body(content = CheckRequest<'_>, example = json!({ "service": "chat", "cost": "0.5" })),
    responses((status = 200, description = "The advice", body = Check<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Check>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CheckRequest<'_> = body.parse()?;
    let key = asking.key(request.idempotency_key.as_ref())?;
    let service = short_text("service", &request.service, SERVICE_CHARS_MAX)?;
    let command = Command::Check(CheckCommand { service, cost: request.cost.parse()? });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsChecked(checked) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let check = Check::of(&shared, wallet, &answer.recorded.envelope, checked);
    Ok(Reply::ok(&check).replayed(answer.replayed))
}

/// Reads a check, as it was answered.
#[utoipa::path(
    get, path = "/v1/checks/{id}", tag = "spending", operation_id = "read_check",
    params(("id" = String, Path, description = "The check", example = "chk_1b4e28ba_42")),
    responses((status = 200, description = "The check", body = Check<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&id, PublicKind::Check, caller.org).await?;
    let (Event::CreditsChecked(checked), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("check"));
    };
    Ok(Reply::ok(&Check::of(&shared, wallet, &recorded.envelope, checked)))
}
