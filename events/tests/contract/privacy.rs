//! Facts about who may call are kept for ever and told to many: nothing secret and nothing personal is in
//! them, not even by the name of a field.

use events::{EventType, schema::document};
use serde_json::Value;

/// What a field that holds something of the kind would be called, in whole or as a part between
/// underscores.
const TELLING: &[&str] = &[
    "address", "agent", "birthday", "code", "cookie", "email", "hash", "hostname", "ip", "jwt", "login",
    "mail", "nickname", "nonce", "password", "phone", "pin", "private", "secret", "surname", "token",
    "username",
];

/// Every property of a schema and of what it refers to, with its own schema.
fn properties<'a>(schema: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    match schema {
        Value::Object(parts) => {
            let named = parts.get("properties").and_then(Value::as_object).into_iter().flatten();
            found.extend(named.map(|(name, value)| (name.as_str(), value)));
            parts.values().for_each(|part| properties(part, found));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schema that a reference leads to.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

#[test]
fn no_fact_about_who_may_call_holds_anything_secret_or_personal() {
    let auth = EventType::ALL.iter().filter(|event_type| event_type.as_str().starts_with("auth."));
    let mut fields = 0;
    for event_type in auth {
        let document = document(*event_type);
        let mut found = Vec::new();
        properties(&document["properties"]["data"], &mut found);
        properties(&document["$defs"], &mut found);
        for (name, schema) in found {
            fields += 1;
            let is_telling = name.split('_').any(|part| TELLING.contains(&part));
            // An id of such a thing is not the thing itself.
            let is_id = resolved(&document, schema)["format"] == "uuid";
            assert!(!is_telling || is_id, "{}: {name}", event_type.as_str());
        }
    }
    assert!(fields > 60, "{fields} fields were looked at");
}
