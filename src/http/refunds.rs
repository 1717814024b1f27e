//! `/v1/purchases/{id}/refunds`, `/v1/purchases/{id}/chargebacks` and `/v1/refunds/{id}`: a purchase is
//! taken back.

use axum::extract::State;
use events::{Credits, Event, PublicId, PublicKind, PurchaseRefunded, RefundCause, WalletId};
use ledger::{Command, Refund as RefundCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{AmountField, Asking, Caller, Intent, Named, Payload, Text, scope, short_text},
    lookup,
    problem::Problem,
    purchases::REFERENCE_CHARS_MAX,
    reply::Reply,
    shapes::{Funds, Recording, sum},
};

/// What to take back of a purchase.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRequest<'a> {
    /// How much, as a decimal string above zero. When absent, all of the purchase that was not taken back
    /// before; but once its credits have expired, only what is still there, free or held: what expired
    /// was not spent and becomes no debt. An amount is taken at its word.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "40")]
    amount: Option<AmountField<'a>>,
    /// Why, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 512)]
    reason: Option<Text<'a>>,
    /// The refund's or dispute's id at the payment provider, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 512)]
    payment_reference: Option<Text<'a>>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// Who took a purchase back.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Cause {
    /// The seller.
    Refund,
    /// The payer's bank, on a dispute.
    Chargeback,
}

impl From<RefundCause> for Cause {
    fn from(cause: RefundCause) -> Self {
        match cause {
            RefundCause::Refund => Self::Refund,
            RefundCause::Chargeback => Self::Chargeback,
        }
    }
}

/// A purchase that was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Refund<'a> {
    /// The refund or chargeback; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ref_1b4e28ba_57")]
    id: Option<PublicId>,
    /// Who took it back.
    cause: Cause,
    /// The purchase.
    #[schema(value_type = String, example = "pur_1b4e28ba_42")]
    purchase: PublicId,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Credits taken back: the part from the purchase's lot and the debt.
    #[schema(value_type = String, example = "40")]
    amount: Credits,
    /// All that was taken back of this purchase so far, this time included.
    #[schema(value_type = String, example = "40")]
    refunded: Credits,
    /// The part that was still in the purchase's lot.
    #[schema(value_type = String, example = "30")]
    taken: Credits,
    /// The part that was spent or is held: it became the wallet's debt.
    #[schema(value_type = String, example = "10")]
    debt: Credits,
    /// What other lots paid of the debt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "10")]
    settled: Option<Credits>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The refund's or dispute's id at the payment provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_reference: Option<&'a str>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Refund<'a> {
    fn of(shared: &Shared, wallet: WalletId, recording: Recording, e: &'a PurchaseRefunded) -> Self {
        Self {
            id: shared.id(PublicKind::Refund, recording),
            cause: e.cause.into(),
            purchase: shared.public_id(PublicKind::Purchase, e.purchase),
            wallet,
            amount: e.amount,
            refunded: e.refunded,
            taken: e.taken,
            debt: e.debt,
            settled: sum(&e.settled),
            reason: e.reason.as_deref(),
            payment_reference: e.payment_reference.as_deref(),
            funds: Funds::from(&e.wallet),
            recording,
        }
    }
}

/// Takes a purchase back because the seller returns the money: what is left of its lot first; what was
/// spent or is held becomes debt, which the wallet's other lots pay at once. What has expired does not,
/// unless an amount names it.
#[utoipa::path(
    post, path = "/v1/purchases/{id}/refunds", tag = "credits in", operation_id = "create_refund",
    params(("id" = String, Path, description = "The purchase", example = "pur_1b4e28ba_42"), Intent),
    request_body(content = RefundRequest<'_>, example = json!({ "amount": "40", "reason": "cancelled" })),
    responses((status = 201, description = "The credits are taken back", body = Refund<'_>)),
)]
pub(super) async fn refund(
    State(shared): State<Shared>,
    caller: Caller<scope::Refund>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    take_back(&shared, caller, &id, asking, &body, RefundCause::Refund).await
}

/// Records that the payer's bank took the money of a purchase: the same as a refund, under its own name.
#[utoipa::path(
    post, path = "/v1/purchases/{id}/chargebacks", tag = "credits in", operation_id = "create_chargeback",
    params(("id" = String, Path, description = "The purchase", example = "pur_1b4e28ba_42"), Intent),
    request_body(content = RefundRequest<'_>, example = json!({ "payment_reference": "dp_1Nv0" })),
    responses((status = 201, description = "The credits are taken back", body = Refund<'_>)),
)]
pub(super) async fn charge_back(
    State(shared): State<Shared>,
    caller: Caller<scope::Refund>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    take_back(&shared, caller, &id, asking, &body, RefundCause::Chargeback).await
}

async fn take_back(
    shared: &Shared,
    caller: Caller<scope::Refund>,
    id: &str,
    asking: Asking,
    body: &Payload,
    cause: RefundCause,
) -> Result<Reply, Problem> {
    let request: RefundRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let amount = request.amount.as_ref().map(AmountField::parse).transpose()?;
    let text = |name: &str, text: Option<&Text<'_>>| {
        text.map(|text| short_text(name, text, REFERENCE_CHARS_MAX)).transpose()
    };
    let reason = text("reason", request.reason.as_ref())?;
    let payment_reference = text("payment_reference", request.payment_reference.as_ref())?;
    let purchase = shared.made(&caller, id, PublicKind::Purchase).await?;
    let (Event::CreditsPurchased(_), Some(wallet)) = (&purchase.event, purchase.wallet()) else {
        return Err(Problem::not_found("purchase"));
    };
    let purchase = purchase.envelope.position;
    let command = Command::Refund(RefundCommand { purchase, cause, amount, reason, payment_reference });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::PurchaseRefunded(refunded) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.created(&Refund::of(shared, wallet, answer.recording(), refunded)))
}

/// Reads a refund or chargeback, with the wallet's credits as it left them.
#[utoipa::path(
    get, path = "/v1/refunds/{id}", tag = "credits in", operation_id = "read_refund",
    params(("id" = String, Path, description = "The refund or chargeback", example = "ref_1b4e28ba_57")),
    responses((status = 200, description = "The refund or chargeback", body = Refund<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&caller, &id, PublicKind::Refund).await?;
    let (Event::PurchaseRefunded(refunded), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("refund"));
    };
    Ok(Reply::ok(&Refund::of(&shared, wallet, Recording::from(&recorded.envelope), refunded)))
}
