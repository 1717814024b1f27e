//! Events as the store takes them.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    vec,
};

use bytes::Bytes;
use eventstore::EventData;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::log::{AppendError, Bodies};

/// The most that the store takes in one append, as it is delivered (`MaxAppendSize`).
pub(super) const STORE_APPEND_BYTES_MAX: usize = 1 << 20;

/// What the store keeps of an event beside its bytes and its type.
const ID_BYTES: usize = 16;

/// Of what is no CloudEvents event.
const OTHER_TYPE: &str = "event";

/// Longer ones would take room that [`super::MAX_APPEND_BYTES`] doesn't leave.
const TYPE_BYTES_MAX: usize = 40;

/// The names of events by their bytes. Never change it: an append that is repeated must look the same.
const NAMES: Uuid = Uuid::from_u128(0x8f14_27a3_5c0e_4d1b_9a66_2f0b_71c3_e58d);

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
}

/// The store's name for an event: not the CloudEvents id, because the store answers an append with success
/// when it already has events of these names in this place, whatever their bytes are.
fn id(body: &[u8]) -> Uuid {
    Uuid::new_v5(&NAMES, body)
}

/// The event's own type, for those who look into the store. `$` is for types of the store's own.
fn type_of(body: &[u8]) -> Cow<'_, str> {
    match serde_json::from_slice(body) {
        Ok(Header { event_type })
            if (1..=TYPE_BYTES_MAX).contains(&event_type.len()) && !event_type.starts_with('$') =>
        {
            event_type
        }
        _ => OTHER_TYPE.into(),
    }
}

/// What the store counts of an event beside its bytes; it writes types in UTF-16.
fn framing(event_type: &str) -> usize {
    ID_BYTES + 2 * event_type.len()
}

/// The event with exactly these bytes, as JSON when it is.
fn proposed(body: &[u8], event_type: &str) -> EventData {
    let json = serde_json::from_slice::<&RawValue>(body).ok().filter(|raw| raw.get().len() == body.len());
    let event = match json.map(|raw| EventData::json(event_type, &raw)) {
        Some(Ok(event)) => event,
        Some(Err(_)) | None => EventData::binary(event_type, Bytes::copy_from_slice(body)),
    };
    event.id(id(body))
}

/// The group as the store takes it.
pub(super) fn of(group: &Bodies) -> Result<Vec<EventData>, AppendError> {
    let mut bytes = 0;
    let mut events = Vec::with_capacity(group.len());
    for body in group.iter() {
        let event_type = type_of(body);
        bytes += body.len() + framing(&event_type);
        events.push(proposed(body, &event_type));
    }
    if bytes > STORE_APPEND_BYTES_MAX {
        return Err(AppendError::TooLarge { bytes, limit: STORE_APPEND_BYTES_MAX });
    }
    Ok(events)
}

/// Events on their way, which tell when the client has taken all of them.
///
/// The store reads a request to its end before it does anything, and the client ends it only when these
/// have ended. So a request that failed before was surely not carried out.
pub(super) struct Sending {
    events: vec::IntoIter<EventData>,
    ended: Arc<AtomicBool>,
}

/// Whether the whole of a request may have left.
pub(super) struct MayHaveLeft(Arc<AtomicBool>);

impl Sending {
    pub(super) fn new(events: Vec<EventData>) -> (Self, MayHaveLeft) {
        let ended = Arc::new(AtomicBool::new(false));
        (Self { events: events.into_iter(), ended: Arc::clone(&ended) }, MayHaveLeft(ended))
    }
}

impl Iterator for Sending {
    type Item = EventData;

    fn next(&mut self) -> Option<EventData> {
        let next = self.events.next();
        if next.is_none() {
            self.ended.store(true, Ordering::Release);
        }
        next
    }
}

impl MayHaveLeft {
    /// Meaningful once the request has failed.
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn golden() -> Vec<Vec<u8>> {
        let types = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/events/golden")).unwrap();
        let files = types.flat_map(|kind| fs::read_dir(kind.unwrap().path()).unwrap());
        files.map(|file| fs::read(file.unwrap().path()).unwrap().trim_ascii().to_vec()).collect()
    }

    #[test]
    fn full_groups_of_real_events_fit_the_store() {
        let events = golden();
        assert!(events.len() > 50);
        for body in events {
            let event_type = type_of(&body);
            assert_ne!(event_type, OTHER_TYPE);
            let room = STORE_APPEND_BYTES_MAX - super::super::MAX_APPEND_BYTES;
            assert!(
                framing(&event_type) * super::super::MAX_APPEND_BYTES <= body.len() * room,
                "{event_type}"
            );
        }
    }

    #[test]
    fn types_that_the_store_would_misread_are_not_used() {
        assert_eq!(type_of(br#"{"id":"1","type":"credits.deducted.v1"}"#), "credits.deducted.v1");
        for other in [r#"{"type":"$>"}"#, r#"{"type":""}"#, r#"{"type":7}"#, r#"{"id":"1"}"#, "no JSON"] {
            assert_eq!(type_of(other.as_bytes()), OTHER_TYPE, "{other}");
        }
    }

    #[test]
    fn an_event_is_named_by_its_bytes_for_ever() {
        assert_eq!(id(b"{}").to_string(), "5d04fea5-666f-5c2a-80aa-9fcaf7846671");
        assert_ne!(id(b"{}"), id(b"{} "));
    }

    #[test]
    fn it_is_known_whether_a_request_was_taken_whole() {
        let group: Bodies = ["a", "b"].into_iter().collect();
        let (mut sending, left) = Sending::new(of(&group).unwrap());
        assert!(sending.next().is_some() && sending.next().is_some());
        assert!(!left.get());
        assert!(sending.next().is_none());
        assert!(left.get());
    }

    #[test]
    fn a_group_that_the_store_would_refuse_is_not_sent() {
        let group: Bodies = std::iter::repeat_n(b"a", 50_000).collect();
        let refused = of(&group).map(|events| events.len());
        let bytes = 50_000 * (1 + framing(OTHER_TYPE));
        assert_eq!(refused, Err(AppendError::TooLarge { bytes, limit: STORE_APPEND_BYTES_MAX }));
    }
}
