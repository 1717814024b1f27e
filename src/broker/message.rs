//! A stored event as a message for one app.

use bytes::Bytes;
use events::{AppId, Position, Time};

use super::event::EventHead;

/// The media type of every message.
pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json";
/// AMQP 0-9-1: a routing key is a short string.
const KEY_BYTES_MAX: usize = 255;

/// One message: an event and the app it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The event's place in the log.
    pub position: Position,
    /// `<domain>.<app>.<entity>.<verb>`.
    pub routing_key: String,
    /// The event's id: a repetition has the same.
    pub id: String,
    /// The event's type, version included.
    pub event_type: String,
    /// The caller's request id, when it sent one.
    pub correlation: Option<String>,
    /// When the event was made.
    pub time: Time,
    /// Headers, all strings.
    pub headers: Vec<(&'static str, String)>,
    /// The stored CloudEvents document, unchanged.
    pub body: Bytes,
}

impl Message {
    /// The event for this app, `prev` being the app's event before it.
    pub(super) fn new(
        head: &EventHead<'_>,
        key: &RoutingKey<'_>,
        at: Placed,
        app: AppId,
        prev: Option<Position>,
        body: Bytes,
    ) -> Self {
        let mut headers = vec![
            ("ce-specversion", "1.0".to_owned()),
            ("ce-id", head.id.clone().into_owned()),
            ("ce-type", head.event_type.clone().into_owned()),
            ("ce-source", head.source.clone().into_owned()),
            ("ce-subject", head.subject.clone().into_owned()),
            ("ce-time", head.time.clone().into_owned()),
            ("position", at.position.to_string()),
            ("epoch", at.epoch.to_string()),
        ];
        headers.extend(head.accountseq.as_ref().map(|seq| ("accountseq", seq.clone().into_owned())));
        headers.extend(prev.map(|prev| ("prev", prev.to_string())));
        headers.extend(head.traceparent.as_ref().map(|trace| ("traceparent", trace.clone().into_owned())));
        Self {
            position: at.position,
            routing_key: key.of(app),
            id: head.id.clone().into_owned(),
            event_type: head.event_type.clone().into_owned(),
            correlation: head.correlationid.as_ref().map(|id| id.clone().into_owned()),
            time: at.time,
            headers,
            body,
        }
    }

    /// What the window counts: the body, and roughly what headers and properties add.
    pub(super) fn bytes(&self) -> usize {
        self.body.len() + 512
    }
}

/// Where and when an event was stored, and under which epoch it is relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) position: Position,
    pub(super) time: Time,
    pub(super) epoch: u64,
}

/// The routing key of a type, without the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoutingKey<'a> {
    domain: &'a str,
    rest: String,
}

impl<'a> RoutingKey<'a> {
    /// `credits.deduction_rolled_back.v1` becomes `credits` and `deduction.rolled.back`.
    ///
    /// # Errors
    /// When the type has no such form or makes too long a key.
    pub(super) fn of_type(event_type: &'a str) -> Result<Self, String> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b))
        };
        let parts = event_type.split_once('.').and_then(|(domain, rest)| {
            let (rest, version) = rest.rsplit_once(".v")?;
            let is_version = version.parse::<u32>().is_ok();
            (is_version && plain(domain) && plain(rest)).then_some((domain, rest))
        });
        let (domain, rest) = parts.ok_or_else(|| format!("the type {event_type:?} makes no routing key"))?;
        let key = Self { domain, rest: rest.replace('_', ".") };
        let bytes = key.of(AppId(uuid::Uuid::nil())).len();
        if bytes > KEY_BYTES_MAX {
            return Err(format!("the type makes a routing key of {bytes} bytes"));
        }
        Ok(key)
    }

    /// The whole key.
    pub(super) fn of(&self, app: AppId) -> String {
        format!("{}.{app}.{}", self.domain, self.rest)
    }

    /// The key with `{app}` where the app's id stands.
    pub(super) fn pattern(&self) -> String {
        format!("{}.{{app}}.{}", self.domain, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(event_type: &str) -> Result<String, String> {
        RoutingKey::of_type(event_type).map(|key| key.of(AppId(uuid::Uuid::from_u128(7))))
    }

    #[test]
    fn keys_follow_types() {
        for known in events::EventType::ALL {
            let key = key(known.as_str()).expect("a key");
            let parts: Vec<_> = key.split('.').collect();
            assert!(parts.len() >= 3 && known.as_str().starts_with(parts[0]), "{key}");
            assert_eq!(parts[1], "00000000-0000-0000-0000-000000000007");
        }
        let low = key("wallet.balance_low.v12").expect("a key of a version to come");
        assert_eq!(low, "wallet.00000000-0000-0000-0000-000000000007.balance.low");
    }

    #[test]
    fn what_is_no_type_makes_no_key() {
        let long = format!("credits.{}.v1", "x".repeat(250));
        for text in ["", "credits", "credits.v1", "credits.deducted", "a.#.v1", "*.b.v1", ".b.v1", &long] {
            assert!(key(text).is_err(), "{text}");
        }
    }
}
