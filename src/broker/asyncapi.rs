//! The AsyncAPI 3 document: what an app receives over the broker, from the types themselves.
//!
//! Definitions that several schemas share stand once in `components/schemas`, so the document needs no
//! other file.

use events::{EventType, schema};
use serde_json::{Map, Value, json};

use super::{
    message::{CONTENT_TYPE, RoutingKey},
    topology::EVENTS,
};

/// The version of the AMQP binding that the document follows.
const BINDING: &str = "0.3.0";

/// Stored events to show, at most one of each type.
pub type Example<'a> = (EventType, &'a str);

/// The whole document, as it is committed. Examples are stored events of the types.
///
/// # Errors
/// When a type makes no routing key or an example is no JSON.
pub fn document(examples: &[Example<'_>]) -> Result<Value, String> {
    let mut schemas = Map::new();
    let mut messages = Map::new();
    for event_type in EventType::ALL.iter().copied() {
        let name = event_type.as_str();
        let payload = hoisted(schema::document(event_type), &mut schemas)?;
        schemas.insert(name.to_owned(), payload);
        let shown = examples.iter().filter(|(of, _)| *of == event_type);
        messages.insert(name.to_owned(), message(event_type, shown.map(|(_, text)| *text))?);
    }
    schemas.insert("Headers".to_owned(), headers());
    let names: Map<String, Value> =
        messages.keys().map(|name| (name.clone(), reference("components/messages", name))).collect();
    let told: Vec<Value> = names.keys().map(|name| reference("channels/app/messages", name)).collect();
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Credit ledger: events over AMQP",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Each app reads its own queue. Every event comes at least once and in order; header `prev` shows \
                gaps, which `GET /v1/events?audience=app` fills. The body is the stored CloudEvents document, unchanged.",
            "license": { "name": "Apache-2.0 OR MIT" },
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": { "broker": {
            "host": "{host}",
            "protocol": "amqp",
            "protocolVersion": "0.9.1",
            "description": "RabbitMQ 3.10 or later, with a user for each app; `credit-ledger broker provision` sets it up.",
            "variables": { "host": {
                "description": "Where the broker is, with port and virtual host", "default": "localhost:5672",
            } },
            "security": [{ "$ref": "#/components/securitySchemes/user" }],
        } },
        "channels": { "app": channel(&names) },
        "operations": { "react": {
            "action": "send",
            "channel": { "$ref": "#/channels/app" },
            "summary": "The ledger tells an app of an event.",
            "messages": told,
            "bindings": { "amqp": { "deliveryMode": 2, "mandatory": true, "timestamp": true, "bindingVersion": BINDING } },
        } },
        "components": {
            "securitySchemes": { "user": {
                "type": "userPassword", "description": "The app's broker user may read its own two queues, nothing else.",
            } },
            "messages": messages,
            "schemas": schemas,
        },
    }))
}

fn reference(to: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{to}/{name}") })
}

fn channel(messages: &Map<String, Value>) -> Value {
    json!({
        "address": "{domain}.{app}.{what}",
        "title": "What one app is told",
        "description": format!("The queue `app.<app>.events` is bound to `{EVENTS}` with `*.<app>.#`. What can't be handled \
            is rejected without requeue and then stands in `app.<app>.parked`."),
        "servers": [{ "$ref": "#/servers/broker" }],
        "parameters": {
            "domain": { "description": "The first part of the event's type", "examples": ["credits", "wallet", "auth"] },
            "app": { "description": "The app's id, a UUID" },
            "what": {
                "description": "The second part of the type with dots for underscores, without the version",
                "examples": ["deducted", "balance.low"],
            },
        },
        "messages": messages,
        "bindings": { "amqp": {
            "is": "routingKey",
            "exchange": { "name": EVENTS, "type": "topic", "durable": true, "autoDelete": false },
            "bindingVersion": BINDING,
        } },
    })
}

fn message<'a>(event_type: EventType, examples: impl Iterator<Item = &'a str>) -> Result<Value, String> {
    let name = event_type.as_str();
    let data = event_type.schema().to_value();
    let mut message = json!({
        "name": name,
        "title": name,
        "summary": data["description"],
        "contentType": CONTENT_TYPE,
        "headers": reference("components/schemas", "Headers"),
        "payload": reference("components/schemas", name),
        "x-routing-key": RoutingKey::of_type(name)?.pattern(),
        "bindings": { "amqp": { "messageType": name, "bindingVersion": BINDING } },
    });
    let examples: Result<Vec<Value>, _> = examples
        .map(|text| serde_json::from_str::<Value>(text).map(|payload| json!({ "payload": payload })))
        .collect();
    let examples = examples.map_err(|error| format!("{name}: {error}"))?;
    if !examples.is_empty() {
        message["examples"] = examples.into();
    }
    Ok(message)
}

/// The headers of every message: strings, all of them.
fn headers() -> Value {
    let text = |text: &str| json!({ "type": "string", "description": text });
    let number = |text: &str| json!({ "type": "string", "pattern": "^[0-9]{1,20}$", "description": text });
    json!({
        "type": "object",
        "description": "What of the event a receiver may want before it reads the body. All are strings.",
        "required": ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "position", "epoch"],
        "properties": {
            "ce-specversion": { "const": "1.0" },
            "ce-id": text("The event's id, also in `message_id`: a repetition has the same."),
            "ce-type": text("The event's type, also in the property `type`."),
            "ce-source": text("The ledger."),
            "ce-subject": text("What the event is about."),
            "ce-time": text("The writer's stamp."),
            "position": number("The event's place in the log."),
            "accountseq": number("How many events have changed the wallet so far; on a wallet's events."),
            "prev": number("Position of the event that this app was told of before; absent on its first."),
            "epoch": number("The relay's term of office; for diagnosis."),
            "traceparent": text("The caller's W3C trace context."),
        },
    })
}

/// The schema with its definitions moved to `schemas`, where equal names must mean the same.
fn hoisted(mut document: Value, schemas: &mut Map<String, Value>) -> Result<Value, String> {
    let mut take = |name| document.as_object_mut().and_then(|parts| parts.remove(name));
    take("$schema");
    let definitions = take("$defs");
    for (name, definition) in definitions.iter().filter_map(Value::as_object).flatten() {
        let mut definition = definition.clone();
        redirect(&mut definition);
        match schemas.get(name) {
            Some(other) if *other != definition => return Err(format!("two definitions are called {name}")),
            _ => drop(schemas.insert(name.clone(), definition)),
        }
    }
    redirect(&mut document);
    Ok(document)
}

/// Leads references to where definitions stand now.
fn redirect(value: &mut Value) {
    match value {
        Value::Object(parts) => {
            if let Some(Value::String(target)) = parts.get_mut("$ref") {
                *target = target.replace("#/$defs/", "#/components/schemas/");
            }
            parts.values_mut().for_each(redirect);
        }
        Value::Array(items) => items.iter_mut().for_each(redirect),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
