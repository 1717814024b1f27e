//! Fields: missing, of another type, out of range. Which fields there are, the document says.

use credit_ledger::http::routes::{ROUTES, Route};
use reqwest::Method;
use serde_json::Value;

use super::{World, none, row, values};
use crate::http::requests::{self, Draft};

/// The schema of a route's body. The yardstick of the benchmark takes what a deduction takes.
fn schema(document: &Value, route: &Route) -> Value {
    let path = route.path.replace("/bench/echo/{wallet}", "/v1/wallets/{wallet}/deductions");
    let method = route.method.as_str().to_lowercase();
    let body = &document["paths"][&path][&method]["requestBody"]["content"]["application/json"]["schema"];
    match body["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a schema").clone(),
        None => body.clone(),
    }
}

/// The sound request without what contradicts the field, and with what it needs beside it.
fn beside(field: &str, sound: &Draft, schema: &Value) -> Draft {
    let places_hold = !schema["properties"]["hold"].is_null();
    match field {
        // A key in the header would differ from it.
        "idempotency_key" => sound.headerless("idempotency-key"),
        "usage" => sound.without("cost"),
        // Earlier clients may say either.
        "cost" if !schema["properties"]["amount"].is_null() => sound.without("amount"),
        "timeout_seconds" if places_hold => sound.with("hold", "true"),
        "cap" if places_hold => sound.with("hold", "true").with("timeout_seconds", "60"),
        _ => sound.clone(),
    }
}

/// The fields of a body; a request that needs nothing has none.
fn properties(schema: &Value) -> Vec<String> {
    schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect()
}

#[tokio::test]
async fn a_field_refuses_what_it_cannot_be() {
    let world = World::new().await;
    let document = world.app.anonymous().get("/openapi.json").await.expect(200).json();
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things).filter(|(route, _)| requests::has_body(route)) {
        let schema = schema(&document, route);
        let mut rows = Vec::new();
        for field in properties(&schema) {
            let sound = beside(&field, &sound, &schema);
            for (json, status, code) in values::of_field(route.path, &field) {
                let shown: String = json.chars().take(60).collect();
                rows.push(row(format!("{field} = {shown}"), sound.with(&field, &json), status, code));
            }
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let field = required.as_str().expect("a name");
            rows.push(row(format!("no {field}"), sound.without(field), 400, "bad-request"));
        }
        world.refuse(route, rows, &mut faults).await;
    }
    none(&faults);
}

#[tokio::test]
async fn a_wallet_of_another_organization_cannot_be_opened() {
    let world = World::new().await;
    let route = ROUTES.iter().find(|route| route.path == "/v1/wallets").expect("the route");
    let taken = Draft::of(route, &world.things).with("wallet", &format!("\"{}\"", world.theirs.wallet));
    let mut faults = Vec::new();
    world.refuse(route, vec![row("their wallet", taken, 404, "not-found")], &mut faults).await;
    none(&faults);
}

#[tokio::test]
async fn an_expiry_is_given_in_one_way() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things) {
        if sound.fields.is_some() && matches!(route.path.rsplit('/').next(), Some("purchases" | "grants")) {
            let both = sound.with("expires_at", "\"2027-01-01T00:00:00Z\"").with("expires_in_seconds", "60");
            world.refuse(route, vec![row("two expiries", both, 400, "bad-request")], &mut faults).await;
        }
    }
    none(&faults);
}

#[tokio::test]
async fn the_largest_and_longest_values_are_taken() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things).filter(|(route, _)| route.method == Method::POST) {
        let takes = |path: &str| route.path.ends_with(path);
        let drafts = if takes("/deductions") || takes("/checks") || takes("/check") || takes("/deduct") {
            let longest = sound.with("service", &values::long(128));
            vec![
                ("the longest service", longest),
                ("the smallest amount", sound.with("cost", "\"0.000001\"")),
            ]
        } else if takes("/purchases") {
            let longest = sound.with("payment_reference", &values::long(512));
            vec![(
                "the longest reference",
                longest.with("price_paid", "{\"amount\":\"0\",\"currency\":\"EUR\"}"),
            )]
        } else {
            Vec::new()
        };
        let fresh =
            |draft: Draft, key: usize| match draft.headers.iter().any(|(name, _)| *name == "idempotency-key")
            {
                true => draft.header("idempotency-key", format!("largest-{key}")),
                false => draft,
            };
        let drafts = drafts.into_iter().enumerate();
        let drafts = drafts.map(|(index, (why, draft))| (why.to_owned(), fresh(draft, index))).collect();
        world.accept(route, drafts, &mut faults).await;
    }
    none(&faults);
}
