//! `/v1/holds/{id}/captures` and `/v1/captures/{id}`: credits are spent from a hold.

use axum::extract::State;
use events::{
    Balances, Credits, Event, HoldCaptured, HoldReleased, Metadata, Position, PublicId, PublicKind, Recorded,
    WalletId,
};
use ledger::{Capture as CaptureCommand, Command};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::{
    app::Shared,
    charges::PricedUsage,
    deductions::metadata,
    extract::{
        AmountField, Asking, Caller, Intent, Named, Payload, Text, UsageField, optional_charge, present,
        scope,
    },
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, LotSlice, Recording, UsageQuantities, above_zero, shown},
};

/// What to spend from a hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureRequest<'a> {
    /// The cost, as a decimal string above zero. This, `usage`, or neither: then all that is left of
    /// the hold.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "4")]
    cost: Option<AmountField<'a>>,
    /// What was used, for the service's price to say what it costs.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    usage: Option<UsageField<'a>>,
    /// `true` to release the rest of the hold with it.
    last: Option<bool>,
    /// The app's own words: a JSON object of at most 8 KiB.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

impl CaptureRequest<'_> {
    fn command(&self, hold: Position) -> Result<Command, Problem> {
        Ok(Command::Capture(CaptureCommand {
            hold,
            charge: optional_charge(self.cost.as_ref(), self.usage.as_ref())?,
            last: self.last.unwrap_or_default(),
            metadata: self.metadata.map(metadata).transpose()?,
        }))
    }
}

/// Credits that were spent from a hold.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Capture<'a> {
    /// The capture, which a rollback gives back like a deduction; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "cap_1b4e28ba_57")]
    id: Option<PublicId>,
    /// The hold.
    #[schema(value_type = String, example = "hol_1b4e28ba_42")]
    hold: PublicId,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// What was bought.
    service: &'a str,
    /// Credits spent.
    #[schema(value_type = String, example = "4")]
    cost: Credits,
    /// All that was captured of the hold so far, this time included.
    #[schema(value_type = String, example = "4")]
    captured: Credits,
    /// What the hold had reserved of it, by lot.
    #[schema(value_type = Vec<LotSlice>)]
    slices: SmallVec<[LotSlice; 2]>,
    /// What went beyond the hold, by lot.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[schema(value_type = Vec<LotSlice>, required = false)]
    beyond: SmallVec<[LotSlice; 2]>,
    /// What no lot paid: drawn on the wallet's credit limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1")]
    overdrawn: Option<Credits>,
    /// How the cost came about, when usage was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PricedUsage<'a>>,
    /// The budget that pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a str>,
    /// What the hold no longer reserves, when the capture was the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "6")]
    released: Option<Credits>,
    /// The app's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a Metadata>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Capture<'a> {
    fn of(
        shared: &Shared,
        wallet: WalletId,
        recording: Recording,
        e: &'a HoldCaptured,
        released: Option<(Credits, Balances)>,
    ) -> Self {
        Self {
            id: shared.id(PublicKind::Capture, recording),
            hold: shared.public_id(PublicKind::Hold, e.hold),
            wallet,
            service: &e.service,
            cost: e.amount,
            captured: e.captured,
            slices: shown(&e.slices),
            beyond: shown(&e.beyond),
            overdrawn: above_zero(e.overdrawn),
            price: PricedUsage::of(e.price.as_deref()),
            budget: e.budget.as_deref(),
            released: released.map(|(amount, _)| amount),
            metadata: e.metadata.as_ref(),
            funds: Funds::from(released.as_ref().map_or(&e.wallet, |(_, wallet)| wallet)),
            recording,
        }
    }
}

/// A capture, and what was given back of it since.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaptureView<'a> {
    #[serde(flatten)]
    capture: Capture<'a>,
    /// All that was given back so far.
    #[schema(value_type = String, example = "0")]
    returned: Credits,
    /// The last rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rol_1b4e28ba_58")]
    rolled_back_by: Option<PublicId>,
}

/// What the release that belongs to a last capture says.
fn released(capture: &Recorded, next: &Recorded) -> Option<(Credits, Balances)> {
    let Event::HoldReleased(HoldReleased { amount, wallet, .. }) = &next.event else { return None };
    (next.envelope.causation == capture.envelope.causation).then_some((*amount, *wallet))
}

impl Shared {
    /// The release that was recorded right behind a capture, when it was the last one.
    async fn released_with(&self, capture: &Recorded) -> Result<Option<(Credits, Balances)>, Problem> {
        let next = self.stored(capture.envelope.position.next()).await?;
        Ok(next.and_then(|next| released(capture, &next)))
    }
}

/// Spends from a hold: several times, in parts, up to the hold's cap. `last` releases the rest.
///
/// What goes beyond the held amount needs credits of its own, or is refused with 402.
#[utoipa::path(
    post, path = "/v1/holds/{id}/captures", tag = "holds", operation_id = "create_capture",
    params(("id" = String, Path, description = "The hold", example = "hol_1b4e28ba_42"), Intent),
    request_body(content = CaptureRequest<'_>, example = json!({ "cost": "4", "last": true })),
    responses((status = 201, description = "The credits are spent", body = Capture<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Hold>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CaptureRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let (hold, wallet) = shared.held(&caller, &id).await?;
    let answer = shared.submit(caller, asking, key, wallet, request.command(hold)?).await?;
    let Event::HoldCaptured(captured) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let released = if answer.replayed {
        shared.released_with(&answer.recorded).await?
    } else {
        answer.others.iter().find_map(|other| released(&answer.recorded, other))
    };
    Ok(answer.created(&Capture::of(&shared, wallet, answer.recording(), captured, released)))
}

/// Reads a capture, with the wallet's credits as it left them and what was given back since.
#[utoipa::path(
    get, path = "/v1/captures/{id}", tag = "holds", operation_id = "read_capture",
    params(("id" = String, Path, description = "The capture", example = "cap_1b4e28ba_57")),
    responses((status = 200, description = "The capture", body = CaptureView<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&caller, &id, PublicKind::Capture).await?;
    let (Event::HoldCaptured(captured), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("capture"));
    };
    let released = shared.released_with(&recorded).await?;
    let recording = Recording::from(&recorded.envelope);
    let rolled_back = shared.reads.returned(recorded.envelope.position).await?;
    Ok(Reply::ok(&CaptureView {
        capture: Capture::of(&shared, wallet, recording, captured, released),
        returned: rolled_back.map_or(Credits::ZERO, |(returned, _)| returned),
        rolled_back_by: rolled_back.map(|(_, by)| shared.public_id(PublicKind::Rollback, by)),
    }))
}
