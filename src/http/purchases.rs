//! `/v1/wallets/{wallet}/purchases` and `/v1/purchases/{id}`: bought credits come in.

use axum::extract::State;
use events::{
    Class, Credits, CreditsPurchased, Currency, Event, Position, Price, PublicId, PublicKind, WalletId,
};
use ledger::{Command, NewLot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{
        AmountField, Asking, Caller, Intent, Named, Object, Payload, Text, WalletPath, decimal, expiry,
        scope, short_text,
    },
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, LotClass, Recording, Terms, UuidText, sum},
};

/// The priority of lots whose request names none: room on both sides.
pub(super) const PRIORITY: u8 = 100;
/// The longest payment reference or reason, in characters.
pub(super) const REFERENCE_CHARS_MAX: usize = 512;

/// Bought credits to put in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PurchaseRequest<'a> {
    /// Credits bought, as a decimal string above zero with at most six decimals.
    #[serde(borrow)]
    #[schema(value_type = String, example = "100")]
    amount: AmountField<'a>,
    /// The payment's id at the payment provider, at most 512 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 512)]
    payment_reference: Option<Text<'a>>,
    /// What was paid.
    #[serde(borrow)]
    #[schema(inline, value_type = Option<MoneyRequest<'static>>)]
    price_paid: Option<Object<MoneyRequest<'a>>>,
    /// `paid` when absent.
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

/// An amount of money.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoneyRequest<'a> {
    /// In the currency's main unit, as a decimal string.
    #[serde(borrow)]
    #[schema(value_type = String, example = "9.99")]
    amount: Text<'a>,
    /// ISO 4217 code.
    #[serde(borrow)]
    #[schema(value_type = String, example = "EUR")]
    currency: Text<'a>,
}

impl MoneyRequest<'_> {
    fn parse(&self) -> Result<Price, Problem> {
        let currency = Currency::parse(self.currency.as_ref());
        let currency = currency.ok_or_else(|| Problem::bad_request("`currency` is three capital letters"))?;
        Ok(Price { amount: decimal("price_paid.amount", &self.amount)?, currency })
    }
}

impl PurchaseRequest<'_> {
    fn command(&self) -> Result<Command, Problem> {
        let reference = self.payment_reference.as_ref();
        Ok(Command::Purchase(ledger::Purchase {
            amount: self.amount.parse()?,
            lot: NewLot {
                class: self.class.map_or(Class::Paid, Class::from),
                priority: self.priority.unwrap_or(PRIORITY),
                expiry: expiry(self.expires_at.as_ref(), self.expires_in_seconds)?,
            },
            payment_reference: reference
                .map(|text| short_text("payment_reference", text, REFERENCE_CHARS_MAX))
                .transpose()?,
            price_paid: self.price_paid.as_ref().map(|Object(price)| price.parse()).transpose()?,
        }))
    }
}

/// Bought credits that came in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Purchase<'a> {
    /// The purchase; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "pur_1b4e28ba_42")]
    id: Option<PublicId>,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Credits bought.
    #[schema(value_type = String, example = "100")]
    amount: Credits,
    /// The lot they form; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    lot: Option<Position>,
    #[serde(flatten)]
    terms: Terms,
    /// The payment's id at the payment provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_reference: Option<&'a str>,
    /// What was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyRequest<'static>>)]
    price_paid: Option<Price>,
    /// What of it paid the wallet's debt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "20")]
    settled: Option<Credits>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl<'a> Purchase<'a> {
    fn of(shared: &Shared, wallet: WalletId, recording: Recording, e: &'a CreditsPurchased) -> Self {
        Self {
            id: shared.id(PublicKind::Purchase, recording),
            wallet,
            amount: e.amount,
            lot: recording.position,
            terms: Terms::from(&e.lot),
            payment_reference: e.payment_reference.as_deref(),
            price_paid: e.price_paid,
            settled: sum(&e.settled),
            funds: Funds::from(&e.wallet),
            recording,
        }
    }
}

/// A purchase, and what was taken back of it since.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PurchaseView<'a> {
    #[serde(flatten)]
    purchase: Purchase<'a>,
    /// All that was taken back so far, when anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "40")]
    refunded: Option<Credits>,
    /// The last refund or chargeback.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ref_1b4e28ba_57")]
    refunded_by: Option<PublicId>,
}

/// Puts bought credits into a wallet, which it opens when new.
#[utoipa::path(
    post, path = "/v1/wallets/{wallet}/purchases", tag = "credits in", operation_id = "create_purchase",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = PurchaseRequest<'_>, example = json!({ "amount": "100", "payment_reference": "pi_3OqL" })),
    responses((status = 201, description = "The credits are in", body = Purchase<'_>)),
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller<scope::Purchase>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: PurchaseRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = request.command()?;
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::CreditsPurchased(purchased) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.created(&Purchase::of(&shared, wallet, answer.recording(), purchased)))
}

/// Reads a purchase, with the wallet's credits as it left them.
#[utoipa::path(
    get, path = "/v1/purchases/{id}", tag = "credits in", operation_id = "read_purchase",
    params(("id" = String, Path, description = "The purchase", example = "pur_1b4e28ba_42")),
    responses((status = 200, description = "The purchase", body = PurchaseView<'_>)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let recorded = shared.made(&caller, &id, PublicKind::Purchase).await?;
    let (Event::CreditsPurchased(purchased), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
        return Err(Problem::not_found("purchase"));
    };
    let taken_back = shared.reads.returned(recorded.envelope.position).await?;
    Ok(Reply::ok(&PurchaseView {
        purchase: Purchase::of(&shared, wallet, Recording::from(&recorded.envelope), purchased),
        refunded: taken_back.map(|(refunded, _)| refunded),
        refunded_by: taken_back.map(|(_, by)| shared.public_id(PublicKind::Refund, by)),
    }))
}
