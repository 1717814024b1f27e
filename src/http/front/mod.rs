//! Around every handler, in one place: the request id, the limits of the head, panics, the bodies
//! of problems, headers that every answer has, and the figures of the route.

mod request_id;
mod tallies;

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header},
    response::IntoResponse,
};
use futures::FutureExt;
use tower::ServiceExt;
use uuid::Uuid;

use super::{
    app::Shared,
    extract::{Credentials, names, presented},
    origins,
    problem::{Code, Problem},
    routes::{Finder, Kind, ROUTES},
};
use request_id::RequestIds;
use tallies::Tallies;

/// Names a request in answers, logs and events.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) use request_id::given as given_request_id;

/// Headers that describe a body, and go with it.
const OF_THE_BODY: [HeaderName; 2] = [header::CONTENT_TYPE, header::CONTENT_LENGTH];

/// Marks an answer whose body is what it should be though its status is an error, such as a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished;

/// The whole HTTP API. Clones share it.
#[derive(Clone)]
pub struct Api {
    router: Router,
    /// The same with answers that pages of other origins may read.
    open: Router,
    front: Arc<Front>,
    /// Of the other ledgers of this process.
    others: Arc<[Self]>,
}

struct Front {
    shared: Shared,
    finder: Finder,
    tallies: Tallies,
    ids: RequestIds,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

impl Api {
    pub(super) fn new(router: Router, open: Router, shared: Shared) -> Self {
        let ids = RequestIds::new(shared.random_id());
        let front = Front { finder: Finder::new(), tallies: Tallies::new(), ids, shared };
        Self { router, open, front: Arc::new(front), others: Arc::new([]) }
    }

    /// This API, and those of other ledgers beside it: a request is answered by the ledger that knows
    /// its API key or has signed its token, an operator's by the one that it names, any other by this one.
    #[must_use]
    pub fn beside(self, others: Vec<Self>) -> Self {
        Self { others: others.into(), ..self }
    }

    /// The API of the ledger that a request concerns. Whether the credential is right is for that ledger
    /// to see; one that nobody knows gets the same answer as where there is one ledger.
    fn of(&self, headers: &HeaderMap) -> &Self {
        if self.others.is_empty() {
            return self;
        }
        let Ok(Credentials { key, token }) = presented(headers) else { return self };
        if key.is_none() && token.is_none() {
            return self;
        }
        let all = || std::iter::once(self).chain(&*self.others);
        let knows = |shared: &Shared| {
            key.is_some_and(|key| shared.identity.knows(key))
                || token.is_some_and(|token| shared.auth.tokens.knows(token))
        };
        let knowing = all().find(|api| knows(&api.front.shared));
        let named = || all().find(|api| names(headers, api.front.shared.ledger));
        knowing.or_else(named).unwrap_or(self)
    }

