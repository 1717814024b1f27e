//! Whether receivers of the old messages can go on with the new ones, and old events still fit the new
//! schemas: nothing is removed, renamed, newly required or narrowed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// What of the older AsyncAPI document the newer one breaks, as a path and what happened each.
pub(super) fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut compare = Compare { old, new, found: Vec::new() };
    for fixed in ["/channels/app/address", "/channels/app/bindings/amqp", "/defaultContentType"] {
        compare.same(old.pointer(fixed), new.pointer(fixed), fixed);
    }
    for (name, message) in object(&old["components"]["messages"]) {
        let Some(other) = new["components"]["messages"].get(name) else {
            compare.broken(name, "the message is gone");
            continue;
        };
        for fixed in ["name", "contentType", "x-routing-key"] {
            compare.same(message.get(fixed), other.get(fixed), &format!("{name}/{fixed}"));
        }
        for part in ["headers", "payload"] {
            compare.schema(&message[part], &other[part], &format!("{name}/{part}"));
        }
    }
    compare.found
}

struct Compare<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<String>,
}

fn object(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

fn names(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(Value::to_string).collect(),
        Some(one) => BTreeSet::from([one.to_string()]),
        None => BTreeSet::new(),
    }
}

/// The schema itself, where references lead.
fn resolved<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        schema = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer)).expect("a definition");
    }
    schema
}

impl Compare<'_> {
    fn broken(&mut self, at: &str, what: &str) {
        self.found.push(format!("{at}: {what}"));
    }

    fn same(&mut self, old: Option<&Value>, new: Option<&Value>, at: &str) {
        if old != new {
            self.broken(at, "is another");
        }
    }

    fn schema(&mut self, old: &Value, new: &Value, at: &str) {
        let (old, new) = (resolved(self.old, old), resolved(self.new, new));
        let keywords: BTreeSet<&String> = object(old).keys().chain(object(new).keys()).collect();
        for keyword in keywords {
            let (before, after) = (old.get(keyword), new.get(keyword));
            let here = format!("{at}/{keyword}");
            match keyword.as_str() {
                "description" | "title" | "$schema" | "examples" => {}
                "type" if names(before) == names(after) => {}
                "required" => self.required(before, after, &here),
                "enum" => {
                    if before.is_none() || after.is_some() && !names(before).is_subset(&names(after)) {
                        self.broken(&here, "is narrower");
                    }
                }
                "minimum" => self.bound(before, after, &here, |before, after| after <= before),
                "maximum" => self.bound(before, after, &here, |before, after| after >= before),
                "properties" => self.properties(before, after, &here),
                "items" | "additionalProperties" => match (before, after) {
                    (Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) => {
                        self.schema(before, after, &here);
                    }
                    _ => self.same(before, after, &here),
                },
                "anyOf" | "oneOf" => self.variants(before, after, &here),
                // type, const, pattern, format, and whatever may come.
                _ => self.same(before, after, &here),
            }
        }
    }

    /// Nothing new may be required, since stored events lack it; nothing required may become optional,
    /// since receivers count on it.
    fn required(&mut self, before: Option<&Value>, after: Option<&Value>, at: &str) {
        let (before, after) = (names(before), names(after));
        for name in after.difference(&before) {
            self.broken(at, &format!("{name} is newly required"));
        }
        for name in before.difference(&after) {
            self.broken(at, &format!("{name} is no longer promised"));
        }
    }

    fn bound(
        &mut self,
        before: Option<&Value>,
        after: Option<&Value>,
        at: &str,
        wider: fn(i128, i128) -> bool,
    ) {
        let whole = |value: &Value| value.to_string().parse::<i128>().expect("a whole bound");
        let fits = match (before.map(whole), after.map(whole)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(before), Some(after)) => wider(before, after),
        };
        if !fits {
            self.broken(at, "is narrower");
        }
    }

    fn properties(&mut self, before: Option<&Value>, after: Option<&Value>, at: &str) {
        for (name, old) in before.map(object).into_iter().flatten() {
            match after.and_then(|after| after.get(name)) {
                Some(new) => self.schema(old, new, &format!("{at}/{name}")),
                None => self.broken(&format!("{at}/{name}"), "is gone"),
            }
        }
    }

    /// Each variant must still be there; further ones may come.
    fn variants(&mut self, before: Option<&Value>, after: Option<&Value>, at: &str) {
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let after_list = list(after);
        if before.is_none() {
            self.broken(at, "is new");
        }
        for (index, old) in list(before).iter().enumerate() {
            let goes_on = after_list.iter().any(|new| {
                let mut compare = Compare { old: self.old, new: self.new, found: Vec::new() };
                compare.schema(old, new, at);
                compare.found.is_empty()
            });
            if !goes_on {
                self.broken(at, &format!("variant {index} is gone or changed"));
            }
        }
    }
}

