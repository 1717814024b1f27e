//! `/api/cross-app/credit-check`, `/credits` and `/credits/consume`: the credits of who is signed in at an app.

use axum::{extract::State, http::HeaderMap};
use events::{UserId, WalletId};
use serde::{Deserialize, Serialize};
use serde_json::{Number, value::RawValue};
use utoipa::ToSchema;

use super::origin;
use crate::http::{
    app::Shared,
    compatible::{self, NamedUser, Spending, Sufficiency, number},
    extract::{AmountField, Asking, Caller, Intent, Payload, Text, present, scope},
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::{ExactNumber, UuidText},
};

/// The service that is named when the app names none.
const SERVICE: &str = "cross-app";

/// Credits to ask about, or to spend.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct CreditRequest<'a> {
    /// What the app sells, 1 to 128 characters; `cross-app`, when absent.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "video-generation")]
    service: Option<Text<'a>>,
    /// How many credits: a number above zero with at most six decimals, taken exactly as written. This or
    /// `cost`.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(inline, value_type = Option<ExactNumber>, example = 10)]
    amount: Option<AmountField<'a>>,
    /// The same under another name.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(inline, value_type = Option<ExactNumber>)]
    cost: Option<AmountField<'a>>,
    /// The app's own words, for spending.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// Instead of the header `Idempotency-Key`. Without a key, a repetition charges again.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

impl CreditRequest<'_> {
    fn spending<'a>(&'a self, unnamed: &'a Text<'a>) -> Result<Spending<'a>, Problem> {
        let cost = match (&self.amount, &self.cost) {
            (Some(_), Some(_)) => return Err(Problem::bad_request("send `amount` or `cost`, not both")),
            (amount, cost) => amount.as_ref().or(cost.as_ref()),
        };
        Ok(Spending {
            service: self.service.as_ref().unwrap_or(unnamed),
            cost,
            usage: None,
            metadata: self.metadata,
            key: self.idempotency_key.as_ref(),
        })
    }
}

/// What somebody has, and what could be bought.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Credits {
    /// What the wallet can spend.
    #[schema(inline, value_type = ExactNumber, example = 70)]
    balance: Number,
    /// What can be bought. Nothing, until payments are there.
    #[schema(value_type = Vec<Object>)]
    packages: [(); 0],
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
}

/// Credits that were spent.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Consumed {
    /// Always true: what is not spent is a problem.
    success: bool,
    #[serde(flatten)]
    deducted: compatible::Deducted,
}

/// Asks whether the user's wallet could pay now. Nobody's wallet is made by asking; a registered user's is there.
#[utoipa::path(
    post, path = "/api/cross-app/credit-check", tag = "cross-app", operation_id = "cross_app_credit_check",
    params(("X-User-ID" = inline(Option<UuidText>), Header, description = "The user, beside an app's key; with a user's token, that user"), Intent),
    request_body(content = CreditRequest<'_>, example = json!({ "service": "video-generation", "amount": 10 })),
    responses((status = 200, description = "The advice", body = Sufficiency)),
)]
pub(in crate::http) async fn check(
    State(shared): State<Shared>,
    headers: HeaderMap,
    caller: Caller<scope::Check>,
    user: NamedUser,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    origin::must_suit(&caller, &headers, &shared)?;
    let request: CreditRequest<'_> = body.parse()?;
    let wallet = user.wallet(&caller)?;
    compatible::advise(&shared, caller, asking, wallet, &request.spending(&Text::from(SERVICE))?).await
}

/// Reads what the user can spend.
#[utoipa::path(
    get, path = "/api/cross-app/credits", tag = "cross-app", operation_id = "cross_app_credits",
    params(("X-User-ID" = inline(Option<UuidText>), Header, description = "The user, beside an app's key; with a user's token, that user")),
    responses((status = 200, description = "The credits", body = Credits)),
)]
pub(in crate::http) async fn read(
    State(shared): State<Shared>,
    headers: HeaderMap,
    caller: Caller<scope::Read>,
    user: NamedUser,
) -> Result<Reply, Problem> {
    origin::must_suit(&caller, &headers, &shared)?;
    let wallet = user.wallet(&caller)?;
    caller.must_reach(&shared, wallet)?;
    Ok(Reply::ok(&of_wallet(&shared, wallet, caller.org).await?))
}

/// What a wallet has; nothing, when it is about to be opened.
pub(super) async fn of_wallet(
    shared: &Shared,
    wallet: WalletId,
    org: events::OrgId,
) -> Result<Credits, Problem> {
    shared.reached(&AtLeast::default()).await?;
    let view = shared.reads.wallet(wallet).await?;
    let available = match view {
        Some(view) if view.row.org == org => view.row.available,
        // Registered, and the wallet is about to be opened.
        None if shared.identity.user(UserId(wallet.0)).is_some_and(|user| user.org == org) => {
            events::Credits::ZERO
        }
        Some(_) | None => return Err(Problem::not_found("wallet")),
    };
    Ok(Credits { balance: number(available), packages: [], wallet })
}

/// Spends the user's credits. Send a key: without one, a repetition charges again.
#[utoipa::path(
    post, path = "/api/cross-app/credits/consume", tag = "cross-app", operation_id = "cross_app_consume",
    params(("X-User-ID" = inline(Option<UuidText>), Header, description = "The user, beside an app's key; with a user's token, that user"), Intent),
    request_body(content = CreditRequest<'_>, example = json!({ "service": "video-generation", "amount": 10 })),
    responses((status = 200, description = "The credits are spent", body = Consumed)),
)]
pub(in crate::http) async fn consume(
    State(shared): State<Shared>,
    headers: HeaderMap,
    caller: Caller<scope::Deduct>,
    user: NamedUser,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    origin::must_suit(&caller, &headers, &shared)?;
    let request: CreditRequest<'_> = body.parse()?;
    let wallet = user.wallet(&caller)?;
    let (answer, deducted) =
        compatible::spend(&shared, caller, asking, wallet, &request.spending(&Text::from(SERVICE))?).await?;
    Ok(answer.done(&Consumed { success: true, deducted }))
}
