//! `/v1/wallets/{wallet}/deductions` and `/v1/deductions/{id}`: credits are spent.

use axum::extract::State;
use events::{
    Budget, Credits, CreditsDeducted, Event, Metadata, MetadataError, PublicId, PublicKind, WalletId,
};
use ledger::{Command, Deduct};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::{
    app::Shared,
    charges::PricedUsage,
    extract::{
        AmountField, Asking, Caller, Intent, Named, Params, Payload, SERVICE_CHARS_MAX, Text, UsageField,
        WalletPath, charge, present, scope, short_text,
    },
    lookup,
    positions::AtLeast,
    problem::{Code, Problem},
    reply::Reply,
    shapes::{Funds, LotSlice, Recording, UsageQuantities, UuidText, above_zero, shown},
};

/// The longest name of a budget, in characters.
const BUDGET_CHARS_MAX: usize = 64;

/// Credits to spend.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeductionRequest<'a> {
    /// The app's name for what is bought, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "chat")]
    pub(super) service: Text<'a>,
    /// The cost, as a decimal string above zero with at most six decimals. This or `usage`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "0.5")]
    pub(super) cost: Option<AmountField<'a>>,
    /// What was used, for the service's price to say what it costs. This or `cost`.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    pub(super) usage: Option<UsageField<'a>>,
    /// The budget that pays, 1 to 64 characters: one that the wallet's caps name for this app.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub(super) budget: Option<Text<'a>>,
    /// The app's own words: a JSON object of at most 8 KiB, kept in the event and delivered to its
    /// consumers.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<&'a RawValue>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) idempotency_key: Option<Text<'a>>,
}

impl DeductionRequest<'_> {
    pub(super) fn command(&self) -> Result<Deduct, Problem> {
        Ok(Deduct {
            service: short_text("service", &self.service, SERVICE_CHARS_MAX)?,
            charge: charge(self.cost.as_ref(), self.usage.as_ref())?,
            budget: budget(self.budget.as_ref())?,
            metadata: self.metadata.map(metadata).transpose()?,
        })
    }
}

/// The name of a budget, when there is one.
pub(super) fn budget(name: Option<&Text<'_>>) -> Result<Option<Budget>, Problem> {
    name.map(|name| short_text("budget", name, BUDGET_CHARS_MAX).map(Budget::from)).transpose()
}

/// The caller's own JSON object.
pub(super) fn metadata(json: &RawValue) -> Result<Metadata, Problem> {
    let parsed =
        serde_json::from_str(json.get()).map_err(|_| Problem::bad_request("`metadata` nests too deeply"))?;
    Metadata::new(&parsed).map_err(|error| match error {
        MetadataError::NotAnObject => Problem::bad_request("`metadata` is a JSON object"),
        MetadataError::TooLarge => {
            let detail = format!("metadata may have at most {} bytes", Metadata::MAX_BYTES);
            Problem::new(Code::MetadataTooLarge, detail)
        }
    })
}

/// Credits that were spent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deduction<'a> {
    /// The deduction; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ded_1b4e28ba_42")]
    id: Option<PublicId>,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// The app's name for what was bought.
    service: &'a str,
    /// Credits spent.
    #[schema(value_type = String, example = "0.5")]
    cost: Credits,
    /// From which lots, in the order they were taken.
    #[schema(value_type = Vec<LotSlice>)]
    slices: SmallVec<[LotSlice; 2]>,
    /// What no lot paid: drawn on the wallet's credit limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.1")]
    overdrawn: Option<Credits>,
    /// How the cost came about, when usage was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PricedUsage<'a>>,
    /// The budget that pays.
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

impl<'a> Deduction<'a> {
    pub(super) fn of(
        shared: &Shared,
        wallet: WalletId,
        recording: Recording,
        e: &'a CreditsDeducted,
    ) -> Self {
        Self {
            id: shared.id(PublicKind::Deduction, recording),
            wallet,
            service: &e.service,
            cost: e.cost,
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

/// A deduction, and what was given back of it since.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeductionView<'a> {
    #[serde(flatten)]
    deduction: Deduction<'a>,
    /// All that was given back so far.
    #[schema(value_type = String, example = "0")]
    returned: Credits,
    /// The last rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rol_1b4e28ba_57")]
    rolled_back_by: Option<PublicId>,
}

/// Spends credits once, however often the request is repeated under its key.
///
/// The whole cost is spent or, with 402, nothing. Send `cost`, or `usage` of a service that has a price.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/deductions", tag = "spending", operation_id = "create_deduction",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = DeductionRequest<'_>, example = json!({ "service": "chat", "cost": "0.5", "metadata": { "model": "large" } })),
    responses((status = 201, description = "The credits are spent", body = Deduction<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Deduct>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: DeductionRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = Command::Deduct(request.command()?);
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsDeducted(deducted) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.created(&Deduction::of(&shared, wallet, answer.recording(), deducted)))
}

/// Reads a deduction, with the wallet's credits as it left them and what was given back since.
#[utoipa::path(
    get, path = "/v1/deductions/{id}", tag = "spending", operation_id = "read_deduction",
    params(("id" = String, Path, description = "The deduction", example = "ded_1b4e28ba_42"), AtLeast),
    responses((status = 200, description = "The deduction", body = DeductionView<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
    Params(at_least): Params<AtLeast>,
) -> Result<Reply, Problem> {
    shared.reached(&at_least).await?;
    view(&shared, &caller, &id, None).await
}

/// Reads a deduction of this wallet.
#[utoipa::path(
    get, path = "/v1/wallets/{wallet}/deductions/{id}", tag = "spending", operation_id = "read_wallet_deduction",
    params(
        ("wallet" = inline(UuidText), Path, description = "The wallet"),
        ("id" = String, Path, description = "The deduction", example = "ded_1b4e28ba_42"),
        AtLeast,
    ),
    responses((status = 200, description = "The deduction", body = DeductionView<'_>)),
)]
pub(super) async fn read_of_wallet(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    WalletPath(wallet): WalletPath,
    Named(id): Named,
    Params(at_least): Params<AtLeast>,
) -> Result<Reply, Problem> {
    shared.reached(&at_least).await?;
    view(&shared, &caller, &id, Some(wallet)).await
}

async fn view<S>(
    shared: &Shared,
    caller: &Caller<S>,
    id: &str,
    of: Option<WalletId>,
) -> Result<Reply, Problem> {
    let recorded = shared.made(caller, id, PublicKind::Deduction).await?;
    let wallet = recorded.wallet().filter(|wallet| of.is_none_or(|of| of == *wallet));
    let (Event::CreditsDeducted(deducted), Some(wallet)) = (&recorded.event, wallet) else {
        return Err(Problem::not_found("deduction"));
    };
    let rolled_back = shared.reads.returned(recorded.envelope.position).await?;
    let view = DeductionView {
        deduction: Deduction::of(shared, wallet, Recording::from(&recorded.envelope), deducted),
        returned: rolled_back.map_or(Credits::ZERO, |(returned, _)| returned),
        rolled_back_by: rolled_back.map(|(_, by)| shared.public_id(PublicKind::Rollback, by)),
    };
    Ok(Reply::ok(&view))
}
