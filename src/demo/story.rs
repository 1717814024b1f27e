//! Sets the stage: the apps with their keys, and the wallets with their credits.

use events::{Credits, Position, WalletId};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{
    funding::Funding,
    play::{persist, position, text},
    request::Cast,
};
use crate::cli::{
    client::{Client, Token},
    failure::Outcome,
};

/// What the apps of the story may do: everything but handing out credits.
const SCOPES: [&str; 4] = ["credits:check", "credits:deduct", "credits:rollback", "credits:read"];
/// How long the promotional credits live.
const PROMOTION_SECONDS: u64 = 30 * 24 * 60 * 60;
/// What 1,000 credits cost, in cents.
const CENTS_PER_THOUSAND: i64 = 900;
/// Wallets funded at the same time.
const AT_ONCE: usize = 16;

/// An app of the story.
pub struct App {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its API key, shown at the end so that one can go on with it.
    pub key: String,
    /// The API, spoken to with its key.
    pub client: Client,
}

/// The ledger, ready to play on.
pub struct Stage {
    /// The operator's way to the ledger.
    pub operator: Client,
    /// The apps, by number.
    pub apps: Vec<App>,
    /// The last event of the preparations.
    pub head: Position,
}

/// Registers the apps and funds the wallets.
///
/// # Errors
/// On any answer but success.
pub async fn set(url: &str, operator: Client, cast: &Cast, funding: &[Funding]) -> Outcome<Stage> {
    let mut apps = Vec::with_capacity(cast.apps.len());
    for name in &cast.apps {
        let body = json!({ "name": name, "scopes": SCOPES });
        let answer = operator.post("/v1/apps", None, &body).await?.json()?;
        let key = text(&answer, "/api_key")?;
        let client = Client::remote(url, Token::new(key.as_str()))?;
        apps.push(App { name: name.clone(), id: text(&answer, "/app_id")?, key, client });
    }
    let head = stream::iter(funding.iter().enumerate())
        .map(|(number, funding)| fund(&operator, number, *funding))
        .buffer_unordered(AT_ONCE)
        .try_fold(Position(0), async |head, position| Ok(head.max(position)))
        .await?;
    Ok(Stage { operator, apps, head })
}

/// A purchase opens the wallet; a promotional grant comes on top.
async fn fund(operator: &Client, number: usize, funding: Funding) -> Outcome<Position> {
    let wallet: WalletId = Cast::wallet(number);
    let purchase = json!({
        "amount": funding.purchased,
        "payment_reference": format!("demo-payment-{number}"),
        "price_paid": { "amount": price(funding.purchased), "currency": "EUR" },
    });
    let path = format!("/v1/wallets/{wallet}/purchases");
    persist(operator, &path, &format!("purchase-{number}"), &purchase).await?;
    let grant = json!({
        "amount": funding.granted,
        "reason": "welcome",
        "expires_in_seconds": PROMOTION_SECONDS,
    });
    let path = format!("/v1/wallets/{wallet}/grants");
    let granted = persist(operator, &path, &format!("grant-{number}"), &grant).await?;
    position(&granted.json()?)
}

/// The price of so many credits in euros, rounded down to a cent.
fn price(credits: Credits) -> String {
    let cents = i128::from(credits.micros()) * i128::from(CENTS_PER_THOUSAND) / 1_000_000_000;
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_in_whole_cents() {
        let price_of = |text: &str| price(text.parse().expect("credits"));
        assert_eq!(price_of("1000"), "9.00");
        assert_eq!(price_of("1"), "0.00");
        assert_eq!(price_of("12345"), "111.10");
    }
}
