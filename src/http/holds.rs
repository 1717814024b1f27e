//! `/v1/holds` and `/v1/holds/{id}`: credits are reserved for a cost that is not known yet.

use axum::extract::State;
use events::{Credits, CreditsHeld, Event, Metadata, Position, PublicId, PublicKind, Time, WalletId};
use ledger::{Command, Hold as HoldCommand, HoldTerms};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    app::Shared,
    charges::PricedUsage,
    deductions::{budget, metadata},
    extract::{
        AmountField, Asking, Caller, Intent, Named, Params, Payload, SERVICE_CHARS_MAX, Text, UsageField,
        charge, interval, present, scope, short_text,
    },
    lookup,
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, LotSlice, Recording, UsageQuantities, above_zero, shown},
    wallet_rules::reserved_by,
};

/// A year: whoever holds credits for longer has forgotten them.
const TIMEOUT_SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

/// Credits to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldRequest<'a> {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: Uuid,
    /// The app's name for what is to be bought, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "video")]
    service: Text<'a>,
    /// How much to hold, as a decimal string above zero with at most six decimals. This or `usage`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "10")]
    cost: Option<AmountField<'a>>,
    /// What is expected to be used, for the service's price to say what it costs. This or `cost`.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    usage: Option<UsageField<'a>>,
    /// In how many seconds what is left is released by itself, 1 to 31,622,400.
    timeout_seconds: i64,
    /// The most that may be captured in all, at least the held amount; just that, when absent.
    /// Captures beyond what is held need credits of their own.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "12")]
    cap: Option<AmountField<'a>>,
    /// The budget that will pay, 1 to 64 characters: one that the wallet's caps name for this app.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    budget: Option<Text<'a>>,
    /// The app's own words: a JSON object of at most 8 KiB.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

impl HoldRequest<'_> {
    fn command(&self) -> Result<Command, Problem> {
        Ok(Command::Hold(HoldCommand {
            service: short_text("service", &self.service, SERVICE_CHARS_MAX)?,
            charge: charge(self.cost.as_ref(), self.usage.as_ref())?,
            terms: terms(self.timeout_seconds, self.cap.as_ref())?,
            budget: budget(self.budget.as_ref())?,
            metadata: self.metadata.map(metadata).transpose()?,
        }))
    }
}

/// How long a hold lives and how far its captures may go.
pub(super) fn terms(timeout_seconds: i64, cap: Option<&AmountField<'_>>) -> Result<HoldTerms, Problem> {
    let timeout_micros = timeout(timeout_seconds)?;
    Ok(HoldTerms { timeout_micros, cap: cap.map(AmountField::parse).transpose()? })
}

/// How long a hold lives, in microseconds.
pub(super) fn timeout(seconds: i64) -> Result<i64, Problem> {
    interval("timeout_seconds", seconds, TIMEOUT_SECONDS_MAX)
}

/// Credits that are reserved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hold<'a> {
    /// The hold; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "hol_1b4e28ba_42")]
    id: Option<PublicId>,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// The app's name for what is to be bought.
    service: &'a str,
    /// Credits reserved when it was placed.
    #[schema(value_type = String, example = "10")]
    amount: Credits,
    /// The most that may be captured in all.
    #[schema(value_type = String, example = "12")]
    cap: Credits,
    /// When what is left is released by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// Which lots it reserved, in the order in which captures take them.
    #[schema(value_type = Vec<LotSlice>)]
    slices: SmallVec<[LotSlice; 2]>,
    /// What it reserved of the wallet's credit limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1")]
    overdrawn: Option<Credits>,
    /// How the amount came about, when usage was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PricedUsage<'a>>,
    /// The budget that will pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a str>,
    /// The app's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a Metadata>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Hold<'a> {
    fn of(shared: &Shared, wallet: WalletId, recording: Recording, e: &'a CreditsHeld) -> Self {
        Self {
            id: shared.id(PublicKind::Hold, recording),
            wallet,
            service: &e.service,
            amount: e.amount,
            cap: e.cap,
            expires_at: e.expires,
            slices: shown(&e.slices),
            overdrawn: above_zero(e.overdrawn),
            price: PricedUsage::of(e.price.as_deref()),
            budget: e.budget.as_deref(),
            metadata: e.metadata.as_ref(),
            funds: Funds::from(&e.wallet),
            recording,
        }
    }
}

