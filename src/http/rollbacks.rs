//! `/v1/deductions/{id}/rollbacks` and `/v1/rollbacks/{id}`: a deduction is given back.

use axum::extract::State;
use events::{Credits, DeductionRolledBack, Envelope, Event, PublicId, PublicKind, WalletId};
use ledger::{Command, RollBack};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{AmountField, Asking, Caller, Named, Payload, Text, scope, short_text},
    lookup,
    problem::Problem,
    purchases::REFERENCE_CHARS_MAX,
    reply::Reply,
    shapes::{Funds, LotSlice, Recording},
};

/// What to give back of a deduction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackRequest<'a> {
    /// How much, as a decimal string above zero; all that is left of it, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "0.25")]
    amount: Option<AmountField<'a>>,
    /// Why, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 512)]
    reason: Option<Text<'a>>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// Credits that were given back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rollback<'a> {
    /// The rollback.
    #[schema(value_type = String, example = "rol_1b4e28ba_57")]
    id: PublicId,
    /// The deduction.
    #[schema(value_type = String, example = "ded_1b4e28ba_42")]
    deduction: PublicId,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Credits given back.
    #[schema(value_type = String, example = "0.25")]
    amount: Credits,
    /// All that was given back of this deduction so far, this time included.
    #[schema(value_type = String, example = "0.25")]
    returned: Credits,
    /// To which lots, in the reverse of the deduction's order.
    slices: Vec<LotSlice>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Rollback<'a> {
    fn of(shared: &Shared, wallet: WalletId, envelope: &Envelope, e: &'a DeductionRolledBack) -> Self {
        let slices = e.slices.iter().map(|slice| LotSlice { lot: slice.lot, amount: slice.amount });
        Self {
            id: shared.public_id(PublicKind::Rollback, envelope.position),
            deduction: shared.public_id(PublicKind::Deduction, e.deduction),
            wallet,
            amount: e.amount,
            returned: e.returned,
            slices: slices.collect(),
            reason: e.reason.as_deref(),
            funds: Funds::from(&e.wallet),
            recording: Recording::from(envelope),
        }
    }
}

/// Gives a deduction back to the lots it came from: all that is left of it, or a part.
///
/// What comes back to a lot that has expired meanwhile expires again at once.
#[utoipa::path(
    post, path = "/v1/deductions/{id}/rollbacks", tag = "spending", operation_id = "create_rollback",
    params(("id" = String, Path, description = "The deduction", example = "ded_1b4e28ba_42")),
    request_body(content = RollbackRequest<'_>, example = json!({ "reason": "generation failed" })),
    responses((status = 201, description = "The credits are back", body = Rollback<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Rollback>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: RollbackRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let amount = request.amount.as_ref().map(AmountField::parse).transpose()?;
    let reason = request.reason.as_ref();
    let reason = reason.map(|text| short_text("reason", text, REFERENCE_CHARS_MAX)).transpose()?;
    let deduction = shared.made(&id, PublicKind::Deduction, caller.org).await?;
    let (Event::CreditsDeducted(_), Some(wallet)) = (&deduction.event, deduction.wallet()) else {
        return Err(Problem::not_found("deduction"));
    };
    let command = Command::RollBack(RollBack { deduction: deduction.envelope.position, amount, reason });
    let answer = shared.submit(caller, asking, Some(key), wallet, command).await?;
    let Event::DeductionRolledBack(rolled_back) = &answer.recorded.event else {
        return Err(lookup::unexpected());
    };
    let rollback = Rollback::of(&shared, wallet, &answer.recorded.envelope, rolled_back);
    Ok(Reply::created(&rollback).replayed(answer.replayed))
}

/// Reads a rollback, with the wallet's credits as it left them.
#[utoipa::path(
    get, path = "/v1/rollbacks/{id}", tag = "spending", operation_id = "read_rollback",
    params(("id" = String, Path, description = "The rollback", example = "rol_1b4e28ba_57")),
    responses((status = 200, description = "The rollback", body = Rollback<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&id, PublicKind::Rollback, caller.org).await?;
    let (Event::DeductionRolledBack(rolled_back), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("rollback"));
    };
    Ok(Reply::ok(&Rollback::of(&shared, wallet, &recorded.envelope, rolled_back)))
}
