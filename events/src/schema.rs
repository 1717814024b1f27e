//! The published JSON Schemas: one per type, of the whole CloudEvents document.

use serde_json::{Value, json};

use crate::EventType;

/// What the events of a type are about, as their `subject` begins.
const fn subject(event_type: EventType) -> &'static str {
    match event_type {
        EventType::WalletOpened
        | EventType::CreditsPurchased
        | EventType::CreditsGranted
        | EventType::CreditsChecked
        | EventType::CreditsDeducted
        | EventType::DeductionRolledBack
        | EventType::CreditsExpired
        | EventType::CommandRefused
        | EventType::CreditsHeld
        | EventType::HoldCaptured
        | EventType::HoldExtended
        | EventType::HoldReleased
        | EventType::HoldExpired
        | EventType::PurchaseRefunded
        | EventType::AdjustmentProposed
        | EventType::CreditsAdjusted
        | EventType::WalletFrozen
        | EventType::WalletUnfrozen
        | EventType::LimitSet
        | EventType::CapSet
        | EventType::ThresholdSet
        | EventType::BalanceLow => "wallet",
        EventType::PriceSet | EventType::PolicySet | EventType::OrganizationRegistered => "organization",
        EventType::AppRegistered
        | EventType::ApiKeyIssued
        | EventType::ApiKeyExpirySet
        | EventType::ApiKeyRevoked
        | EventType::ClientSet
        | EventType::ClientSecretIssued
        | EventType::ClientSecretRevoked
        | EventType::TokenRevoked
        | EventType::RefreshReused => "app",
        EventType::UserRegistered
        | EventType::UserVerified
        | EventType::UserRolesSet
        | EventType::UserDisabled
        | EventType::UserEnabled
        | EventType::UserLinked
        | EventType::PasswordChanged
        | EventType::UserSignedIn
        | EventType::SessionVerified
        | EventType::SessionRevoked
        | EventType::SessionsRevoked
        | EventType::AppAccessGranted
        | EventType::AppAccessRevoked => "user",
        EventType::GroupRegistered | EventType::GroupMemberAdded | EventType::GroupMemberRemoved => "group",
        EventType::SigningKeyChanged | EventType::WriterChanged => "ledger",
    }
}

/// The schema (JSON Schema 2020-12) of a type: the envelope's attributes around that of its data.
#[must_use]
pub fn document(event_type: EventType) -> Value {
    let mut data = event_type.schema().to_value();
    let mut take = |name| data.as_object_mut().and_then(|parts| parts.remove(name));
    take("$schema");
    let definitions = take("$defs").unwrap_or_else(|| json!({}));
    let description = take("description").unwrap_or_default();
    let name = event_type.as_str();
    let subject = subject(event_type);
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
    required.extend(match subject {
        "wallet" => &["org", "accountseq"][..],
        "ledger" => &[],
        _ => &["org"],
    });
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
