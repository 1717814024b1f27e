//! `/api/mcp/v1/credits/…`: the paths and fields of earlier clients, byte for byte. Amounts are JSON
//! numbers with exact text, unknown fields are ignored, and a key is honoured but not required.

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderName, request::Parts},
};
use events::{Credits, Event, Position, PublicId, PublicKind, WalletId};
use ledger::{Check, Command, Deduct};
use serde::{Deserialize, Serialize};
use serde_json::{Number, value::RawValue};
use utoipa::ToSchema;

use super::{
    app::Shared,
    commands::Answer,
    deductions::metadata,
    extract::{
        AmountField, Asking, Caller, Intent, Payload, SERVICE_CHARS_MAX, Text, UsageField, charge_by_number,
        present, scope, short_text,
    },
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{ExactNumber, UsageQuantities, UuidText},
};

const USER_ID: HeaderName = HeaderName::from_static("x-user-id");

/// The user in `X-User-ID`, whose wallet is meant. The header authenticates nobody: a wallet that the
/// caller does not reach is not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedUser(Option<WalletId>);

impl FromRequestParts<Shared> for NamedUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let named = parts.headers.get(USER_ID).map(|value| value.to_str().unwrap_or_default().parse());
        named.transpose().map(Self).map_err(|_| unnamed())
    }
}

impl NamedUser {
    /// The wallet that is meant: the named user's or, with a user's token, that user's own.
    pub(super) fn wallet<S>(self, caller: &Caller<S>) -> Result<WalletId, Problem> {
        caller.or_own(self.0).ok_or_else(unnamed)
    }
}

fn unnamed() -> Problem {
    Problem::bad_request("send the user's id, a UUID, in X-User-ID")
}

/// A cost to ask about, or credits to spend.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CostRequest<'a> {
    /// The app's name for what it sells, 1 to 128 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "sora2-video-generation")]
    service: Text<'a>,
    /// The cost: a number above zero with at most six decimals, taken exactly as written. This or
    /// `usage`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(inline, value_type = Option<ExactNumber>, example = 30)]
    cost: Option<AmountField<'a>>,
    /// What was used, for the service's price to say what it costs. This or `cost`.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<UsageQuantities>)]
    usage: Option<UsageField<'a>>,
    /// The app's own words, for deductions.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// Instead of the header `Idempotency-Key`. Without a key, a repetition charges again.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// Whether a cost can be paid.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sufficiency {
    /// Whether it can.
    sufficient: bool,
    /// What the wallet can spend.
    #[schema(inline, value_type = ExactNumber, example = 70)]
    balance: Number,
    /// Events below this position are in the answer, none above.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    as_of_position: Option<Position>,
    /// Present when nothing was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    dry_run: Option<bool>,
}

/// Credits that were spent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deducted {
    /// Always `ok`.
    status: &'static str,
    /// What the wallet can spend afterwards.
    #[schema(inline, value_type = ExactNumber, example = 69.5)]
    new_balance: Number,
    /// The deduction; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ded_1b4e28ba_42")]
    transaction_id: Option<PublicId>,
    /// Its position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    position: Option<Position>,
    /// Present when nothing was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    dry_run: Option<bool>,
}

/// The amount as a JSON number with exactly its digits.
pub(super) fn number(credits: Credits) -> Number {
    Number::from_string_unchecked(credits.to_string())
}

/// What is to be paid, and for what, whichever path it was asked on.
#[derive(Debug)]
pub(super) struct Spending<'a> {
    pub(super) service: &'a Text<'a>,
    pub(super) cost: Option<&'a AmountField<'a>>,
    pub(super) usage: Option<&'a UsageField<'a>>,
    pub(super) metadata: Option<&'a RawValue>,
    pub(super) key: Option<&'a Text<'a>>,
}

