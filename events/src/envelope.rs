//! The envelope: CloudEvents 1.0 in JSON, with the ledger's extension attributes.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{self, IgnoredAny, MapAccess},
};
use uuid::Uuid;

use crate::{
    AppId, CommandId, Event, EventId, EventType, GroupId, LedgerId, OrgId, Position, Salt, Time, UserId,
    WalletId, canonical, upcast,
};

/// The longest event, in bytes: entries of a transparency log have 16-bit lengths (C2SP tlog-tiles).
pub const MAX_EVENT_BYTES: usize = 65_535;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `wallet/<uuid>`
    Wallet(WalletId),
    /// `organization/<uuid>`
    Organization(OrgId),
    /// `app/<uuid>`
    App(AppId),
    /// `user/<uuid>`
    User(UserId),
    /// `group/<uuid>`
    Group(GroupId),
    /// `ledger/<uuid>`
    Ledger(LedgerId),
}

/// Everything about an event but its data. Attribute names are those of the JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `id`: UUIDv5 of the command id and the event's index in the command.
    pub id: EventId,
    /// `source`: `/ledgers/<uuid>`.
    pub ledger: LedgerId,
    /// `subject`: what the event is about.
    pub subject: Subject,
    /// `time`: the writer's stamp; each is later than the one before.
    pub time: Time,
    /// `org`: the organization it belongs to; absent on the ledger's own events.
    pub org: Option<OrgId>,
    /// `app`: the app that acted; absent when an operator did.
    pub app: Option<AppId>,
    /// `actor`: who acted, when that was not the app itself.
    pub actor: Option<Box<str>>,
    /// `position`: the event's place in the log.
    pub position: Position,
    /// `accountseq`: how many events have changed the wallet, this one included; checks and
    /// refusals carry the number they saw.
    pub account_seq: Option<u64>,
    /// `previous`: the wallet's event before this one; absent on its first.
    pub previous: Option<Position>,
    /// `correlationid`: the caller's request id, when it sent one.
    pub correlation: Option<Box<str>>,
    /// `causationid`: the command that this event is an outcome of.
    pub causation: CommandId,
    /// `traceparent`: the caller's W3C trace context, when it sent one.
    pub traceparent: Option<Box<str>>,
    /// `salt`: random, so that the event's hash cannot be guessed.
    pub salt: Salt,
}

/// A stored event, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Everything but the data.
    pub envelope: Envelope,
    /// What happened.
    pub event: Event,
}

impl Recorded {
    /// The wallet that the event is about, if it is about one.
    #[must_use]
    pub const fn wallet(&self) -> Option<WalletId> {
        match self.envelope.subject {
            Subject::Wallet(wallet) => Some(wallet),
            Subject::Organization(_)
            | Subject::App(_)
            | Subject::User(_)
            | Subject::Group(_)
            | Subject::Ledger(_) => None,
        }
    }
}

/// Why an event cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Longer than [`MAX_EVENT_BYTES`].
    #[error("the event has {bytes} bytes, more than {MAX_EVENT_BYTES}")]
    TooLarge {
        /// How long it would have been.
        bytes: usize,
    },
    /// Not representable as JSON.
    #[error("the event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Why stored bytes are no event. A reader that meets one stops: a ledger skips nothing.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A type or version that this program does not know; a newer one wrote it.
    #[error("unknown event type {0}; a newer version of credit-ledger wrote it")]
    UnknownType(String),
    /// Not an event.
    #[error("not an event: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Appends the event's JSON to `buffer`, without any space or line break.
///
/// # Errors
/// When the event is too long; `buffer` is then as before.
pub fn encode(envelope: &Envelope, event: &Event, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = buffer.len();
    let written = canonical::write(envelope, event, buffer);
    let bytes = buffer.len() - start;
    if written.is_err() || bytes > MAX_EVENT_BYTES {
        buffer.truncate(start);
    }
    written?;
    if bytes > MAX_EVENT_BYTES { Err(EncodeError::TooLarge { bytes }) } else { Ok(()) }
}

/// Reads stored bytes of any version.
///
/// # Errors
/// When the bytes are no event, or one of an unknown type or version.
pub fn decode(bytes: &[u8]) -> Result<Recorded, DecodeError> {
    // Today's types are read in one pass; everything else goes through the upcasters. Checking the
    // encoding once is quicker than checking each string.
    let read = match str::from_utf8(bytes) {
        Ok(text) => match canonical::read(text) {
            Some(recorded) => return Ok(recorded),
            None => serde_json::from_str::<Recorded>(text),
        },
        Err(_) => serde_json::from_slice(bytes),
    };
    read.or_else(|error| upcast::decode(bytes, error))
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(id) => write!(f, "wallet/{id}"),
            Self::Organization(id) => write!(f, "organization/{id}"),
            Self::App(id) => write!(f, "app/{id}"),
            Self::User(id) => write!(f, "user/{id}"),
            Self::Group(id) => write!(f, "group/{id}"),
            Self::Ledger(id) => write!(f, "ledger/{id}"),
        }
    }
}

