//! `GET /v1/events`: the log itself, for whoever follows the ledger. One answer at a time, waiting
//! when there is nothing yet, or a stream of server-sent events.

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::Response,
};
use events::{OrgId, Position, WalletId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    app::Shared,
    extract::{Caller, Params, scope, seconds},
    positions::WAIT_MAX_S,
    problem::{self, Code, Problem},
    stream,
};
use crate::{
    feed::{FeedError, FeedPage, FeedQuery, LIMIT_MAX, Told, TypeFilter},
    identity::Scope,
    read::PeopleQuery,
};

/// Where to go on: pass it as `after`.
const NEXT: HeaderName = HeaderName::from_static("x-ledger-next");
/// The number of events in the log.
const HEAD: HeaderName = HeaderName::from_static("x-ledger-head");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const BATCH: HeaderValue = HeaderValue::from_static("application/cloudevents-batch+json");
const LIMIT_DEFAULT: usize = 100;

/// Which events are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventFilters {
    /// Only events after this position; from the first event on, when absent.
    after: Option<u64>,
    /// Only of these types, between commas: names such as `credits.deducted.v1` or prefixes such as
    /// `credits.*`.
    types: Option<String>,
    /// Only about this wallet.
    #[param(value_type = Option<String>, format = "uuid")]
    wallet: Option<WalletId>,
    /// At most so many, 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// How many seconds to wait while there is nothing, 0 to 30; 0 when absent.
    wait: Option<u32>,
    /// With `app`, exactly the events of which the calling app is told by messages, whatever its key
    /// allows: that is how a gap between messages is filled.
    #[param(inline)]
    audience: Option<Audience>,
}

/// Whose events are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Audience {
    /// Those of which the calling app is told.
    App,
}

impl EventFilters {
    fn query(
        &self,
        org: Option<OrgId>,
        identity: bool,
        resume: Option<Position>,
    ) -> Result<FeedQuery, Problem> {
        let types = self.types.iter().flat_map(|types| types.split(','));
        let types = types.map(|name| name.trim().parse::<TypeFilter>());
        let types: Result<Vec<_>, _> = types.collect();
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::bad_request(format!("`limit` is 1 to {LIMIT_MAX}")));
        }
        Ok(FeedQuery {
            org,
            identity,
            after: resume.or(self.after.map(Position)).filter(|after| after.get() < u64::MAX),
            types: types.map_err(|unknown| Problem::bad_request(format!("`types`: {unknown}")))?,
            wallet: self.wallet,
            told: None,
            limit,
        })
    }
}

/// How the events are asked for.
#[derive(Debug)]
pub(super) struct Delivery {
    /// As a stream of server-sent events.
    streamed: bool,
    /// The last event that a reconnecting stream has seen.
    resume: Option<Position>,
}

impl FromRequestParts<Shared> for Delivery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let resume =
            parts.headers.get(LAST_EVENT_ID).map(|value| value.to_str().ok().and_then(|id| id.parse().ok()));
        let malformed = || Problem::bad_request("Last-Event-ID is no position");
        let resume = resume.map(|position| position.ok_or_else(malformed)).transpose()?;
        Ok(Self { streamed: accepts_stream(&parts.headers), resume })
    }
}

fn accepts_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|part| part.split(';').next().unwrap_or_default().trim() == "text/event-stream")
}

/// Follows the ledger: its events as they are stored, in order, each one once.
///
/// Only the events of the caller's organization, and of the own wallet for a customer; facts about apps and keys only for `admin`. The
/// scope `events:read` is needed, except with `audience=app`. With
/// `Accept: text/event-stream` as a stream, where `id` is the position.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", operation_id = "follow_events",
    params(
        EventFilters,
        ("Accept" = Option<String>, Header, description = "`text/event-stream` for a stream of server-sent events"),
        ("Last-Event-ID" = Option<String>, Header, description = "Where a reconnecting stream goes on; wins over `after`"),
    ),
    responses((
        status = 200, description = "A CloudEvents batch (a JSON array, possibly empty), or a stream",
        content((Vec<Object> = "application/cloudevents-batch+json"), (String = "text/event-stream")),
        headers(
            ("X-Ledger-Next" = String, description = "Pass as `after` to go on; absent before the first event"),
            ("X-Ledger-Head" = String, description = "The number of events in the log"),
        ),
    )),
)]
pub(super) async fn follow(
    State(shared): State<Shared>,
    caller: Caller<scope::AnyKey>,
    delivery: Delivery,
    Params(filters): Params<EventFilters>,
) -> Result<Response, Problem> {
    let told = match filters.audience {
        Some(Audience::App) => {
            caller.must_reach_all()?;
            Some(told(&shared, &caller).await?)
        }
        None => {
            caller.must_have(Scope::EventsRead)?;
            None
        }
    };
    let wallet = caller.or_own(filters.wallet);
    if let Some(wallet) = wallet {
        caller.must_reach(&shared, wallet)?;
    }
    let query = filters.query(Some(caller.org), caller.administers || told.is_some(), delivery.resume)?;
    let query = FeedQuery { told, wallet, ..query };
    if delivery.streamed {
        return Ok(stream::open(shared, query, caller));
    }
    let wait = seconds(filters.wait, 0, WAIT_MAX_S);
    Ok(batch(&shared.feed.follow(&query, wait, &shared.stopping).await?))
}

/// What the calling app is told of.
async fn told(shared: &Shared, caller: &Caller<scope::AnyKey>) -> Result<Told, Problem> {
    let nobody = || Problem::bad_request("`audience=app` is for apps: an operator is told of nothing");
    let app = caller.app.ok_or_else(nobody)?;
    let rows = shared.reads.identity(PeopleQuery::GrantedTo(app)).await?;
    Ok(Told::new(app, rows.as_of, &rows.keys, &rows.people))
}

/// The stored bytes between brackets and commas, never encoded again.
fn batch(page: &FeedPage) -> Response {
    let room = page.events.iter().map(|event| event.body.len() + 1).sum::<usize>() + 2;
    let mut body = Vec::with_capacity(room);
    body.push(b'[');
    for (index, event) in page.events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&event.body);
    }
    body.push(b']');
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, BATCH);
    headers.insert(HEAD, page.head.get().into());
    if let Some(after) = page.after() {
        headers.insert(NEXT, after.get().into());
    }
    response
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Log(error) => error.into(),
            FeedError::Malformed { .. } => {
                tracing::error!(%error, "the feed met an event that it cannot read");
                Self::new(Code::Internal, problem::UNREADABLE_EVENT)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_opened_only_for_who_accepts_it() {
        let accepts = |value| {
            accepts_stream(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]))
        };
        assert!(accepts("text/event-stream") && accepts("text/html, text/event-stream;q=0.9"));
        assert!(!accepts("application/json") && !accepts("*/*") && !accepts_stream(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_batch_is_the_stored_bytes_between_brackets() {
        let event = |position, body: &'static str| crate::feed::FeedEvent {
            position: Position(position),
            event_type: "credits.deducted.v1".into(),
            body: bytes::Bytes::from_static(body.as_bytes()),
        };
        let events = vec![event(3, "{\"a\": 1}"), event(5, "{}")];
        let response = batch(&FeedPage { events, next: Position(9), head: Position(12) });
        assert_eq!(response.headers()[NEXT], "8");
        assert_eq!(response.headers()[HEAD], "12");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        assert_eq!(body.expect("a body"), "[{\"a\": 1},{}]");
    }
}
