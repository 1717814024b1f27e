//! Events as a stream of server-sent events (HTML Living Standard, section 9.2).

use std::{fmt::Write as _, io, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::Response,
};
use futures::stream;

use super::{
    app::Shared,
    extract::{Caller, scope},
};
use crate::feed::{FeedEvent, FeedQuery};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// How long nothing is sent before a comment shows that the stream is alive.
const QUIET_MAX: Duration = Duration::from_secs(15);

/// A stream of the events that match, from where the query starts, until the client goes, what it showed is
/// no longer accepted, or the service stops.
pub(super) fn open(shared: Shared, query: FeedQuery, caller: Caller<scope::AnyKey>) -> Response {
    let chunks = stream::try_unfold((shared, query, caller), |(shared, mut query, caller)| async move {
        let page = shared.feed.follow(&query, QUIET_MAX, &shared.stopping).await.map_err(io::Error::other)?;
        let over = page.events.is_empty() && shared.stopping.is_cancelled();
        // A group may have been left meanwhile.
        let reaches = query.wallet.is_none_or(|wallet| caller.reaches(&shared, wallet));
        if over || !reaches || !caller.is_still_let(&shared) {
            return Ok::<_, io::Error>(None);
        }
        query.after = page.after();
        Ok(Some((chunk(&page.events), (shared, query, caller))))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(header::CONTENT_TYPE, EVENT_STREAM);
    response
}

fn chunk(events: &[FeedEvent]) -> Bytes {
    if events.is_empty() {
        return Bytes::from_static(b": still here\n\n");
    }
    let mut text = String::with_capacity(events.iter().map(|event| event.body.len() + 64).sum());
    for event in events {
        // A stored event is JSON on one line, as the format asks.
        let data = str::from_utf8(&event.body).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", event.position, event.event_type);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Position;

    #[test]
    fn an_event_has_its_position_type_and_bytes() {
        let event = FeedEvent {
            position: Position(7),
            event_type: "credits.deducted.v1".into(),
            body: Bytes::from_static(b"{\"a\":1}"),
        };
        assert_eq!(chunk(&[event]), "id: 7\nevent: credits.deducted.v1\ndata: {\"a\":1}\n\n");
        assert_eq!(chunk(&[]), ": still here\n\n");
    }
}
