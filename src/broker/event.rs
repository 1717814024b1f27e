//! What the relay needs of an event: its attributes, borrowed from the stored bytes. They are never
//! decoded whole: an event of a version that only newer programs know is passed on like any other.

use std::borrow::Cow;

use events::{AppId, MAX_EVENT_BYTES, OrgId, Subject, Time, UserId};
use projections::{Occurrence, Whose};
use serde::Deserialize;

/// The attributes of a stored event.
#[derive(Debug, Deserialize)]
pub struct EventHead<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The ledger it is of.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// Its type, such as `credits.deducted.v1`.
    #[serde(rename = "type", borrow)]
    pub event_type: Cow<'a, str>,
    /// What it is about, as it is written.
    #[serde(borrow)]
    pub subject: Cow<'a, str>,
    /// When it was made, as it is written.
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    /// The organization it belongs to.
    #[serde(default)]
    pub org: Option<OrgId>,
    /// The app that acted.
    #[serde(default)]
    pub app: Option<AppId>,
    /// The user who joined or left the group that it is about.
    #[serde(skip)]
    pub member: Option<UserId>,
    /// The wallet's sequence.
    #[serde(borrow, default)]
    pub accountseq: Option<Cow<'a, str>>,
    /// The caller's request id.
    #[serde(borrow, default)]
    pub correlationid: Option<Cow<'a, str>>,
    /// The caller's trace context.
    #[serde(borrow, default)]
    pub traceparent: Option<Cow<'a, str>>,
}

impl<'a> EventHead<'a> {
    /// Reads the attributes.
    ///
    /// # Errors
    /// Why these bytes can't be relayed as an event.
    pub fn read(body: &'a [u8]) -> Result<Self, String> {
        if body.len() > MAX_EVENT_BYTES {
            return Err(format!("{} bytes are more than an event may have", body.len()));
        }
        let mut head: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if Whose::is_told_by(&head.event_type) {
            let whose: Whose = serde_json::from_slice(body).map_err(|error| error.to_string())?;
            head.member = whose.user();
        }
        Ok(head)
    }

    /// Who is told of it follows from this.
    ///
    /// # Errors
    /// When its subject or its time is none.
    pub fn occurrence(&self) -> Result<Occurrence, String> {
        let subject = Subject::parse(&self.subject);
        Ok(Occurrence {
            org: self.org,
            app: self.app,
            subject: subject.ok_or_else(|| format!("unknown subject {:?}", self.subject))?,
            member: self.member,
            is_auth: self.is_auth(),
            time: self.time.parse::<Time>().map_err(|error| format!("time: {error}"))?,
        })
    }

    /// Whether it is a fact about who may call.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.event_type.starts_with("auth.")
    }
}
