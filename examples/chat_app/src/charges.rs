//! What a message costs, taken from the user's wallet: this app's key says who takes it, and the
//! idempotency key that it is taken once. The ledger refuses unless the user has let this app spend; with
//! a token that this app got, the user's own words are shown as well.

use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::{Settings, caller::Caller, correlation::Correlation, problem::Problem};

/// Charges for messages.
pub(crate) struct Charges {
    http: reqwest::Client,
    url: String,
    key: String,
    app: Uuid,
    cost: String,
}

impl Charges {
    pub(crate) fn new(http: reqwest::Client, settings: &Settings) -> Self {
        Self {
            http,
            url: format!("{}/v1/wallets", settings.ledger_url),
            key: settings.ledger_key.clone(),
            app: settings.app.0,
            cost: settings.message_cost.clone(),
        }
    }

    /// Takes the price of a message. Repeated with the same idempotency key it takes nothing more.
    pub(crate) async fn charge(
        &self,
        caller: &Caller,
        idempotency_key: &str,
        correlation: &Correlation,
    ) -> Result<(), Problem> {
        const AWAY: Problem = Problem::unavailable("the message can't be charged now: send it again");
        let request = self
            .http
            .post(format!("{}/{}/deductions", self.url, caller.user))
            .header("x-api-key", &self.key)
            .header("idempotency-key", idempotency_key)
            .json(&json!({ "service": "chat-message", "cost": self.cost }));
        // Another app's token beside this app's key would be two callers at once.
        let is_ours = caller.app == Some(self.app);
        let request = if is_ours { request.bearer_auth(&caller.token) } else { request };
        let unreachable = |error: reqwest::Error| {
            tracing::warn!(%error, "the ledger can't be reached");
            AWAY
        };
        let answer = correlation.on(request).send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = answer.text().await.map_err(unreachable)?;
        // What the user can do something about is hers to read; the rest is between the servers.
        match status {
            StatusCode::PAYMENT_REQUIRED | StatusCode::CONFLICT => Err(Problem::Passed(status, body)),
            StatusCode::FORBIDDEN => {
                Err(Problem::forbidden("you have not allowed this app to spend your credits"))
            }
            status => {
                tracing::warn!(%status, body, "the ledger refuses");
                Err(AWAY)
            }
        }
    }
}