    /// Answers one request. Errors and panics are answers too.
    pub async fn respond(&self, request: Request<Body>) -> Response<Body> {
        self.of(request.headers()).answer(request).await
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let front = &*self.front;
        let started = front.shared.clock.monotonic();
        let route = front.finder.find(request.method(), request.uri().path());
        let id = given_request_id(request.headers()).cloned().unwrap_or_else(|| front.ids.next());
        let uri = request.uri().clone();
        let refusal = front.refuse_head(&request).or_else(|| refuse_query(route, &uri));
        let mut response = match refusal {
            Some(problem) => problem.into_response(),
            None => {
                let router = if origins::trusts(&request, &front.shared) { &self.open } else { &self.router };
                let handled = AssertUnwindSafe(router.clone().oneshot(request)).catch_unwind().await;
                handled.map_or_else(|_| panicked().into_response(), |Ok(response)| response)
            }
        };
        let code = finish_problem(&mut response, route, &uri, &id);
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        let took = front.shared.clock.monotonic().saturating_sub(started);
        front.tallies.count(route, response.status(), code, took);
        response
    }
}

impl Front {
    /// What is wrong with a head that no handler should see.
    fn refuse_head(&self, request: &Request<Body>) -> Option<Problem> {
        let (headers, options) = (request.headers(), &self.shared.options);
        if headers.len() > options.headers_max {
            let detail = format!("a request may have at most {} headers", options.headers_max);
            return Some(Problem::new(Code::HeadersTooLarge, detail));
        }
        let line = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
        // `: ` and the line break.
        let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        if line + fields.sum::<usize>() > options.head_bytes_max {
            let detail = format!("the request headers may have at most {} bytes", options.head_bytes_max);
            return Some(Problem::new(Code::HeadersTooLarge, detail));
        }
        None
    }
}

/// Who changes callers by a request with a parameter, such as `dry_run`, means something that is not
/// there: better nothing than more than was meant.
fn refuse_query(route: Option<usize>, uri: &Uri) -> Option<Problem> {
    let takes_none = ROUTES[route?].kind == Kind::Administration;
    let detail = "this route takes no parameters, no `dry_run` either; nothing was changed";
    (takes_none && uri.query().is_some()).then(|| Problem::bad_request(detail))
}

fn panicked() -> Problem {
    tracing::error!("a handler panicked");
    Problem::new(Code::Internal, "an unexpected error; the log has the request id")
}

/// Writes the body of a problem; an error that is no problem yet becomes one.
fn finish_problem(
    response: &mut Response<Body>,
    route: Option<usize>,
    uri: &Uri,
    id: &HeaderValue,
) -> Option<Code> {
    let status = response.status();
    let error = status.is_client_error() || status.is_server_error();
    if !error || response.extensions().get::<Finished>().is_some() {
        return None;
    }
    if response.extensions().get::<Problem>().is_none() {
        let replaced = std::mem::replace(response, of_status(status).into_response());
        // What the router and its layers said stays, such as the methods and the origins allowed.
        let said = replaced.headers().iter().filter(|(name, _)| !OF_THE_BODY.contains(name));
        response.headers_mut().extend(said.map(|(name, value)| (name.clone(), value.clone())));
    }
    let problem = response.extensions_mut().remove::<Problem>()?;
    let id = id.to_str().unwrap_or_default();
    // Load shedding must not become a load of log lines.
    let (path, code) = (loggable(route, uri.path()), problem.code.entry().name);
    if matches!(status, StatusCode::INTERNAL_SERVER_ERROR | StatusCode::GATEWAY_TIMEOUT) {
        tracing::warn!(request_id = id, path, code, detail = %problem.detail, "a request failed");
    } else {
        tracing::debug!(request_id = id, path, code, "a request was refused");
    }
    // The router has noted the length of the body that was not there yet.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(problem.render(uri.path(), id));
    Some(problem.code)
}

/// The path as it may be logged: who is careless puts a secret anywhere, so only the route's own words, ids
/// and numbers are told.
fn loggable(route: Option<usize>, path: &str) -> String {
    let Some(route) = route else { return "unknown".to_owned() };
    let harmless = |given: &str| given.parse::<Uuid>().is_ok() || given.parse::<u64>().is_ok();
    let told = ROUTES[route]
        .path
        .split('/')
        .zip(path.split('/'))
        .map(|(word, given)| if word.starts_with('{') && harmless(given) { given } else { word });
    told.collect::<Vec<_>>().join("/")
}

/// The problem for a bare status, as the router itself gives it.
fn of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::not_found("path"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "the header Allow lists the methods of this path")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::PayloadTooLarge, "the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(Code::UnsupportedMediaType, "send application/json")
        }
        other if other.is_client_error() => Problem::bad_request("the request could not be read"),
        _ => Problem::new(Code::Internal, "an unexpected error; the log has the request id"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    #[test]
    fn a_logged_path_tells_ids_and_nothing_else_that_was_sent() {
        let logged = |path: &str| loggable(Finder::new().find(&Method::GET, path), path);
        let user = "/v1/users/7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";
        assert_eq!(logged(user), user);
        assert_eq!(logged("/v1/users/correct-horse"), "/v1/users/{user}");
        assert_eq!(logged("/v1/nothing/correct-horse"), "unknown");
    }
}
