//! `/v1/adjustments`, `/v1/adjustments/{id}` and `/v1/adjustments/{id}/approval`: corrections by people.

use axum::extract::State;
use events::{
    AdjustmentProposed, Class, Credits, CreditsAdjusted, Event, Position, ProposedLot, PublicId, PublicKind,
    Recorded, WalletId,
};
use ledger::{Adjust, Approve, Command};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    app::Shared,
    extract::{
        AmountField, Asking, Caller, EXPIRY_SECONDS_MAX, Intent, Named, Params, Payload, Text, interval,
        scope, short_text,
    },
    lookup,
    positions::AtLeast,
    problem::Problem,
    purchases::{PRIORITY, REFERENCE_CHARS_MAX},
    reply::Reply,
    shapes::{Funds, LotClass, LotSlice, Recording, Terms, shown, sum},
};

/// A correction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentRequest<'a> {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: Uuid,
    /// Credits to add, as a decimal string, or, with a minus, to take.
    #[serde(borrow)]
    #[schema(value_type = String, example = "-12.5")]
    amount: AmountField<'a>,
    /// Why, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = String, max_length = 512)]
    reason: Text<'a>,
    /// Of credits to add: `promotional` when absent.
    class: Option<LotClass>,
    /// Of credits to add: 0 burns first, 255 last; 100 when absent.
    priority: Option<u8>,
    /// Of credits to add: in how many seconds what is left expires.
    expires_in_seconds: Option<i64>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

impl AdjustmentRequest<'_> {
    fn command(&self) -> Result<Command, Problem> {
        let amount = self.amount.parse_nonzero()?;
        let terms = self.class.is_some() || self.priority.is_some() || self.expires_in_seconds.is_some();
        if terms && !amount.is_positive() {
            let detail = "`class`, `priority` and `expires_in_seconds` are of credits to add";
            return Err(Problem::bad_request(detail));
        }
        let expires = |seconds| interval("expires_in_seconds", seconds, EXPIRY_SECONDS_MAX);
        let lot = ProposedLot {
            class: self.class.map_or(Class::Promotional, Class::from),
            priority: self.priority.unwrap_or(PRIORITY),
            expires_after: self.expires_in_seconds.map(expires).transpose()?,
        };
        let reason = short_text("reason", &self.reason, REFERENCE_CHARS_MAX)?;
        Ok(Command::Adjust(Adjust { amount, lot, reason }))
    }
}

/// An approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalRequest<'a> {
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// A correction that was made, or only proposed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Adjustment<'a> {
    /// The adjustment or proposal; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "adj_1b4e28ba_42")]
    id: Option<PublicId>,
    /// `done`, or `proposed` when a second person has to approve it first.
    #[schema(example = "done")]
    status: &'static str,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Credits added, or, below zero, taken.
    #[schema(value_type = String, example = "-12.5")]
    amount: Credits,
    /// The lot that added credits form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    lot: Option<Position>,
    #[serde(flatten)]
    terms: Option<Terms>,
    /// From which lots credits were taken, in burn-down order.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[schema(value_type = Vec<LotSlice>, required = false)]
    slices: SmallVec<[LotSlice; 2]>,
    /// What of it paid the wallet's debt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2")]
    settled: Option<Credits>,
    /// Why.
    reason: &'a str,
    /// The proposal that was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "adj_1b4e28ba_41")]
    proposal: Option<PublicId>,
    /// Who did or proposed it: `key/` and the id of an API key, or `operator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "key/5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11")]
    by: Option<&'a str>,
    /// Who proposed what was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_by: Option<&'a str>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Adjustment<'a> {
    /// Of an adjustment or a proposal; none of anything else.
    fn of(shared: &Shared, recording: Recording, recorded: &'a Recorded) -> Option<Self> {
        let (wallet, by) = (recorded.wallet()?, recorded.envelope.actor.as_deref());
        if let Event::CreditsAdjusted(e) = &recorded.event {
            return Some(Self::done(shared, wallet, recording, by, e));
        }
        let Event::AdjustmentProposed(e) = &recorded.event else { return None };
        Some(Self::proposed(shared, wallet, recording, by, e))
    }

    fn done(
        shared: &Shared,
        wallet: WalletId,
        recording: Recording,
        by: Option<&'a str>,
        e: &'a CreditsAdjusted,
    ) -> Self {
        Self {
            id: shared.id(PublicKind::Adjustment, recording),
            status: "done",
            wallet,
            amount: e.amount,
            lot: e.lot.and(recording.position),
            terms: e.lot.as_ref().map(Terms::from),
            slices: shown(&e.slices),
            settled: sum(&e.settled),
            reason: &e.reason,
            proposal: e.proposal.map(|proposal| shared.public_id(PublicKind::Adjustment, proposal)),
            by,
            proposed_by: e.proposed_by.as_deref(),
            funds: Funds::from(&e.wallet),
            recording,
        }
    }

    fn proposed(
        shared: &Shared,
        wallet: WalletId,
        recording: Recording,
        by: Option<&'a str>,
        e: &'a AdjustmentProposed,
    ) -> Self {
        Self {
            id: shared.id(PublicKind::Adjustment, recording),
            status: "proposed",
            wallet,
            amount: e.amount,
            lot: None,
            terms: None,
            slices: SmallVec::new(),
            settled: None,
            reason: &e.reason,
            proposal: None,
            by,
            proposed_by: None,
            funds: Funds::from(&e.wallet),
            recording,
        }
    }
}

