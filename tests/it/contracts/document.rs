use std::{collections::BTreeSet, env, fs};

use serde_json::Value;

use super::{compare::breaks, generated, root};

const COMMITTED: &str = "docs/asyncapi.json";
/// What receivers may rely on: the widest of what was ever committed. A change that they could notice
/// never gets in here, so compatible steps don't add up to an incompatible one.
const PUBLISHED: &str = "docs/asyncapi.published.json";

fn updating() -> bool {
    env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// The document without what nobody relies on, on one line: nobody reads it.
fn relied_on(document: &Value) -> String {
    let mut kept = document.clone();
    for message in kept["components"]["messages"].as_object_mut().expect("messages").values_mut() {
        message.as_object_mut().expect("a message").remove("examples");
    }
    format!("{kept}\n")
}

#[test]
fn the_committed_document_is_up_to_date() {
    let text = format!("{:#}\n", generated());
    let path = root().join(COMMITTED);
    if updating() {
        fs::write(&path, &text).expect("the document can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{COMMITTED} differs from the code: run this test with UPDATE=1");
}

#[test]
fn nothing_that_was_published_is_broken() {
    let path = root().join(PUBLISHED);
    let now = generated();
    if let Ok(published) = fs::read_to_string(&path) {
        let published = serde_json::from_str(&published).expect("json");
        let broken = breaks(&published, &now);
        assert!(
            broken.is_empty(),
            "receivers rely on it:\n  {}\nMake a new version of the type.",
            broken.join("\n  ")
        );
    }
    if updating() {
        fs::write(&path, relied_on(&now)).expect("the document can be written");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == relied_on(&now), "{PUBLISHED} lags behind: run this test with UPDATE=1");
}

/// Every reference in the document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(parts) => {
            found.extend(parts.get("$ref").and_then(Value::as_str));
            parts.values().for_each(|part| references(part, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The rules of AsyncAPI 3.0.0 that its JSON Schema would find broken, and some that it wouldn't.
#[test]
fn the_document_is_asyncapi_3() {
    let document = generated();
    assert_eq!(document["asyncapi"], "3.0.0");
    for required in ["title", "version"] {
        assert!(document["info"][required].is_string());
    }
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 60);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let channel = &document["channels"]["app"];
    let address = channel["address"].as_str().expect("an address");
    let named: BTreeSet<&str> = address.split('.').map(|part| part.trim_matches(['{', '}'])).collect();
    let defined: BTreeSet<&str> =
        channel["parameters"].as_object().expect("parameters").keys().map(String::as_str).collect();
    assert_eq!(named, defined);
    let operation = &document["operations"]["react"];
    assert!(["send", "receive"].contains(&operation["action"].as_str().expect("an action")));
    let told = operation["messages"].as_array().expect("messages");
    assert_eq!(told.len(), events::EventType::ALL.len());
    for message in told {
        // "They MUST be a subset of the messages defined in the referenced channel."
        let target = message["$ref"].as_str().expect("a reference");
        assert!(target.starts_with("#/channels/app/messages/"), "{target}");
    }
    let binding = &channel["bindings"]["amqp"];
    assert_eq!((&binding["is"], &binding["bindingVersion"]), (&"routingKey".into(), &"0.3.0".into()));
    let plain = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    for part in ["messages", "schemas", "securitySchemes"] {
        for key in document["components"][part].as_object().expect("components").keys() {
            assert!(plain(key), "{key}");
        }
    }
}
