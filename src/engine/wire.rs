//! How facts and receipts travel between processes, as JSON. Events travel as the bytes that are
//! stored, so that they are the same wherever they are read.

use std::sync::Arc;

use events::{AppId, CommandId, Event, EventType, OrgId, Recorded, Subject, decode, encode};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _},
    ser::Error as _,
};
use serde_json::value::RawValue;

use super::{Fact, Receipt};

#[derive(Serialize, Deserialize)]
struct ReceiptWire {
    recorded: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<Box<RawValue>>,
    #[serde(default)]
    replayed: bool,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct FactWire {
    id: CommandId,
    subject: String,
    org: Option<OrgId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<AppId>,
    actor: Option<Box<str>>,
    r#type: String,
    data: Box<RawValue>,
}

/// The event as it is stored.
fn stored(recorded: &Recorded) -> Result<Box<RawValue>, String> {
    let mut bytes = Vec::with_capacity(1_024);
    encode(&recorded.envelope, &recorded.event, &mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    RawValue::from_string(text).map_err(|error| error.to_string())
}

/// The event that was stored so.
fn read(stored: &RawValue) -> Result<Recorded, String> {
    decode(stored.get().as_bytes()).map_err(|error| error.to_string())
}

impl Serialize for Receipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let others: Result<_, String> = self.others.iter().map(|other| stored(other)).collect();
        let wire = ReceiptWire {
            recorded: stored(&self.recorded).map_err(S::Error::custom)?,
            others: others.map_err(S::Error::custom)?,
            replayed: self.replayed,
            dry_run: self.dry_run,
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Receipt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ReceiptWire { recorded, others, replayed, dry_run } = ReceiptWire::deserialize(deserializer)?;
        let others: Result<_, String> = others.iter().map(|other| read(other).map(Arc::new)).collect();
        Ok(Self {
            recorded: read(&recorded).map(Arc::new).map_err(D::Error::custom)?,
            others: others.map_err(D::Error::custom)?,
            replayed,
            dry_run,
        })
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = serde_json::to_string(&self.event).and_then(RawValue::from_string);
        let wire = FactWire {
            id: self.id,
            subject: self.subject.to_string(),
            org: self.org,
            app: self.app,
            actor: self.actor.clone(),
            r#type: self.event.event_type().as_str().to_owned(),
            data: data.map_err(S::Error::custom)?,
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FactWire { id, subject, org, app, actor, r#type, data } = FactWire::deserialize(deserializer)?;
        let subject = Subject::parse(&subject).ok_or_else(|| D::Error::custom("unknown `subject`"))?;
        let kind = EventType::parse(&r#type).ok_or_else(|| D::Error::custom("unknown `type`"))?;
        let mut data = serde_json::Deserializer::from_str(data.get());
        let event: Event = kind.deserialize(&mut data).map_err(D::Error::custom)?;
        Ok(Self { id, subject, org, app, actor, event })
    }
}

/// One event, as it is stored.
#[derive(Debug, Clone)]
pub struct Stored(pub Arc<Recorded>);

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        stored(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        read(&text).map(|event| Self(Arc::new(event))).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineError;
    use events::{LedgerId, OrganizationRegistered, WriterChanged};
    use ledger::Rejection;
    use uuid::Uuid;

    fn there_and_back<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
        let text = serde_json::to_string(value).expect("json");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_fact_arrives_as_it_was_sent() {
        let (id, org) = (CommandId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let events = [
            OrganizationRegistered { organization: org, name: "shop".into() }.into(),
            Event::WriterChanged(WriterChanged { epoch: 7 }),
        ];
        for event in events {
            let subject = Subject::Ledger(LedgerId(Uuid::from_u128(3)));
            let app = Some(AppId(Uuid::from_u128(4)));
            let fact = Fact { id, subject, org: Some(org), app, actor: Some("operator".into()), event };
            let arrived = there_and_back(&fact);
            assert_eq!((arrived.id, arrived.subject, arrived.org), (fact.id, fact.subject, fact.org));
            assert_eq!((arrived.app, arrived.actor, arrived.event), (fact.app, fact.actor, fact.event));
        }
        let unknown =
            r#"{"id":"00000000-0000-0000-0000-000000000001","subject":"moon/1","type":"x","data":{}}"#;
        assert!(serde_json::from_str::<Fact>(unknown).is_err());
    }

    #[test]
    fn every_error_arrives_as_it_was_sent() {
        let errors = [
            EngineError::Rejected(Rejection::WalletNotFound),
            EngineError::Rejected(Rejection::Broken(ledger::EvolveError::Balance)),
            EngineError::KeyReused,
            EngineError::Contradicted,
            EngineError::Overloaded,
            EngineError::Unavailable("disk full".into()),
            EngineError::Stopping,
            EngineError::OutcomeUnknown(CommandId(Uuid::from_u128(1))),
        ];
        for error in errors {
            assert_eq!(there_and_back(&error), error);
        }
    }
}