fn document(payload: &str) -> Value {
    let payload: Value = serde_json::from_str(payload).expect("json");
    json!({
        "components": {
            "messages": { "a.b.v1": { "headers": true, "payload": { "$ref": "#/components/schemas/p" } } },
            "schemas": { "p": payload, "Shared": { "type": "string" }, "Other": { "type": "integer" } },
        },
    })
}

#[test]
fn wider_is_compatible_and_narrower_is_not() {
    const OLD: &str = r##"{"type":"object","description":"d","required":["a"],"properties":{
        "a":{"$ref":"#/components/schemas/Shared"},"b":{"type":"string","enum":["x","y"]},
        "c":{"oneOf":[{"const":1},{"type":"null"}]},"d":{"type":"integer","maximum":9},
        "e":{"type":["string","null"]},"f":{"type":"array","items":{"type":"string","pattern":"^a"}}}}"##;
    let cases: &[(&str, &str, bool)] = &[
        (r#""description":"d""#, r#""description":"other""#, true),
        (r#""enum":["x","y"]"#, r#""enum":["y","x","z"]"#, true),
        (r#""enum":["x","y"]"#, r#""enum":["x","z"]"#, false),
        (r#","enum":["x","y"]"#, "", true),
        (r#""maximum":9"#, r#""maximum":10"#, true),
        (r#""maximum":9"#, r#""maximum":8"#, false),
        (r#""maximum":9"#, r#""maximum":9,"minimum":0"#, false),
        (r#""required":["a"]"#, r#""required":["a","b"]"#, false),
        (r#""required":["a"]"#, r#""required":[]"#, false),
        (r#""properties":{"#, r#""properties":{"new":{"type":"string"},"#, true),
        (r#""a":{"#, r#""renamed":{"#, false),
        ("schemas/Shared", "schemas/Other", false),
        (r#""const":1"#, r#""const":2"#, false),
        (r#"{"const":1},"#, "", false),
        (r#"{"const":1},"#, r#"{"type":"boolean"},{"const":1},"#, true),
        (r#"["string","null"]"#, r#""string""#, false),
        (r#"["string","null"]"#, r#"["null","string"]"#, true),
        (r#""pattern":"^a""#, r#""pattern":"^b""#, false),
        (r#"{"type":"string","pattern""#, r#"{"type":"string","minLength":1,"pattern""#, false),
        (r#""required":["a"]"#, r#""required":["a"],"additionalProperties":false"#, false),
    ];
    assert_eq!(breaks(&document(OLD), &document(OLD)), [""; 0]);
    for (from, to, compatible) in cases {
        let changed = OLD.replacen(from, to, 1);
        assert_ne!(changed, OLD, "{from}");
        let found = breaks(&document(OLD), &document(&changed));
        assert_eq!(found.is_empty(), *compatible, "{from} -> {to}: {found:?}");
    }
}

#[test]
fn a_message_must_stay_under_its_name_and_key() {
    let mut old = document("{}");
    old["components"]["messages"]["a.b.v1"]["x-routing-key"] = "a.{app}.b".into();
    let mut without = old.clone();
    without["components"]["messages"] = json!({ "a.b.v2": old["components"]["messages"]["a.b.v1"] });
    assert_eq!(breaks(&old, &without), ["a.b.v1: the message is gone"]);
    assert_eq!(breaks(&without, &old).len(), 1);
    let mut moved = old.clone();
    moved["components"]["messages"]["a.b.v1"]["x-routing-key"] = "a.{app}.c".into();
    assert_eq!(breaks(&old, &moved), ["a.b.v1/x-routing-key: is another"]);
}
