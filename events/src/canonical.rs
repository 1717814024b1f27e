//! The one form in which [`encode`](crate::encode) writes an event: attributes in order, no spaces. Nearly
//! every stored event has it, and knowing what comes next halves the work of writing and of reading it.

use std::str::FromStr;

use serde::{Serialize, de::DeserializeSeed};
use uuid::Uuid;

use crate::{Envelope, Event, EventType, Position, Recorded, Subject};

/// Appends the event: attributes in this order, `type` before `data`, because readers rely on it.
pub(crate) fn write(e: &Envelope, event: &Event, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    id(out, r#"{"specversion":"1.0","id":""#, e.id.0);
    id(out, r#","source":"/ledgers/"#, e.ledger.0);
    plain(out, r#","type":""#, event.event_type().as_str());
    match e.subject {
        Subject::Wallet(wallet) => id(out, r#","subject":"wallet/"#, wallet.0),
        Subject::Organization(org) => id(out, r#","subject":"organization/"#, org.0),
        Subject::App(app) => id(out, r#","subject":"app/"#, app.0),
        Subject::User(user) => id(out, r#","subject":"user/"#, user.0),
        Subject::Group(group) => id(out, r#","subject":"group/"#, group.0),
        Subject::Ledger(ledger) => id(out, r#","subject":"ledger/"#, ledger.0),
    }
    json(out, r#","time":"#, Some(&e.time))?;
    if let Some(org) = e.org {
        id(out, r#","org":""#, org.0);
    }
    if let Some(app) = e.app {
        id(out, r#","app":""#, app.0);
    }
    json(out, r#","actor":"#, e.actor.as_ref())?;
    json(out, r#","position":"#, Some(&e.position))?;
    json(out, r#","accountseq":"#, e.account_seq.map(Position).as_ref())?;
    json(out, r#","previous":"#, e.previous.as_ref())?;
    json(out, r#","correlationid":"#, e.correlation.as_ref())?;
    id(out, r#","causationid":""#, e.causation.0);
    json(out, r#","traceparent":"#, e.traceparent.as_ref())?;
    json(out, r#","salt":"#, Some(&e.salt))?;
    json(out, r#","data":"#, Some(event))?;
    out.push(b'}');
    Ok(())
}

/// Text that has nothing to escape, after the attribute's name and the opening quote.
fn plain(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn id(out: &mut Vec<u8>, name: &str, id: Uuid) {
    plain(out, name, id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

/// Any other value after the attribute's name, if there is one.
fn json(out: &mut Vec<u8>, name: &str, value: Option<&impl Serialize>) -> Result<(), serde_json::Error> {
    let Some(value) = value else { return Ok(()) };
    out.extend_from_slice(name.as_bytes());
    serde_json::to_writer(out, value)
}

/// The event, or `None` when the text has any other form, right or wrong: the general reader decides.
///
/// Each value goes through the same parser as there, so both read the same event.
pub(crate) fn read(text: &str) -> Option<Recorded> {
    let mut rest = Rest(text);
    let id = rest.fixed(r#"{"specversion":"1.0","id":""#, UUID)?;
    let ledger = rest.fixed(r#","source":"/ledgers/"#, UUID)?;
    let event_type = EventType::parse(rest.string(r#","type":""#)?)?;
    let subject = Subject::parse(rest.string(r#","subject":""#)?)?;
    let time = rest.fixed(r#","time":""#, TIME)?;
    let org = rest.optional(r#","org":""#)?;
    let app = rest.optional(r#","app":""#)?;
    let actor = rest.optional_text(r#","actor":""#)?;
    let position = rest.string(r#","position":""#)?.parse().ok()?;
    let account_seq = rest.optional::<Position>(r#","accountseq":""#)?;
    let previous = rest.optional(r#","previous":""#)?;
    let correlation = rest.optional_text(r#","correlationid":""#)?;
    let causation = rest.fixed(r#","causationid":""#, UUID)?;
    let traceparent = rest.optional_text(r#","traceparent":""#)?;
    let salt = rest.fixed(r#","salt":""#, SALT)?;
    let data = rest.0.strip_prefix(r#","data":"#)?.strip_suffix('}')?;
    let envelope = Envelope {
        id,
        ledger,
        subject,
        time,
        org,
        app,
        actor,
        position,
        account_seq: account_seq.map(Position::get),
        previous,
        correlation,
        causation,
        traceparent,
        salt,
    };
    let mut json = serde_json::Deserializer::from_str(data);
    let event = event_type.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(Recorded { envelope, event })
}

/// Bytes of a UUID, of a [`Time`](crate::Time) and of a [`Salt`](crate::Salt) as they are written.
const UUID: usize = 36;
const TIME: usize = 27;
const SALT: usize = 32;

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// A string of a known length after `name`.
    fn fixed<T: FromStr>(&mut self, name: &str, length: usize) -> Option<T> {
        let (value, rest) = self.0.strip_prefix(name)?.split_at_checked(length)?;
        self.0 = rest.strip_prefix('"')?;
        value.parse().ok()
    }

    /// A string after `name`.
    fn string(&mut self, name: &str) -> Option<&'a str> {
        let text = self.0.strip_prefix(name)?;
        // By hand: these are short, and an escape or a control character is for the general reader.
        let end = text.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let (value, rest) = text.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(value)
    }

    /// A string after `name`, where that is what comes next.
    fn optional<T: FromStr>(&mut self, name: &str) -> Option<Option<T>> {
        if !self.0.starts_with(name) {
            return Some(None);
        }
        self.string(name)?.parse().ok().map(Some)
    }

    /// The same for free text.
    fn optional_text(&mut self, name: &str) -> Option<Option<Box<str>>> {
        if !self.0.starts_with(name) {
            return Some(None);
        }
        self.string(name).map(|text| Some(text.into()))
    }
}
