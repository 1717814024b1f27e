//! What a filter needs of an event: a few attributes, borrowed from the stored bytes. A whole
//! decode would cost several times as much and say nothing more.

use std::borrow::Cow;

use events::{Position, UserId};
use projections::Whose;
use serde::Deserialize;

use super::FeedError;

/// An event's type and subject, whose it is, who acted, and when.
#[derive(Debug, Deserialize)]
pub(super) struct Header<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) event_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) subject: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) org: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) app: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) time: Option<Cow<'a, str>>,
    /// The user who joined or left the group that it is about.
    #[serde(skip)]
    pub(super) member: Option<UserId>,
}

impl<'a> Header<'a> {
    /// Reads the attributes of the event stored at `position`.
    pub(super) fn read(position: Position, body: &'a [u8]) -> Result<Self, FeedError> {
        let malformed =
            |detail: serde_json::Error| FeedError::Malformed { position, detail: detail.to_string() };
        let mut header: Self = serde_json::from_slice(body).map_err(malformed)?;
        if Whose::is_told_by(&header.event_type) {
            header.member = serde_json::from_slice::<Whose>(body).map_err(malformed)?.user();
        }
        Ok(header)
    }
}
