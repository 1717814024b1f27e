//! `/v1/wallets/{wallet}/checks` and `/v1/checks/{id}`: could a cost be paid?

use axum::extract::State;
use events::{Credits, CreditsChecked, Event, Position, PublicId, PublicKind, WalletId};
use ledger::{Check as CheckCommand, Command, HoldTerms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    charges::PricedUsage,
    deductions::budget,
    extract::{
        AmountField, Asking, Caller, Intent, Named, Payload, SERVICE_CHARS_MAX, Text, UsageField, WalletPath,
        charge, present, scope, short_text,
    },
    holds, lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, UsageQuantities, UuidText},
};
use crate::identity::Scope;

/// A cost to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckRequest<'a> {
    /// The app's name for what it sells, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "chat")]
    pub(super) service: Text<'a>,
    /// The cost, as a decimal string above zero with at most six decimals. This or `usage`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "0.5")]
    pub(super) cost: Option<AmountField<'a>>,
    /// What would be used, for the service's price to say what it costs. This or `cost`.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    pub(super) usage: Option<UsageField<'a>>,
    /// The budget that would pay, 1 to 64 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub(super) budget: Option<Text<'a>>,
    /// `true` to hold the cost in the same step, when it can be paid. Needs the scope `credits:hold` too.
    pub(super) hold: Option<bool>,
    /// In how many seconds the hold is released by itself, at most 31,622,400; only with `hold`.
    pub(super) timeout_seconds: Option<i64>,
    /// The most that may be captured of the hold in all, as a decimal string; the cost, when absent.
    /// Only with `hold`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "2")]
    pub(super) cap: Option<AmountField<'a>>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(super) idempotency_key: Option<Text<'a>>,
}

impl CheckRequest<'_> {
    pub(super) fn command(&self, caller: &Caller<scope::Check>) -> Result<CheckCommand, Problem> {
        Ok(CheckCommand {
            service: short_text("service", &self.service, SERVICE_CHARS_MAX)?,
            charge: charge(self.cost.as_ref(), self.usage.as_ref())?,
            budget: budget(self.budget.as_ref())?,
            hold: self.terms(caller)?,
        })
    }

    /// The terms of the hold to place, when one is asked for.
    fn terms(&self, caller: &Caller<scope::Check>) -> Result<Option<HoldTerms>, Problem> {
        if self.hold != Some(true) {
            let none = self.timeout_seconds.is_none() && self.cap.is_none();
            let problem = || Problem::bad_request("`timeout_seconds` and `cap` go with `hold`: true");
            return if none { Ok(None) } else { Err(problem()) };
        }
        caller.must_have(Scope::CreditsHold)?;
        let timeout = self.timeout_seconds;
        let timeout = timeout.ok_or_else(|| Problem::bad_request("a hold needs `timeout_seconds`"))?;
        holds::terms(timeout, self.cap.as_ref()).map(Some)
    }
}

/// The answer to a check: advice, for the wallet may change before the deduction.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Check<'a> {
    /// The check; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "chk_1b4e28ba_42")]
    id: Option<PublicId>,
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
    /// How the cost came about, when usage was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PricedUsage<'a>>,
    /// The budget that would have paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a str>,
    /// The hold that was placed with the check; the amounts are those before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "hol_1b4e28ba_43")]
    hold: Option<PublicId>,
    #[serde(flatten)]
    funds: Funds,
    /// Events below this position are in the answer, none above. Absent in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    as_of_position: Option<Position>,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Check<'a> {
    pub(super) fn of(shared: &Shared, wallet: WalletId, recording: Recording, e: &'a CreditsChecked) -> Self {
        let hold = e.hold.filter(|_| recording.position.is_some());
        Self {
            id: shared.id(PublicKind::Check, recording),
            wallet,
            service: &e.service,
            cost: e.cost,
            sufficient: e.sufficient,
            price: PricedUsage::of(e.price.as_deref()),
            budget: e.budget.as_deref(),
            hold: hold.map(|position| shared.public_id(PublicKind::Hold, position)),
            funds: Funds::from(&e.wallet),
            as_of_position: recording.position,
            recording,
        }
    }
}

/// Asks whether a cost could be paid now. Nothing is reserved: only the deduction itself is sure.
///
/// With `hold` it is: the cost is held in the same step, when it can be paid, and captured later.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/checks", tag = "spending", operation_id = "create_check",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
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
    let command = Command::Check(request.command(&caller)?);
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsChecked(checked) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.done(&Check::of(&shared, wallet, answer.recording(), checked)))
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
    let recorded = shared.made(&caller, &id, PublicKind::Check).await?;
    let (Event::CreditsChecked(checked), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("check"));
    };
    Ok(Reply::ok(&Check::of(&shared, wallet, Recording::from(&recorded.envelope), checked)))
}
