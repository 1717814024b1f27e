//! Reading events of older versions: each step turns the `data` of one published type into that
//! of its successor, until it is a type of today. Stored bytes stay as they are.

use serde_json::{Map, Value};

use crate::{DecodeError, EventType, Recorded};

/// Turns the data of type `from` into data of type `to`.
#[derive(Clone, Copy)]
pub struct Step {
    /// The older type, such as `credits.deducted.v1`.
    pub from: &'static str,
    /// Its successor.
    pub to: &'static str,
    /// The change.
    pub change: fn(Map<String, Value>) -> Map<String, Value>,
}

/// The steps of all versions that were ever published. All types are in their first version.
pub const STEPS: &[Step] = &[];

/// Reads a document that is not of today's types: through [`STEPS`], or not at all.
pub(crate) fn decode(bytes: &[u8], first_error: serde_json::Error) -> Result<Recorded, DecodeError> {
    decode_with(STEPS, bytes, first_error)
}

fn decode_with(
    steps: &[Step],
    bytes: &[u8],
    first_error: serde_json::Error,
) -> Result<Recorded, DecodeError> {
    let Ok(mut document) = serde_json::from_slice::<Map<String, Value>>(bytes) else {
        return Err(first_error.into());
    };
    let Some(Value::String(mut name)) = document.remove("type") else {
        return Err(first_error.into());
    };
    let Some(Value::Object(mut data)) = document.remove("data") else {
        return Err(first_error.into());
    };
    if EventType::parse(&name).is_some() {
        return Err(first_error.into());
    }
    while EventType::parse(&name).is_none() {
        let Some(step) = steps.iter().find(|step| step.from == name) else {
            return Err(DecodeError::UnknownType(name));
        };
        data = (step.change)(data);
        name = step.to.to_owned();
    }
    // `type` first, as the reader wants it: the map sorts `data` and `type` the other way round.
    let attributes = serde_json::to_string(&document)?;
    let rest = attributes.strip_prefix('{').unwrap_or(&attributes);
    let text = format!(
        r#"{{"type":{},"data":{}{}{rest}"#,
        Value::String(name),
        Value::Object(data),
        if document.is_empty() { "" } else { "," },
    );
    serde_json::from_str(&text).map_err(DecodeError::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    const OLD: &str = r#"{"specversion":"1.0","id":"0190163d-8694-739b-aea5-966c26f8ad90",
        "source":"/ledgers/0190163d-8694-739b-aea5-966c26f8ad91","type":"ledger.writer_changed.v0",
        "subject":"ledger/0190163d-8694-739b-aea5-966c26f8ad91","time":"2026-01-01T00:00:00Z","position":"0",
        "causationid":"0190163d-8694-739b-aea5-966c26f8ad92","salt":"00000000000000000000000000000000",
        "data":{"generation":"3"}}"#;

    fn renamed(mut data: Map<String, Value>) -> Map<String, Value> {
        if let Some(generation) = data.remove("generation") {
            data.insert("epoch".into(), generation);
        }
        data
    }

    fn some_error() -> serde_json::Error {
        serde_json::from_str::<u8>("x").expect_err("not a number")
    }

    #[test]
    fn an_older_version_is_read_through_its_steps() {
        let steps = [
            Step { from: "ledger.writer_changed.v0", to: "ledger.writer_changed.v0b", change: |data| data },
            Step { from: "ledger.writer_changed.v0b", to: "ledger.writer_changed.v1", change: renamed },
        ];
        let recorded = decode_with(&steps, OLD.as_bytes(), some_error()).expect("an event");
        assert_eq!(recorded.event, Event::WriterChanged(crate::WriterChanged { epoch: 3 }));
    }

    #[test]
    fn an_unknown_type_or_version_is_named() {
        let error = crate::decode(OLD.as_bytes()).expect_err("unknown");
        assert!(matches!(error, DecodeError::UnknownType(name) if name == "ledger.writer_changed.v0"));
    }

    #[test]
    fn bytes_that_are_no_event_are_malformed() {
        for bytes in
            ["", "{}", "[]", r#"{"type":"wallet.opened.v1"}"#, r#"{"type":"wallet.opened.v1","data":{}}"#]
        {
            assert!(matches!(crate::decode(bytes.as_bytes()), Err(DecodeError::Malformed(_))), "{bytes}");
        }
    }
}