/// What became of a hold. `captured`: up to its cap, or by a last capture, which released the rest.
/// `released` and `expired`: what was left of it, be it that parts were captured before.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum HoldStatus {
    /// It may be captured from.
    Open,
    /// Nothing more may be captured.
    Captured,
    /// An app or an operator released it.
    Released,
    /// Its time was over.
    Expired,
}

impl HoldStatus {
    fn ended_by(event: &Event) -> Self {
        if matches!(event, Event::HoldExpired(_)) {
            return Self::Expired;
        }
        // A last capture releases the rest in the same decision, and its release answers nobody.
        let released = matches!(event, Event::HoldReleased(release) if release.asked.is_some());
        if released { Self::Released } else { Self::Captured }
    }
}

/// A hold, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldView<'a> {
    #[serde(flatten)]
    hold: Hold<'a>,
    status: HoldStatus,
    /// What was captured in all so far, whatever was given back of it since.
    #[schema(value_type = String, example = "4")]
    captured: Credits,
    /// What is still reserved.
    #[schema(value_type = String, example = "6")]
    remaining: Credits,
    /// When it was closed, UTC; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
    /// Position of the event that closed it; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "57")]
    ended_position: Option<Position>,
    /// Events below this position are in the answer, none above.
    #[schema(value_type = String, example = "43")]
    as_of_position: Position,
}

/// Holds credits: reserves them for a cost that is not known yet, until they are captured, released,
/// or the time is over.
#[utoipa::path(
    post, path = "/v1/holds", tag = "holds", operation_id = "create_hold",
    params(Intent),
    request_body(content = HoldRequest<'_>, example = json!({ "wallet": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11", "service": "video", "cost": "10", "cap": "12", "timeout_seconds": 900 })),
    responses((status = 201, description = "The credits are held", body = Hold<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Hold>,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: HoldRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let wallet = WalletId(request.wallet);
    let answer = shared.submit(caller, asking, key, wallet, request.command()?).await?;
    let Event::CreditsHeld(held) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.created(&Hold::of(&shared, wallet, answer.recording(), held)))
}

/// Reads a hold: as it was placed, how much of it was captured, and how and when it ended.
#[utoipa::path(
    get, path = "/v1/holds/{id}", tag = "holds", operation_id = "read_hold",
    params(("id" = String, Path, description = "The hold", example = "hol_1b4e28ba_42"), AtLeast),
    responses((status = 200, description = "The hold", body = HoldView<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
    Params(mut at_least): Params<AtLeast>,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&caller, &id, PublicKind::Hold).await?;
    let (Event::CreditsHeld(held), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("hold"));
    };
    // A wallet that does not know the hold yet must not make it look closed.
    let position = recorded.envelope.position;
    at_least.min_position = at_least.min_position.max(Some(position.get()));
    shared.reached(&at_least).await?;
    let view = shared.reads.wallet(wallet).await?.ok_or_else(|| Problem::not_found("hold"))?;
    let remaining = reserved_by(&view, position).unwrap_or_default();
    let open = view.row.holds.into_iter().find(|open| open.id == position);
    let end = if open.is_none() { shared.reads.hold_end(wallet, position).await? } else { None };
    let (captured, expires_at) = match (&open, &end) {
        (Some(open), _) => (open.captured, open.expires),
        (None, Some(end)) => (end.captured, end.expires),
        (None, None) => return Err(Problem::not_found("hold")),
    };
    let ended = end.as_ref().map(|end| &end.by);
    let hold = Hold::of(&shared, wallet, Recording::from(&recorded.envelope), held);
    Ok(Reply::ok(&HoldView {
        hold: Hold { expires_at, ..hold },
        status: ended.map_or(HoldStatus::Open, |by| HoldStatus::ended_by(&by.event)),
        captured,
        remaining,
        ended_at: ended.map(|by| by.envelope.time),
        ended_position: ended.map(|by| by.envelope.position),
        as_of_position: view.as_of,
    }))
}