impl Subject {
    /// Reads `wallet/<uuid>` and the like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('/')?;
        let id = Uuid::try_parse(id).ok()?;
        match kind {
            "wallet" => Some(Self::Wallet(WalletId(id))),
            "organization" => Some(Self::Organization(OrgId(id))),
            "app" => Some(Self::App(AppId(id))),
            "user" => Some(Self::User(UserId(id))),
            "group" => Some(Self::Group(GroupId(id))),
            "ledger" => Some(Self::Ledger(LedgerId(id))),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Recorded {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordedVisitor)
    }
}

struct RecordedVisitor;

/// The attributes read so far.
#[derive(Default)]
struct Attributes<'de> {
    id: Option<EventId>,
    source: Option<Cow<'de, str>>,
    event_type: Option<EventType>,
    subject: Option<Cow<'de, str>>,
    time: Option<Time>,
    org: Option<OrgId>,
    app: Option<AppId>,
    actor: Option<Box<str>>,
    position: Option<Position>,
    account_seq: Option<Position>,
    previous: Option<Position>,
    correlation: Option<Box<str>>,
    causation: Option<CommandId>,
    traceparent: Option<Box<str>>,
    salt: Option<Salt>,
    event: Option<Event>,
}

impl<'de> de::Visitor<'de> for RecordedVisitor {
    type Value = Recorded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvents document of the ledger")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Recorded, A::Error> {
        let mut read = Attributes::default();
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "id" => read.id = Some(map.next_value()?),
                "source" => read.source = Some(map.next_value::<Text<'de>>()?.0),
                "type" => read.event_type = Some(known_type(&map.next_value::<Text<'de>>()?.0)?),
                "subject" => read.subject = Some(map.next_value::<Text<'de>>()?.0),
                "time" => read.time = Some(map.next_value()?),
                "org" => read.org = Some(map.next_value()?),
                "app" => read.app = Some(map.next_value()?),
                "actor" => read.actor = Some(map.next_value()?),
                "position" => read.position = Some(map.next_value()?),
                "accountseq" => read.account_seq = Some(map.next_value()?),
                "previous" => read.previous = Some(map.next_value()?),
                "correlationid" => read.correlation = Some(map.next_value()?),
                "causationid" => read.causation = Some(map.next_value()?),
                "traceparent" => read.traceparent = Some(map.next_value()?),
                "salt" => read.salt = Some(map.next_value()?),
                "data" => {
                    let event_type =
                        read.event_type.ok_or_else(|| de::Error::custom("`data` before `type`"))?;
                    read.event = Some(map.next_value_seed(event_type)?);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        read.finish()
    }
}

fn known_type<E: de::Error>(name: &str) -> Result<EventType, E> {
    EventType::parse(name).ok_or_else(|| E::custom("not a type of today"))
}

impl Attributes<'_> {
    fn finish<E: de::Error>(self) -> Result<Recorded, E> {
        let missing = E::missing_field;
        let source = self.source.ok_or_else(|| missing("source"))?;
        let subject = self.subject.ok_or_else(|| missing("subject"))?;
        let ledger = source.strip_prefix("/ledgers/").and_then(|id| id.parse().ok());
        let envelope = Envelope {
            id: self.id.ok_or_else(|| missing("id"))?,
            ledger: ledger.ok_or_else(|| E::custom("`source` names no ledger"))?,
            subject: Subject::parse(&subject).ok_or_else(|| E::custom("unknown `subject`"))?,
            time: self.time.ok_or_else(|| missing("time"))?,
            org: self.org,
            app: self.app,
            actor: self.actor,
            position: self.position.ok_or_else(|| missing("position"))?,
            account_seq: self.account_seq.map(Position::get),
            previous: self.previous,
            correlation: self.correlation,
            causation: self.causation.ok_or_else(|| missing("causationid"))?,
            traceparent: self.traceparent,
            salt: self.salt.ok_or_else(|| missing("salt"))?,
        };
        Ok(Recorded { envelope, event: self.event.ok_or_else(|| missing("data"))? })
    }
}

/// A string, borrowed from the input when it has no escapes.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Either)
    }
}
