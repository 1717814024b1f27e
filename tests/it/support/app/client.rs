//! A caller of the API, with or without a key.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{Answer, EventStream};

/// No answer takes as long; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A persona.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: Arc<str>,
    /// For messages.
    pub(crate) name: Box<str>,
    pub(crate) credential: Option<Box<str>>,
    /// An access token, instead or beside.
    pub(crate) token: Option<Box<str>>,
    /// The app, when it is one.
    pub(crate) app_id: Option<Box<str>>,
    /// The public id of its key.
    pub(crate) key_id: Option<Box<str>>,
}

impl Client {
    /// A request without a body.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = match &self.credential {
            Some(credential) => request.header("x-api-key", &**credential),
            None => request,
        };
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Request(request)
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Request {
        self.request(Method::POST, path).body("application/json", body.to_string())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Request {
        self.request(Method::PUT, path).body("application/json", body.to_string())
    }

    /// Opens a stream of server-sent events.
    pub(crate) async fn stream(&self, path: &str, last_event_id: Option<&str>) -> EventStream {
        let request = self.get(path).header("accept", "text/event-stream");
        let request = match last_event_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        EventStream::of(request.0.send().await.expect("a stream"))
    }
}

/// A request, which is sent by awaiting it.
#[derive(Debug)]
#[must_use = "a request is sent by awaiting it"]
pub(crate) struct Request(RequestBuilder);

impl Request {
    pub(crate) fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.header(name, value.as_ref()))
    }

    /// An idempotency key.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// A body that is declared as `content_type`.
    pub(crate) fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.header("content-type", content_type).undeclared(body)
    }

    /// A body that is not declared.
    pub(crate) fn undeclared(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = BoxFuture<'static, Answer>;

    fn into_future(self) -> Self::IntoFuture {
        async move { Answer::read(self.0.send().await.expect("an answer")).await }.boxed()
    }
}
