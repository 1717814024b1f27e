//! The one way in which commands reach a ledger: its HTTP API, spoken to a running server, or to
//! the same routes in this process when no server runs.

mod connect;
mod local;
mod problem;
mod query;
mod remote;

pub use connect::{Missing, Reach, connect};
pub use problem::Problem;
pub use query::{Query, escaped};

use std::fmt;

use events::LedgerId;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use self::{local::Local, remote::Remote};
use super::failure::{Failure, Outcome};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LEDGER: &str = "x-ledger";
const REPLAYED: &str = "idempotent-replayed";
const NEXT: &str = "x-ledger-next";
const HEAD: &str = "x-ledger-head";

/// A key or token, which is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// One request.
#[derive(Debug)]
struct Ask<'a> {
    method: Method,
    path: &'a str,
    key: Option<&'a str>,
    body: Option<&'a Value>,
}

/// One answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whether it is the answer to an earlier request with the same key.
    pub replayed: bool,
    /// Of the event feed: where to go on.
    pub next: Option<u64>,
    /// Of the event feed: the number of events in the log.
    pub head: Option<u64>,
    /// The body's text.
    pub body: String,
}

/// The number in a header.
fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Outcome<Value> {
        serde_json::from_str(&self.body)
            .map_err(|error| Failure::Other(anyhow::anyhow!("the answer is no JSON: {error}: {}", self.body)))
    }

    fn successful(self) -> Outcome<Self> {
        match self.status {
            200..=299 => Ok(self),
            status => Err(Box::new(Problem::read(status, self.replayed, &self.body)).into()),
        }
    }
}

/// A way to the ledger.
pub struct Client {
    transport: Transport,
    /// The one to work with, of several.
    ledger: Option<LedgerId>,
}

enum Transport {
    Remote(Remote),
    Local(Box<Local>),
}

impl Client {
    /// Speaks to the server at `url`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When the URL is no HTTP URL.
    pub fn remote(url: &str, token: Token) -> Outcome<Self> {
        let transport = Transport::Remote(Remote::new(url, token)?);
        Ok(Self { transport, ledger: None })
    }

    /// Works with this ledger of the service, or with the one that it takes itself.
    #[must_use]
    pub fn of_ledger(self, ledger: Option<LedgerId>) -> Self {
        Self { ledger, ..self }
    }

    async fn send(&self, ask: Ask<'_>) -> Outcome<Answer> {
        let ledger = self.ledger.map(|ledger| ledger.to_string());
        let headers = [(IDEMPOTENCY_KEY, ask.key), (LEDGER, ledger.as_deref())];
        let headers: Vec<_> = headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let answer = match &self.transport {
            Transport::Remote(remote) => remote.send(ask, &headers).await?,
            Transport::Local(local) => local.send(ask, &headers).await?,
        };
        answer.successful()
    }

    /// Reads.
    ///
    /// # Errors
    /// What the API answers, or that nobody does.
    pub async fn get(&self, path: &str) -> Outcome<Answer> {
        self.send(Ask { method: Method::GET, path, key: None, body: None }).await
    }

    /// Asks for a change, under an idempotency key where the route takes one.
    ///
    /// # Errors
    /// What the API answers, or that nobody does.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Outcome<Answer> {
        self.change(Method::POST, path, key, body).await
    }

    /// Asks for a change with the method that its route has.
    ///
    /// # Errors
    /// What the API answers, or that nobody does.
    pub async fn change(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Outcome<Answer> {
        self.send(Ask { method, path, key, body: Some(body) }).await
    }

    /// Ends something.
    ///
    /// # Errors
    /// What the API answers, or that nobody does.
    pub async fn delete(&self, path: &str) -> Outcome<Answer> {
        self.send(Ask { method: Method::DELETE, path, key: None, body: None }).await
    }

    /// Reads what includes every event that is stored now.
    ///
    /// # Errors
    /// What the API answers, or that nobody does.
    pub async fn get_fresh(&self, query: Query) -> Outcome<Answer> {
        self.get(self.fresh(query).await?.as_str()).await
    }

    /// Asks with the query to see every event that is stored now.
    async fn fresh(&self, query: Query) -> Outcome<Query> {
        let readiness = self.get("/readyz?verbose=1").await?.json()?;
        let head: Option<u64> =
            readiness.get("head").and_then(Value::as_str).and_then(|head| head.parse().ok());
        Ok(query.maybe("min_position", head.and_then(|head| head.checked_sub(1))))
    }

    /// Everything in a list that includes every event that is stored now.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn all_fresh(&self, first: Query) -> Outcome<Vec<Value>> {
        self.all(&self.fresh(first).await?).await
    }

    /// Everything in a list that comes in pages of `{data, next_cursor, has_more}`.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn all(&self, first: &Query) -> Outcome<Vec<Value>> {
        let mut all = Vec::new();
        let mut page = first.clone();
        loop {
            let mut answer = self.get(page.as_str()).await?.json()?;
            match answer.get_mut("data").map(Value::take) {
                Some(Value::Array(items)) => all.extend(items),
                _ => {
                    return Err(Failure::Other(anyhow::anyhow!(
                        "{}: an answer without `data`",
                        first.as_str()
                    )));
                }
            }
            match answer.get("next_cursor").and_then(Value::as_str) {
                Some(cursor) => page = first.clone().with("cursor", cursor),
                None => return Ok(all),
            }
        }
    }

    /// Ends in good order: a ledger opened in this process is closed.
    ///
    /// # Errors
    /// When its last events could not be stored or its files not be closed.
    pub async fn close(self) -> Outcome {
        match self.transport {
            Transport::Remote(_) => Ok(()),
            Transport::Local(local) => local.close().await,
        }
    }
}
