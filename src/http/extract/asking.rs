//! What a command says about itself beside its body: its key, its request id, its trace, and whether
//! it is meant.

use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderName, HeaderValue, Uri, request::Parts},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Text;
use crate::http::{
    app::Shared,
    front::given_request_id,
    problem::{Code, Problem},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const KEY_BYTES_MAX: usize = 255;
const MISSING: &str = "send an idempotency key of 1 to 255 characters: the header Idempotency-Key or the field `idempotency_key`; items of a batch that is not atomic have the field each";

/// How a command is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Intent {
    /// `true` to be told what would happen now, without it happening: nothing is recorded, no key is
    /// used up, and the answer has `dry_run: true`, no id and no position.
    dry_run: Option<bool>,
}

/// The headers and the query of a command.
#[derive(Debug, Default)]
pub(in crate::http) struct Asking {
    key: Option<HeaderValue>,
    /// Whether only the answer is wanted.
    pub(in crate::http) dry_run: bool,
    /// The caller's request id, when it sent one.
    pub(in crate::http) correlation: Option<Box<str>>,
    /// The caller's trace context, when it sent a valid one.
    pub(in crate::http) traceparent: Option<Box<str>>,
}

impl FromRequestParts<Shared> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let text = |value: &HeaderValue| value.to_str().ok().map(Box::from);
        let trace = parts.headers.get(TRACEPARENT).filter(|value| is_traceparent(value.as_bytes()));
        Ok(Self {
            key: parts.headers.get(IDEMPOTENCY_KEY).cloned(),
            dry_run: intent(&parts.uri)?.dry_run.unwrap_or_default(),
            correlation: given_request_id(&parts.headers).and_then(text),
            traceparent: trace.and_then(text),
        })
    }
}

impl Asking {
    /// The idempotency key, from the header or the body.
    pub(in crate::http) fn key(&self, in_body: Option<&Text<'_>>) -> Result<Option<Box<str>>, Problem> {
        let in_header = self.key.as_ref().map(HeaderValue::as_bytes);
        let in_body = in_body.map(|text| text.as_ref().as_bytes());
        let key = match (in_header, in_body) {
            (Some(header), Some(body)) if header != body => {
                return Err(unusable("the header Idempotency-Key and the field idempotency_key differ"));
            }
            (header, body) => header.or(body),
        };
        let Some(key) = key else { return Ok(None) };
        let visible = key.iter().all(u8::is_ascii_graphic);
        let text = str::from_utf8(key).ok().filter(|_| visible && (1..=KEY_BYTES_MAX).contains(&key.len()));
        text.map(|text| Some(text.into()))
            .ok_or_else(|| unusable("an idempotency key has 1 to 255 visible ASCII characters"))
    }

    /// The same without the key in the header: of an item of a batch, which has its own.
    pub(in crate::http) fn of_items(self) -> Self {
        Self { key: None, ..self }
    }

    /// The idempotency key of a command that must have one, unless it is a dry run.
    pub(in crate::http) fn required_key(
        &self,
        in_body: Option<&Text<'_>>,
    ) -> Result<Option<Box<str>>, Problem> {
        let key = self.key(in_body)?;
        if key.is_some() || self.dry_run { Ok(key) } else { Err(unusable(MISSING)) }
    }
}

/// What the query says. A misspelt `dry_run` must not become a change; the paths of earlier clients
/// ignore what they do not know.
fn intent(uri: &Uri) -> Result<Intent, Problem> {
    #[derive(Deserialize)]
    struct Lenient {
        dry_run: Option<bool>,
    }
    if uri.query().is_none() {
        return Ok(Intent::default());
    }
    let read = if uri.path().starts_with("/api/mcp/") {
        Query::<Lenient>::try_from_uri(uri).map(|Query(Lenient { dry_run })| Intent { dry_run })
    } else {
        Query::<Intent>::try_from_uri(uri).map(|Query(intent)| intent)
    };
    read.map_err(|rejection| Problem::bad_request(rejection.body_text()))
}

fn unusable(detail: &'static str) -> Problem {
    Problem::new(Code::MissingIdempotencyKey, detail)
}

/// Whether this is a trace context of W3C Trace Context level 1: version, trace id, parent id and
/// flags, none of the ids all zero.
fn is_traceparent(value: &[u8]) -> bool {
    let lower_hex = |digits: &[u8]| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let set = |digits: &[u8]| lower_hex(digits) && digits.iter().any(|digit| *digit != b'0');
    value.len() == 55
        && value.starts_with(b"00-")
        && set(&value[3..35])
        && value[35] == b'-'
        && set(&value[36..52])
        && value[52] == b'-'
        && lower_hex(&value[53..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(key: &str) -> Asking {
        Asking { key: Some(HeaderValue::from_str(key).expect("a header value")), ..Asking::default() }
    }

    #[test]
    fn a_key_comes_from_the_header_or_the_body() {
        let body = Text::from("k");
        assert_eq!(asking("k").key(None).expect("a key").as_deref(), Some("k"));
        assert_eq!(asking("k").key(Some(&body)).expect("a key").as_deref(), Some("k"));
        assert_eq!(Asking::default().key(Some(&body)).expect("a key").as_deref(), Some("k"));
        assert_eq!(Asking::default().key(None).expect("no key"), None);
    }

    #[test]
    fn unusable_keys_are_refused() {
        let long = "x".repeat(256);
        assert!(asking(&"x".repeat(255)).key(None).is_ok());
        for key in [long.as_str(), "", "a b", "tab\there"] {
            let problem = asking(key).key(None).expect_err("a problem");
            assert_eq!(problem.code, Code::MissingIdempotencyKey, "{key:?}");
        }
        assert!(Asking::default().key(Some(&Text::from("é"))).is_err());
        assert!(asking("a").key(Some(&Text::from("b"))).is_err());
        assert!(Asking::default().required_key(None).is_err());
        let dry = Asking { dry_run: true, ..Asking::default() };
        assert_eq!(dry.required_key(None).expect("no key is needed"), None);
    }

    #[test]
    fn a_misspelt_dry_run_is_no_command() {
        let read = |uri: &'static str| intent(&Uri::from_static(uri)).map(|intent| intent.dry_run);
        assert_eq!(read("/v1/wallets").expect("no query"), None);
        assert_eq!(read("/v1/wallets?dry_run=true").expect("a dry run"), Some(true));
        assert_eq!(read("/api/mcp/v1/credits/deduct?x=1&dry_run=true").expect("a dry run"), Some(true));
        for query in ["dry-run=true", "dry_run", "dry_run=1", "dry_run=true&dry_run=true"] {
            assert!(intent(&format!("/v1/wallets?{query}").parse().expect("a path")).is_err(), "{query}");
        }
    }

    #[test]
    fn only_a_whole_trace_context_is_passed_on() {
        let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(is_traceparent(valid.as_bytes()));
        for broken in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
        ] {
            assert!(!is_traceparent(broken.as_bytes()), "{broken}");
        }
    }
}
