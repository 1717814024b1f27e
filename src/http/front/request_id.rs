//! Request ids: the caller's own, or a new one.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use super::REQUEST_ID;

/// The longest request id that is taken over, in bytes.
const LENGTH_MAX: usize = 128;

/// The caller's request id, when it is short and of visible ASCII.
pub(in crate::http) fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let visible = id.as_bytes().iter().all(u8::is_ascii_graphic);
    ((1..=LENGTH_MAX).contains(&id.len()) && visible).then_some(id)
}

/// Draws ids that no other process and no other request has.
#[derive(Debug)]
pub(super) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Starts at a random id, so that nothing has to be drawn for each request.
    pub(super) fn new(start: Uuid) -> Self {
        let (process, next) = start.as_u64_pair();
        Self { process, next: AtomicU64::new(next) }
    }

    pub(super) fn next(&self) -> HeaderValue {
        let id = Uuid::from_u64_pair(self.process, self.next.fetch_add(1, Relaxed));
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = id.hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_over(id: &[u8]) -> bool {
        let value = HeaderValue::from_bytes(id).expect("a header value");
        given(&HeaderMap::from_iter([(REQUEST_ID, value)])).is_some()
    }

    #[test]
    fn only_visible_ascii_of_moderate_length_is_taken_over() {
        assert!(taken_over(b"a") && taken_over(&[b'x'; 128]));
        for id in [b"".as_slice(), &[b'x'; 129], b"a b", b"\xc3\xa9"] {
            assert!(!taken_over(id), "{id:?}");
        }
    }

    #[test]
    fn drawn_ids_differ() {
        let ids = RequestIds::new(Uuid::from_u128(7));
        assert_ne!(ids.next(), ids.next());
        assert_eq!(ids.next().len(), 36);
    }
}
