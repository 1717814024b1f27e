//! The body of a request, in one piece.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde::Deserialize;

use super::Object;
use crate::http::{
    app::{HttpOptions, Shared},
    problem::{Code, Problem},
};

/// A JSON body, within the limits of size and time. Handlers parse it, so that what they parse may
/// borrow from it.
#[derive(Debug)]
pub(in crate::http) struct Payload(Bytes);

impl Payload {
    /// Reads the JSON document.
    pub(in crate::http) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        // What needs nothing may be asked for without a body.
        let document = if self.0.is_empty() { b"{}" } else { &*self.0 };
        let parsed: Result<Object<T>, _> = serde_json::from_slice(document);
        parsed.map(|Object(document)| document).map_err(|error| Problem::bad_request(error.to_string()))
    }
}

impl FromRequest<Shared> for Payload {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        read(request, &shared.options, shared.options.body_bytes_max).await.map(Self)
    }
}

/// The body of a batch: the same within a larger limit.
#[derive(Debug)]
pub(in crate::http) struct BatchPayload(pub(in crate::http) Payload);

impl FromRequest<Shared> for BatchPayload {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let bytes = read(request, &shared.options, shared.options.batch_bytes_max).await?;
        Ok(Self(Payload(bytes)))
    }
}

async fn read(request: Request, options: &HttpOptions, bytes_max: usize) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = within(body, options, bytes_max).await?;
    if !bytes.is_empty() {
        must_be_json(&parts.headers)?;
    }
    Ok(bytes)
}

/// A whole body, within the limits of size and time.
pub(super) async fn within(body: Body, options: &HttpOptions, bytes_max: usize) -> Result<Bytes, Problem> {
    let slow =
        |_| Problem::new(Code::RequestTimeout, "the request body was not complete within the time limit");
    tokio::time::timeout(options.body_read_max, collect(body, bytes_max)).await.map_err(slow)?
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let declared = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let media_type = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, "send the body with Content-Type: application/json"))
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(Code::PayloadTooLarge, format!("the body may have at most {limit} bytes"));
    let announced = body.size_hint();
    if announced.lower() > limit as u64 {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Problem::bad_request("the request body broke off");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_large());
        }
        if first.is_empty() && rest.is_empty() {
            // Mostly the whole body, which then is not copied.
            first = data;
            if announced.exact() == Some(first.len() as u64) {
                break;
            }
        } else {
            rest.extend_from_slice(&first);
            rest.extend_from_slice(&data);
            first = Bytes::new();
        }
    }
    Ok(if rest.is_empty() { first } else { rest.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use futures::stream;

    async fn collected(chunks: &[&'static str], limit: usize) -> Result<Bytes, Code> {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, std::io::Error>(Bytes::from_static(chunk.as_bytes())))
            .collect();
        collect(Body::from_stream(stream::iter(chunks)), limit).await.map_err(|problem| problem.code)
    }

    #[tokio::test]
    async fn chunks_become_one_body_within_the_limit() {
        assert_eq!(collected(&["{\"a\"", ":", "1}"], 7).await, Ok(Bytes::from_static(b"{\"a\":1}")));
        assert_eq!(collected(&["{\"a\"", ":", "1}"], 6).await, Err(Code::PayloadTooLarge));
        assert_eq!(collected(&[], 0).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn an_announced_length_over_the_limit_is_not_read() {
        let refused = collect(Body::from("1234"), 3).await;
        assert_eq!(refused.map_err(|problem| problem.code), Err(Code::PayloadTooLarge));
    }

    #[test]
    fn only_json_is_taken() {
        let declared = |value| {
            must_be_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]))
        };
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=utf-8"]
        {
            assert!(declared(json).is_ok(), "{json}");
        }
        for other in ["text/plain", "application/jsonl", "", "application/x-www-form-urlencoded"] {
            assert!(declared(other).is_err(), "{other}");
        }
        assert!(must_be_json(&HeaderMap::new()).is_err());
    }
}
