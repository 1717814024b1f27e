//! What came back, and what every problem must look like.

use bytes::Bytes;
use credit_ledger::{http::problem::Code, identity::Scope};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let path = response.url().path().to_owned();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { path, status, headers, body: response.bytes().await.expect("a whole body") }
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// A header's text; empty when it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("visible ASCII")).unwrap_or_default()
    }

    /// A string member of the JSON object.
    #[track_caller]
    pub(crate) fn member(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {json}")).to_owned()
    }

    /// The position of the event that answers.
    #[track_caller]
    pub(crate) fn position(&self) -> u64 {
        self.member("position").parse().expect("a position")
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.headers.contains_key("idempotent-replayed")
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.path, String::from_utf8_lossy(&self.body));
        self
    }

    /// The problem that it must be.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        self.is_problem(status, code).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// The problem, when it is this one and has everything that a problem has.
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> Result<Value, String> {
        let text = String::from_utf8_lossy(&self.body);
        let shown = format!("{} {}", self.status, text.get(..text.len().min(600)).unwrap_or_default());
        if self.status != status {
            return Err(format!("{status} {code} was expected, not {shown}"));
        }
        let json: Value = serde_json::from_slice(&self.body).map_err(|error| format!("{error}: {shown}"))?;
        let entry = Code::parse(code).map(Code::entry).ok_or_else(|| format!("{code} is no code"))?;
        let is = |name: &str, value: &str| json[name] == value;
        // RFC 6750 section 3: who lacks a scope is told so in the header, too.
        let lacks =
            code == "forbidden" && Scope::ALL.iter().any(|scope| is("required_scope", scope.as_str()));
        let challenged = status == 401 || lacks;
        let right = [
            ("content-type", self.header("content-type") == "application/problem+json"),
            ("code", is("code", code)),
            ("type", is("type", &format!("/problems/{code}"))),
            ("title", is("title", entry.title)),
            ("status", json["status"].as_u64() == Some(status.into()) && entry.status == status),
            ("detail", json["detail"].as_str().is_some_and(|detail| !detail.is_empty())),
            ("instance", is("instance", &self.path)),
            ("request_id", is("request_id", self.header("x-request-id")) && !is("request_id", "")),
            ("error", json["error"].as_str().is_some_and(|error| !error.is_empty())),
            ("retry-after", self.headers.contains_key("retry-after") == matches!(status, 429 | 503)),
            ("www-authenticate", self.headers.contains_key("www-authenticate") == challenged),
        ];
        let wrong: Vec<_> = right.iter().filter(|(_, right)| !right).map(|(name, _)| *name).collect();
        if wrong.is_empty() { Ok(json) } else { Err(format!("{wrong:?} wrong in {shown}")) }
    }
}