/// A correction, and who approved it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdjustmentView<'a> {
    #[serde(flatten)]
    adjustment: Adjustment<'a>,
    /// The adjustment that was made of a proposal, once somebody has approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "adj_1b4e28ba_57")]
    approved_by: Option<PublicId>,
}

/// Corrects a wallet. Above the amount that the organization's policy names, it is only proposed (202),
/// and another person has to approve it: every API key is a person of its own. Whoever holds two keys
/// with `credits:adjust` counts as two people, so give each person one.
#[utoipa::path(
    post, path = "/v1/adjustments", tag = "adjustments", operation_id = "create_adjustment",
    params(Intent),
    request_body(content = AdjustmentRequest<'_>, example = json!({ "wallet": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11", "amount": "-12.5", "reason": "granted twice" })),
    responses(
        (status = 201, description = "The wallet is corrected", body = Adjustment<'_>),
        (status = 202, description = "Proposed: somebody else has to approve it", body = Adjustment<'_>),
    ),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Adjust>,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: AdjustmentRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let (wallet, command) = (WalletId(request.wallet), request.command()?);
    let answer = shared.submit(caller.in_person(), asking, key, wallet, command).await?;
    let adjustment = Adjustment::of(&shared, answer.recording(), &answer.recorded);
    let adjustment = adjustment.ok_or_else(lookup::unexpected)?;
    let proposed = adjustment.status == "proposed";
    Ok(if proposed { answer.proposed(&adjustment) } else { answer.created(&adjustment) })
}

/// Approves a proposed adjustment, which takes effect now. The key that proposed it cannot.
#[utoipa::path(
    post, path = "/v1/adjustments/{id}/approval", tag = "adjustments", operation_id = "approve_adjustment",
    params(("id" = String, Path, description = "The proposal", example = "adj_1b4e28ba_42"), Intent),
    request_body(content = ApprovalRequest<'_>, example = json!({})),
    responses((status = 201, description = "The wallet is corrected", body = Adjustment<'_>)),
)]
pub(super) async fn approve(
    State(shared): State<Shared>,
    caller: Caller<scope::Adjust>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: ApprovalRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let proposal = shared.made(&caller, &id, PublicKind::Adjustment).await?;
    let (Event::AdjustmentProposed(_), Some(wallet)) = (&proposal.event, proposal.wallet()) else {
        return Err(Problem::not_found("proposed adjustment"));
    };
    let command = Command::Approve(Approve { proposal: proposal.envelope.position });
    let answer = shared.submit(caller.in_person(), asking, key, wallet, command).await?;
    let adjustment = Adjustment::of(&shared, answer.recording(), &answer.recorded);
    Ok(answer.created(&adjustment.ok_or_else(lookup::unexpected)?))
}

/// Reads an adjustment or a proposal, with the wallet's credits as it left them.
#[utoipa::path(
    get, path = "/v1/adjustments/{id}", tag = "adjustments", operation_id = "read_adjustment",
    params(("id" = String, Path, description = "The adjustment or proposal", example = "adj_1b4e28ba_42"), AtLeast),
    responses((status = 200, description = "The adjustment or proposal", body = AdjustmentView<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
    Params(at_least): Params<AtLeast>,
) -> Result<Reply, Problem> {
    shared.reached(&at_least).await?;
    let recorded = shared.made(&caller, &id, PublicKind::Adjustment).await?;
    let adjustment = Adjustment::of(&shared, Recording::from(&recorded.envelope), &recorded);
    let adjustment = adjustment.ok_or_else(|| Problem::not_found("adjustment"))?;
    let approved = shared.reads.returned(recorded.envelope.position).await?;
    let approved_by = approved.map(|(_, by)| shared.public_id(PublicKind::Adjustment, by));
    Ok(Reply::ok(&AdjustmentView { adjustment, approved_by }))
}
