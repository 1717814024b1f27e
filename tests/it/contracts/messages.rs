use std::{collections::BTreeMap, fs};

use credit_ledger::log::Bodies;
use events::EventType;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::{generated, golden, root};
use crate::support::history::{History, Mix};

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
}

/// The validator of each type as the AsyncAPI document has it.
fn validators() -> BTreeMap<&'static str, Validator> {
    let document = generated();
    let of = |event_type: &EventType| {
        let name = event_type.as_str();
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": format!("#/components/schemas/{name}"),
            "components": document["components"],
        });
        (name, validator(&schema))
    };
    EventType::ALL.iter().map(of).collect()
}

fn complaints(validator: &Validator, event: &Value) -> Vec<String> {
    validator.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_golden_event_fits_its_schemas() {
    let messages = validators();
    for (event_type, name, text) in golden() {
        let event: Value = serde_json::from_str(&text).expect("json");
        let file = root().join(format!("events/schemas/{}.json", event_type.as_str()));
        let schema = serde_json::from_str(&fs::read_to_string(file).expect("a schema")).expect("json");
        assert_eq!(complaints(&validator(&schema), &event), [""; 0], "{name}");
        assert_eq!(complaints(&messages[event_type.as_str()], &event), [""; 0], "{name}");
    }
}

#[test]
fn every_event_of_generated_histories_fits_its_schema() {
    let messages = validators();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..4 {
        let mut history = History::new(seed, 2, 12);
        let mut bodies = Bodies::default();
        history.begin(&mut bodies);
        history.fund(&mut bodies);
        history.extend(&mut bodies, 2_000, Mix::Everything);
        for body in bodies.iter() {
            let event: Value = serde_json::from_slice(body).expect("json");
            let event_type = event["type"].as_str().expect("a type");
            assert_eq!(complaints(&messages[event_type], &event), [""; 0], "seed {seed}: {event}");
            *counts.entry(event_type.to_owned()).or_default() += 1;
        }
    }
    // A history without most of the types would prove little.
    assert!(counts.len() >= 20, "{counts:?}");
}

#[test]
fn what_is_no_event_of_the_type_does_not_fit() {
    let messages = validators();
    for (event_type, name, text) in golden() {
        let event: Value = serde_json::from_str(&text).expect("json");
        let other = EventType::ALL.iter().find(|other| **other != event_type).expect("another type");
        assert!(!messages[other.as_str()].is_valid(&event), "{name} as {}", other.as_str());
        for attribute in ["id", "position", "time", "data", "subject"] {
            let mut changed = event.clone();
            changed[attribute] = json!(7);
            assert!(!messages[event_type.as_str()].is_valid(&changed), "{name}: {attribute}");
        }
    }
}
