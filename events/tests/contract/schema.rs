//! Checks a JSON value against a JSON Schema, for the keywords that our schemas use; any other one
//! is an error, so none is passed over in silence.
//!
//! The `jsonschema` crate would do it too, with some 35 further crates, half a minute of build and
//! one more licence: too much for one test.

use regex::Regex;
use serde_json::{Map, Value};

/// What of `value` breaks `schema`, as a path and a keyword each.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root: schema, found: &mut found }.value(schema, value, "");
    found
}

struct Check<'a> {
    root: &'a Value,
    found: &'a mut Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        if schema == &Value::Bool(true) {
            return;
        }
        let keywords = schema.as_object().unwrap_or_else(|| panic!("{at}: {schema} is no schema"));
        for (keyword, rule) in keywords {
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "type" => one_or_many(rule).any(|name| has_type(value, name)),
                "const" => value == rule,
                "enum" => list(rule).contains(value),
                "minimum" => compares(value, rule, |value, bound| value >= bound),
                "maximum" => compares(value, rule, |value, bound| value <= bound),
                "pattern" => value.as_str().is_none_or(|text| pattern(rule).is_match(text)),
                "format" => has_format(value, rule.as_str().expect("a format")),
                "required" => list(rule).iter().all(|name| {
                    value.as_object().is_none_or(|object| object.contains_key(name.as_str().expect("a name")))
                }),
                "properties" => {
                    self.properties(rule.as_object().expect("properties"), value, at);
                    true
                }
                "additionalProperties" => {
                    let named = keywords.get("properties").and_then(Value::as_object);
                    for (name, value) in value.as_object().into_iter().flatten() {
                        if named.is_none_or(|named| !named.contains_key(name)) {
                            self.value(rule, value, &format!("{at}/{name}"));
                        }
                    }
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(rule, item, &format!("{at}/{index}"));
                    }
                    true
                }
                "$ref" => {
                    let pointer =
                        rule.as_str().and_then(|text| text.strip_prefix('#')).expect("a local $ref");
                    let root = self.root;
                    self.value(root.pointer(pointer).expect("a definition"), value, at);
                    true
                }
                "anyOf" => self.matching(rule, value) > 0,
                "oneOf" => self.matching(rule, value) == 1,
                other => panic!("{at}: the keyword {other} is not known here"),
            };
            if !holds {
                self.found.push(format!("{at}: {keyword} {rule}"));
            }
        }
    }

    fn properties(&mut self, rules: &Map<String, Value>, value: &Value, at: &str) {
        for (name, rule) in rules {
            if let Some(value) = value.get(name) {
                self.value(rule, value, &format!("{at}/{name}"));
            }
        }
    }

    fn matching(&self, rules: &Value, value: &Value) -> usize {
        let fits = |rule: &&Value| {
            let mut found = Vec::new();
            Check { root: self.root, found: &mut found }.value(rule, value, "");
            found.is_empty()
        };
        list(rules).iter().filter(fits).count()
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    many.iter().map(|name| name.as_str().expect("the name of a type"))
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

fn compares(value: &Value, bound: &Value, holds: fn(i128, i128) -> bool) -> bool {
    let whole = |value: &Value| value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    whole(value).is_none_or(|value| holds(value, whole(bound).expect("a whole bound")))
}

fn pattern(rule: &Value) -> Regex {
    Regex::new(rule.as_str().expect("a pattern")).expect("a pattern")
}

fn has_format(value: &Value, format: &str) -> bool {
    match format {
        "uuid" => value.as_str().is_none_or(|text| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()),
        "date-time" => value.as_str().is_none_or(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "uint8" => value.as_u64().is_none_or(|number| number <= u64::from(u8::MAX)),
        "uint16" => value.as_u64().is_none_or(|number| u16::try_from(number).is_ok()),
        "uint32" => value.as_u64().is_none_or(|number| u32::try_from(number).is_ok()),
        "int64" => !value.is_number() || value.is_i64(),
        "uint64" => !value.is_number() || value.is_u64(),
        other => panic!("the format {other} is not known here"),
    }
}

#[test]
fn each_keyword_takes_the_good_and_refuses_the_bad() {
    let schema = |text: &str| serde_json::from_str::<Value>(text).expect("json");
    let cases = [
        (r#"{"type":"string"}"#, r#""a""#, "1"),
        (r#"{"type":["integer","null"]}"#, "null", "1.5"),
        (r#"{"const":"1.0"}"#, r#""1.0""#, r#""1.1""#),
        (r#"{"enum":["a","b"]}"#, r#""b""#, r#""c""#),
        (r#"{"minimum":0}"#, "0", "-1"),
        (r#"{"maximum":255}"#, "255", "256"),
        (r#"{"pattern":"^[0-9]+$"}"#, r#""12""#, r#""12a""#),
        (r#"{"format":"uuid"}"#, r#""1f0c33aa-7d51-4c0e-9a43-0d6f2b7e8101""#, r#""1f0c33aa""#),
        (r#"{"format":"date-time"}"#, r#""2026-11-21T09:30:00Z""#, r#""2026-11-21""#),
        (r#"{"required":["a"]}"#, r#"{"a":1}"#, r#"{"b":1}"#),
        (r#"{"properties":{"a":{"type":"null"}}}"#, r#"{"b":1}"#, r#"{"a":1}"#),
        (r#"{"additionalProperties":{"type":"null"}}"#, r#"{"b":null}"#, r#"{"b":1}"#),
        (r#"{"items":{"type":"null"}}"#, "[null]", "[null,1]"),
        (r##"{"$ref":"#/$defs/A","$defs":{"A":{"type":"null"}}}"##, "null", "1"),
        (r#"{"anyOf":[{"type":"null"},{"const":1}]}"#, "1", "2"),
        (r#"{"oneOf":[{"type":"integer"},{"const":1}]}"#, "2", "1"),
    ];
    for (rule, good, bad) in cases {
        assert!(violations(&schema(rule), &schema(good)).is_empty(), "{rule} {good}");
        assert!(!violations(&schema(rule), &schema(bad)).is_empty(), "{rule} {bad}");
    }
}