impl<'a> CostRequest<'a> {
    fn spending(&'a self) -> Spending<'a> {
        Spending {
            service: &self.service,
            cost: self.cost.as_ref(),
            usage: self.usage.as_ref(),
            metadata: self.metadata,
            key: self.idempotency_key.as_ref(),
        }
    }
}

/// Advises whether the wallet can pay.
pub(super) async fn advise<S>(
    shared: &Shared,
    caller: Caller<S>,
    asking: Asking,
    wallet: WalletId,
    spending: &Spending<'_>,
) -> Result<Reply, Problem> {
    let key = asking.key(spending.key)?;
    let service = short_text("service", spending.service, SERVICE_CHARS_MAX)?;
    let charge = charge_by_number(spending.cost, spending.usage)?;
    let command = Command::Check(Check { service, charge, budget: None, hold: None });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsChecked(checked) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let recording = answer.recording();
    let advice = Sufficiency {
        sufficient: checked.sufficient,
        balance: number(checked.wallet.available),
        as_of_position: recording.position,
        dry_run: recording.dry_run,
    };
    Ok(answer.done(&advice))
}

/// Spends the wallet's credits.
pub(super) async fn spend<S>(
    shared: &Shared,
    caller: Caller<S>,
    asking: Asking,
    wallet: WalletId,
    spending: &Spending<'_>,
) -> Result<(Answer, Deducted), Problem> {
    let key = asking.key(spending.key)?;
    let command = Command::Deduct(Deduct {
        service: short_text("service", spending.service, SERVICE_CHARS_MAX)?,
        charge: charge_by_number(spending.cost, spending.usage)?,
        budget: None,
        metadata: spending.metadata.map(metadata).transpose()?,
    });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsDeducted(deducted) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let recording = answer.recording();
    let deducted = Deducted {
        status: "ok",
        new_balance: number(deducted.wallet.available),
        transaction_id: shared.id(PublicKind::Deduction, recording),
        position: recording.position,
        dry_run: recording.dry_run,
    };
    Ok((answer, deducted))
}

/// Asks whether a cost could be paid now.
///
/// Prefer `/v1/wallets/{wallet}/checks`.
#[utoipa::path(
    post, path = "/api/mcp/v1/credits/check", tag = "compatible", operation_id = "compatible_check",
    params(("X-User-ID" = inline(UuidText), Header, description = "The user whose wallet is asked about"), Intent),
    request_body(content = CostRequest<'_>, example = json!({ "service": "sora2-video-generation", "cost": 30 })),
    responses((status = 200, description = "The advice", body = Sufficiency)),
)]
pub(super) async fn check(
    State(shared): State<Shared>,
    caller: Caller<scope::Check>,
    user: NamedUser,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CostRequest<'_> = body.parse()?;
    let wallet = user.wallet(&caller)?;
    advise(&shared, caller, asking, wallet, &request.spending()).await
}

/// Spends credits. Send a key: without one, a repetition charges again.
///
/// Prefer `/v1/wallets/{wallet}/deductions`.
#[utoipa::path(
    post, path = "/api/mcp/v1/credits/deduct", tag = "compatible", operation_id = "compatible_deduct",
    params(("X-User-ID" = inline(UuidText), Header, description = "The user whose wallet pays"), Intent),
    request_body(content = CostRequest<'_>, example = json!({ "service": "sora2-video-generation", "cost": 30, "metadata": { "videoId": "v-1" } })),
    responses((status = 200, description = "The credits are spent", body = Deducted)),
)]
pub(super) async fn deduct(
    State(shared): State<Shared>,
    caller: Caller<scope::Deduct>,
    user: NamedUser,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CostRequest<'_> = body.parse()?;
    let wallet = user.wallet(&caller)?;
    let (answer, deducted) = spend(&shared, caller, asking, wallet, &request.spending()).await?;
    Ok(answer.done(&deducted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_numbers_with_their_exact_digits() {
        for text in ["69.5", "70", "0.000001", "9223372036854.775807"] {
            let credits = text.parse().expect("an amount");
            assert_eq!(serde_json::to_string(&number(credits)).expect("JSON"), text);
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let json = r#"{"service":"s","cost":30,"metadata":null,"more":[1]}"#;
        let request: CostRequest<'_> = serde_json::from_str(json).expect("a request");
        let cost = request.cost.expect("a cost").parse_number().expect("an amount");
        assert_eq!(cost.credits().to_string(), "30");
    }
}
