//! Events that can't become messages. They are recorded and answered with a stub that points at the
//! feed: one bad event must not keep the others from everybody.

use bytes::Bytes;
use events::{AppId, Position, Time};
use serde_json::json;

use super::message::{Message, Placed};

/// The type of a stub. It is no event of the log, so it has no schema among those.
pub(super) const STUB_TYPE: &str = "ledger.event_quarantined.v1";

/// A stub for one app, or, when nobody can be told, for the audit queue alone.
pub(super) fn stub(app: Option<AppId>, at: Placed, prev: Option<Position>, reason: &str) -> Message {
    let position = at.position;
    let id = format!("quarantined-{position}");
    let after = position.get().checked_sub(1).map(|after| format!("after={after}&")).unwrap_or_default();
    let document = json!({
        "specversion": "1.0", "id": id, "source": "/relay", "type": STUB_TYPE,
        "subject": format!("position/{position}"), "time": at.time.to_string(), "position": position,
        "data": { "reason": reason, "feed": format!("/v1/events?{after}limit=1") },
    });
    let mut headers = vec![
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", id.clone()),
        ("ce-type", STUB_TYPE.to_owned()),
        ("position", position.to_string()),
        ("epoch", at.epoch.to_string()),
    ];
    headers.extend(prev.map(|prev| ("prev", prev.to_string())));
    let receiver = app.map_or_else(|| "nobody".to_owned(), |app| app.to_string());
    Message {
        position,
        routing_key: format!("ledger.{receiver}.event.quarantined"),
        id,
        event_type: STUB_TYPE.to_owned(),
        correlation: None,
        time: at.time,
        headers,
        body: Bytes::from(document.to_string()),
    }
}

/// The moment that a stub bears when its event tells none.
pub(super) fn unknown_time() -> Time {
    Time::from_micros(0)
}
