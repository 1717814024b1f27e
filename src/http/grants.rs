//! `/v1/wallets/{wallet}/grants` and `/v1/grants/{id}`: free credits come in.

use axum::extract::State;
use events::{Class, Credits, CreditsGranted, Event, Position, PublicId, PublicKind, WalletId};
use ledger::{Command, NewLot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{
        AmountField, Asking, Caller, Intent, Named, Payload, Text, WalletPath, expiry, scope, short_text,
    },
    lookup,
    problem::Problem,
    purchases::{PRIORITY, REFERENCE_CHARS_MAX},
    reply::Reply,
    shapes::{Funds, LotClass, Recording, Terms, UuidText, sum},
};

/// Free credits to put in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantRequest<'a> {
    /// Credits given, as a decimal string above zero with at most six decimals.
    #[serde(borrow)]
    #[schema(value_type = String, example = "5")]
    amount: AmountField<'a>,
    /// Why, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 512)]
    reason: Option<Text<'a>>,
    /// `promotional` when absent.
    class: Option<LotClass>,
    /// 0 burns first, 255 last; 100 when absent.
    priority: Option<u8>,
    /// When what is left expires, RFC 3339. Rather send an interval: clocks differ.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Text<'a>>,
    /// In how many seconds what is left expires.
    expires_in_seconds: Option<i64>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

impl GrantRequest<'_> {
    fn command(&self) -> Result<Command, Problem> {
        let reason = self.reason.as_ref();
        Ok(Command::Grant(ledger::Grant {
            amount: self.amount.parse()?,
            lot: NewLot {
                class: self.class.map_or(Class::Promotional, Class::from),
                priority: self.priority.unwrap_or(PRIORITY),
                expiry: expiry(self.expires_at.as_ref(), self.expires_in_seconds)?,
            },
            reason: reason.map(|text| short_text("reason", text, REFERENCE_CHARS_MAX)).transpose()?,
        }))
    }
}

/// Free credits that came in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grant<'a> {
    /// The grant; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "gra_1b4e28ba_42")]
    id: Option<PublicId>,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Credits given.
    #[schema(value_type = String, example = "5")]
    amount: Credits,
    /// The lot they form; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    lot: Option<Position>,
    #[serde(flatten)]
    terms: Terms,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// What of it paid the wallet's debt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2")]
    settled: Option<Credits>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Grant<'a> {
    fn of(shared: &Shared, wallet: WalletId, recording: Recording, e: &'a CreditsGranted) -> Self {
        Self {
            id: shared.id(PublicKind::Grant, recording),
            wallet,
            amount: e.amount,
            lot: recording.position,
            terms: Terms::from(&e.lot),
            reason: e.reason.as_deref(),
            settled: sum(&e.settled),
            funds: Funds::from(&e.wallet),
            recording,
        }
    }
}

/// Puts free credits into a wallet, which it opens when new.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/grants", tag = "credits in", operation_id = "create_grant",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = GrantRequest<'_>, example = json!({ "amount": "5", "reason": "welcome", "expires_in_seconds": 2_592_000 })),
    responses((status = 201, description = "The credits are in", body = Grant<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Grant>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: GrantRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = request.command()?;
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsGranted(granted) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.created(&Grant::of(&shared, wallet, answer.recording(), granted)))
}

/// Reads a grant, with the wallet's credits as it left them.
#[utoipa::path(
    get, path = "/v1/grants/{id}", tag = "credits in", operation_id = "read_grant",
    params(("id" = String, Path, description = "The grant", example = "gra_1b4e28ba_42")),
    responses((status = 200, description = "The grant", body = Grant<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&caller, &id, PublicKind::Grant).await?;
    let (Event::CreditsGranted(granted), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("grant"));
    };
    Ok(Reply::ok(&Grant::of(&shared, wallet, Recording::from(&recorded.envelope), granted)))
}
