//! The published JSON Schemas: one per type, of the whole CloudEvents document.

use std::fs;

use events::{EventType, schema::document};
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
