//! One id for a request through all services: the caller's, or a new one.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

use crate::Chat;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const BYTES_MAX: usize = 128;

/// The id of the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(HeaderValue);

impl Correlation {
    /// The caller's, under either name; none when there is none that can be handed on.
    fn given(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(CORRELATION_ID).or_else(|| headers.get(REQUEST_ID))?;
        let is_id = given.len() <= BYTES_MAX
            && !given.is_empty()
            && given.as_bytes().iter().all(u8::is_ascii_graphic);
        is_id.then(|| Self(given.clone()))
    }

    /// A request to another service that carries it.
    pub(crate) fn on(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header(REQUEST_ID, &self.0).header(CORRELATION_ID, &self.0)
    }
}

/// Gives each request its id, and each answer too.
pub(crate) async fn correlate(State(chat): State<Arc<Chat>>, mut request: Request, next: Next) -> Response {
    let correlation = Correlation::given(request.headers()).unwrap_or_else(|| {
        let id = (chat.new_id)().to_string();
        Correlation(HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none")))
    });
    request.extensions_mut().insert(correlation.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    tracing::info!(%method, path, status = response.status().as_u16(), correlation = ?correlation.0, "answered");
    response.headers_mut().insert(REQUEST_ID, correlation.0.clone());
    response.headers_mut().insert(CORRELATION_ID, correlation.0);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_if_it_can_be_handed_on() {
        let given = |pairs: &[(HeaderName, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            Correlation::given(&headers.collect())
                .map(|correlation| correlation.0.to_str().unwrap_or_default().to_owned())
        };
        assert_eq!(given(&[(REQUEST_ID, "a")]).as_deref(), Some("a"));
        assert_eq!(given(&[(REQUEST_ID, "a"), (CORRELATION_ID, "b")]).as_deref(), Some("b"));
        assert_eq!(given(&[]), None);
        assert_eq!(given(&[(REQUEST_ID, "")]), None);
        assert_eq!(given(&[(REQUEST_ID, "two words")]), None);
        assert_eq!(given(&[(REQUEST_ID, Box::leak("x".repeat(129).into_boxed_str()))]), None);
    }
}
