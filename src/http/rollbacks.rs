//! `/v1/deductions/{id}/rollbacks` and `/v1/rollbacks/{id}`: a deduction is given back.

use axum::extract::State;
use events::{Credits, DeductionRolledBack, Event, PublicId, PublicKind, WalletId};
use ledger::{Command, RollBack};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{AmountField, Asking, Caller, Intent, Named, Payload, Text, scope, short_text},
    lookup,
    problem::Problem,
    purchases::REFERENCE_CHARS_MAX,
    reply::Reply,
    shapes::{Funds, LotSlice, Recording, above_zero, sum},
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
    /// The rollback; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rol_1b4e28ba_57")]
    id: Option<PublicId>,
    /// The deduction, or the capture of a hold.
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
    /// The part that no lot had paid: it reduces the wallet's debt, and what finds no debt any more
    /// forms a lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.25")]
    overdrawn: Option<Credits>,
    /// What of it paid the wallet's debt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.25")]
    settled: Option<Credits>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Rollback<'a> {
    fn of(
        shared: &Shared,
        wallet: WalletId,
        recording: Recording,
        spent: PublicKind,
        e: &'a DeductionRolledBack,
    ) -> Self {
        let slices = e.slices.iter().map(|slice| LotSlice { lot: slice.lot, amount: slice.amount });
        Self {
            id: shared.id(PublicKind::Rollback, recording),
            deduction: shared.public_id(spent, e.deduction),
            wallet,
            amount: e.amount,
            returned: e.returned,
            slices: slices.collect(),
            overdrawn: above_zero(e.overdrawn),
            settled: sum(&e.settled),
            reason: e.reason.as_deref(),
            funds: Funds::from(&e.wallet),
            recording,
        }
    }
}

/// What an event that spends is: a deduction or the capture of a hold.
pub(super) const fn spending(event: &Event) -> Option<PublicKind> {
    match event {
        Event::CreditsDeducted(_) => Some(PublicKind::Deduction),
        Event::HoldCaptured(_) => Some(PublicKind::Capture),
        Event::WalletOpened(_)
        | Event::CreditsPurchased(_)
        | Event::CreditsGranted(_)
        | Event::CreditsChecked(_)
        | Event::DeductionRolledBack(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::CreditsHeld(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::PurchaseRefunded(_)
        | Event::AdjustmentProposed(_)
        | Event::CreditsAdjusted(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => None,
    }
}

/// Gives a deduction back to the lots it came from: all that is left of it, or a part. The capture of
/// a hold is given back like a deduction, by its own id.
///
/// What comes back to a lot that has expired meanwhile expires again at once, or lives on as the
/// organization's policy says.
///
/// Any app of the organization whose key has `credits:rollback` may give back what any other of its apps
/// spent: the scope is meant for support tools, too. Usage and caps count it for the app that had spent.
#[utoipa::path(
    post, path = "/v1/deductions/{id}/rollbacks", tag = "spending", operation_id = "create_rollback",
    params(("id" = String, Path, description = "The deduction or capture", example = "ded_1b4e28ba_42"), Intent),
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
    let kind = if id.starts_with("cap_") { PublicKind::Capture } else { PublicKind::Deduction };
    let spent = shared.made(&caller, &id, kind).await?;
    let same = spending(&spent.event).filter(|spent| *spent == kind);
    let (Some(kind), Some(wallet)) = (same, spent.wallet()) else {
        return Err(Problem::not_found(lookup::name(kind)));
    };
    let command = Command::RollBack(RollBack { deduction: spent.envelope.position, amount, reason });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::DeductionRolledBack(rolled_back) = &answer.recorded.event else {
        return Err(lookup::unexpected());
    };
    Ok(answer.created(&Rollback::of(&shared, wallet, answer.recording(), kind, rolled_back)))
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
    let recorded = shared.made(&caller, &id, PublicKind::Rollback).await?;
    let (Event::DeductionRolledBack(rolled_back), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("rollback"));
    };
    let spent = shared.stored(rolled_back.deduction).await?;
    let kind = spent.and_then(|spent| spending(&spent.event)).ok_or_else(lookup::unexpected)?;
    let recording = Recording::from(&recorded.envelope);
    Ok(Reply::ok(&Rollback::of(&shared, wallet, recording, kind, rolled_back)))
}
