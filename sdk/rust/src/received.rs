//! What comes in: bytes, read as events.

use bytes::Bytes;
use events::{DecodeError, Position, Recorded};
use serde::Deserialize;

/// An event of a type that this version knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The event, typed.
    pub recorded: Recorded,
    /// The same as it is stored: what hashes and proofs are made of.
    pub bytes: Bytes,
}

/// What a message or an entry of the feed says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// An event.
    Event(Box<Received>),
    /// Something of a type that only a newer version knows. The consumer logs and acknowledges it.
    Unknown {
        /// The type's name, such as `credits.deducted.v2`.
        event_type: String,
        /// Its place in the log.
        position: Position,
        /// The document.
        bytes: Bytes,
    },
}

/// The bytes are no event: nothing will ever make them one.
#[derive(Debug, thiserror::Error)]
#[error("not an event of the ledger: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

/// What every document has, of whatever type.
#[derive(Deserialize)]
struct Header {
    position: Position,
}

impl Notice {
    /// Reads a CloudEvents document in JSON.
    ///
    /// # Errors
    /// When the bytes are none, or none with a position.
    pub fn read(bytes: Bytes) -> Result<Self, Unreadable> {
        match events::decode(&bytes) {
            Ok(recorded) => Ok(Self::Event(Box::new(Received { recorded, bytes }))),
            Err(DecodeError::UnknownType(event_type)) => {
                let Header { position } = serde_json::from_slice(&bytes)?;
                Ok(Self::Unknown { event_type, position, bytes })
            }
            Err(DecodeError::Malformed(error)) => Err(Unreadable(error)),
        }
    }

    /// Its place in the log.
    #[must_use]
    pub const fn position(&self) -> Position {
        match self {
            Self::Event(received) => received.recorded.envelope.position,
            Self::Unknown { position, .. } => *position,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_tomorrow_is_unknown_and_no_fault() {
        let text = r#"{"type":"credits.deducted.v2","position":"7","data":{},"subject":"moon/1"}"#;
        let notice = Notice::read(Bytes::from_static(text.as_bytes())).expect("a notice");
        assert_eq!(notice.position(), Position(7));
        assert!(matches!(notice, Notice::Unknown { event_type, bytes, .. }
            if event_type == "credits.deducted.v2" && bytes == text));
    }

    #[test]
    fn what_is_no_event_is_unreadable() {
        for text in ["", "[]", "{}", r#"{"type":"credits.deducted.v2","data":{}}"#, "\u{0}"] {
            assert!(Notice::read(Bytes::from_static(text.as_bytes())).is_err(), "{text}");
        }
    }
}
