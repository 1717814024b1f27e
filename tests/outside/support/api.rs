//! The HTTP API as an app calls it.

use std::time::Duration;

use reqwest::{Client, Method, header::HeaderMap};
use serde_json::{Value, json};

/// A long poll waits up to 30 seconds; nothing else takes nearly as long.
const WITHIN: Duration = Duration::from_secs(40);

/// A server, and a key for it. Clones share connections.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    url: String,
    key: String,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.text().await? })
    }

    /// Fails unless it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer}: {self:#?}")).to_owned()
    }

    /// Whether it was given before, to a request with the same key.
    pub(crate) fn is_replayed(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
    }
}

impl Api {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        let http = Client::builder().no_proxy().timeout(WITHIN).build().expect("a client");
        Self { http, url: url.to_owned(), key: key.to_owned() }
    }

    /// The same caller at another server, over the same connections.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A request to be completed by the caller.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    /// Sends a request as it is.
    pub(crate) async fn execute(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        self.http.execute(request).await
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        Answer::of(self.request(Method::GET, path).send().await?).await
    }

    pub(crate) async fn try_get_within(&self, path: &str, within: Duration) -> reqwest::Result<Answer> {
        Answer::of(self.request(Method::GET, path).timeout(within).send().await?).await
    }

    pub(crate) async fn try_post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> reqwest::Result<Answer> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        Answer::of(request.send().await?).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap_or_else(|error| panic!("GET {path}: {error:?}"))
    }

    pub(crate) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        self.try_post(path, key, body).await.unwrap_or_else(|error| panic!("POST {path}: {error:?}"))
    }

    /// Buys credits for a wallet, which a first purchase opens.
    pub(crate) async fn purchase(&self, wallet: &str, amount: &str) -> Answer {
        let path = format!("/v1/wallets/{wallet}/purchases");
        let key = format!("purchase-{wallet}-{amount}");
        self.post(&path, Some(&key), &json!({ "amount": amount })).await.expect(201)
    }

    pub(crate) async fn deduct(&self, wallet: &str, key: &str, cost: &str) -> reqwest::Result<Answer> {
        let path = format!("/v1/wallets/{wallet}/deductions");
        self.try_post(&path, Some(key), &json!({ "service": "chat", "cost": cost })).await
    }

    /// A wallet as it is after every event that is stored now.
    pub(crate) async fn wallet(&self, wallet: &str) -> Answer {
        let path = match self.head().await.checked_sub(1) {
            Some(last) => format!("/v1/wallets/{wallet}?min_position={last}"),
            None => format!("/v1/wallets/{wallet}"),
        };
        self.get(&path).await.expect(200)
    }

    pub(crate) async fn balance(&self, wallet: &str) -> String {
        self.wallet(wallet).await.text("/balance")
    }

    /// The number of events in the log.
    pub(crate) async fn head(&self) -> u64 {
        self.get("/readyz?verbose=1").await.expect(200).text("/head").parse().expect("a number")
    }
}
