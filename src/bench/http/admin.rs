//! The few calls that the bench makes as administrator.

use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::HttpBenchError;
use super::metrics::Metrics;
use super::server::Server;

/// Scopes of the app that the load is sent for.
const SCOPES: [&str; 4] = ["credits:check", "credits:deduct", "credits:purchase", "credits:read"];

/// Speaks to the server with its admin token.
#[derive(Debug)]
pub(super) struct Admin {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
    token: String,
}

#[derive(Debug, Deserialize)]
struct NewApp {
    api_key: String,
}

impl Admin {
    pub(super) fn of(server: &Server) -> Result<Self, HttpBenchError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(HttpBenchError::io("start an HTTP client"))?;
        Ok(Self {
            runtime,
            client: reqwest::Client::builder().no_proxy().build()?,
            url: server.url.clone(),
            token: server.admin_token.clone(),
        })
    }

    /// Registers an app and returns its API key.
    pub(super) fn create_app(&self, name: &str) -> Result<String, HttpBenchError> {
        let ask = self.client.post(format!("{}/v1/apps", self.url));
        let body = self.send("POST /v1/apps", ask.json(&json!({ "name": name, "scopes": SCOPES })))?;
        let app: NewApp = serde_json::from_str(&body).map_err(|_| HttpBenchError::Refused {
            method_and_path: "POST /v1/apps",
            status: 201,
            body: "an answer without `api_key`".to_owned(),
        })?;
        Ok(app.api_key)
    }

    /// What the server says about itself now.
    pub(super) fn metrics(&self) -> Result<Metrics, HttpBenchError> {
        let text = self.send("GET /metrics", self.client.get(format!("{}/metrics", self.url)))?;
        Ok(Metrics::parse(&text))
    }

    fn send(
        &self,
        method_and_path: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Result<String, HttpBenchError> {
        self.runtime.block_on(async {
            let response = request.bearer_auth(&self.token).send().await?;
            let status = response.status();
            let body = response.text().await?;
            if status.is_success() {
                return Ok(body);
            }
            Err(HttpBenchError::Refused { method_and_path, status: status.as_u16(), body })
        })
    }
}
