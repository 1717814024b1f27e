//! What a message costs, taken from the user's wallet: this app's key says who takes it, the user's
//! own token for whom, and the idempotency key that it is taken once.

use reqwest::StatusCode;
use serde_json::json;

use crate::{Settings, caller::Caller, correlation::Correlation, problem::Problem};

/// Charges for messages.
pub(crate) struct Charges {
    http: reqwest::Client,
    url: String,
    key: String,
    cost: String,
}

impl Charges {
    pub(crate) fn new(http: reqwest::Client, settings: &Settings) -> Self {
        Self {
            http,
            url: format!("{}/v1/wallets", settings.ledger_url),
            key: settings.ledger_key.clone(),
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
            .bearer_auth(&caller.token)
            .header("idempotency-key", idempotency_key)
            .json(&json!({ "service": "chat-message", "cost": self.cost }));
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
