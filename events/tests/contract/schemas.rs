//! The published JSON Schemas: one per type, of the whole CloudEvents document.

use std::fs;

use events::EventType;
use serde_json::{Map, Value, json};

use crate::{
    files::{names, path, updating, write},
    golden,
    schema::violations,
};

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for event_type in EventType::ALL {
        let name = format!("schemas/{}.json", event_type.as_str());
        let text = format!("{:#}\n", document(*event_type));
        if updating() {
            write(&path(&name), text.as_bytes());
        }
        let committed = fs::read_to_string(path(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(committed == text, "{name} is not up to date: UPDATE=1 cargo test -p credit-ledger-events");
    }
    assert_eq!(names(&path("schemas")).len(), EventType::ALL.len(), "one schema for each type");
}

#[test]
fn every_golden_event_fits_its_schema() {
    for (name, bytes) in golden::files() {
        let (event_type, _) = name.split_once('/').expect("a folder");
        let schema = fs::read(path(&format!("schemas/{event_type}.json"))).expect("a schema");
        let schema = serde_json::from_slice(&schema).expect("json");
        let event = serde_json::from_slice(&bytes).expect("json");
        assert_eq!(violations(&schema, &event), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_changed_event_no_longer_fits() {
    for (name, bytes) in golden::files() {
        let (event_type, _) = name.split_once('/').expect("a folder");
        let schema = document(EventType::parse(event_type).expect("a type of today"));
        let event: Map<String, Value> = serde_json::from_slice(&bytes).expect("json");
        for (attribute, value) in &event {
            let mut changed = event.clone();
            changed[attribute] = if value.is_string() { json!(7) } else { json!("7") };
            assert!(!violations(&schema, &changed.into()).is_empty(), "{name}: {attribute}");
        }
        for required in ["id", "source", "type", "subject", "time", "position", "causationid", "salt", "data"]
        {
            let mut changed = event.clone();
            changed.remove(required);
            assert!(!violations(&schema, &changed.into()).is_empty(), "{name}: no {required}");
        }
    }
}

/// The schema of a type: the envelope's attributes around the schema of its data.
fn document(event_type: EventType) -> Value {
    let mut data = event_type.schema().to_value();
    let parts = data.as_object_mut().expect("a schema of an object");
    parts.remove("$schema");
    let definitions = parts.remove("$defs").unwrap_or_else(|| json!({}));
    let description = parts.remove("description").unwrap_or_default();
    let name = event_type.as_str();
    let (subject, attributes) = match name.split_once('.').map(|(domain, _)| domain) {
        Some("credits" | "wallet") => ("wallet", &["org", "accountseq"][..]),
        Some("price" | "organization") => ("organization", &["org"][..]),
        Some("auth") if event_type == EventType::OrganizationRegistered => ("organization", &["org"][..]),
        Some("auth") => ("app", &["org"][..]),
        Some("ledger") => ("ledger", &[][..]),
        domain => panic!("the contract says nothing about {domain:?}"),
    };
    let mut required = vec![
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "position",
        "causationid",
        "salt",
        "data",
    ];
    required.extend(attributes);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": description,
        "type": "object",
        "properties": properties(name, subject, &data),
        "required": required,
        "$defs": definitions,
    })
}

fn properties(name: &str, subject: &str, data: &Value) -> Value {
    const UUID: &str = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    let uuid = |text: &str| json!({ "type": "string", "format": "uuid", "description": text });
    let text = |text: &str| json!({ "type": "string", "description": text });
    let number = |text: &str| json!({ "type": "string", "pattern": "^[0-9]{1,20}$", "description": text });
    let pattern =
        |pattern: String, text: &str| json!({ "type": "string", "pattern": pattern, "description": text });
    json!({
        "specversion": { "const": "1.0" },
        "id": uuid("UUIDv5 of the command's id and the event's index in the command."),
        "source": pattern(format!("^/ledgers/{UUID}$"), "The ledger."),
        "type": { "const": name },
        "subject": pattern(format!("^{subject}/{UUID}$"), "What the event is about."),
        "time": {
            "type": "string", "format": "date-time",
            "description": "The writer's stamp, to the microsecond; later than that of the event before.",
        },
        "org": uuid("The organization it belongs to."),
        "app": uuid("The app that acted; absent when an operator did."),
        "actor": text("Who acted, when that was not the app itself."),
        "position": number("The event's place in the log, from 0, without gaps."),
        "accountseq": number("How many events have changed the wallet so far."),
        "previous": number("Position of the wallet's event before this one; absent on its first."),
        "correlationid": text("The caller's request id."),
        "causationid": uuid("The command that this event is an outcome of."),
        "traceparent": text("The caller's W3C trace context."),
        "salt": pattern("^[0-9a-f]{32}$".into(), "Random, so that the event's hash can't be guessed."),
        "data": data,
    })
}
