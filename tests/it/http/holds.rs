//! Reserving, spending what was reserved, and letting go of the rest.

use std::time::Duration;

use credit_ledger::identity::Scope;
use serde_json::{Value, json};

use super::things::{deduct, fund, funded, hold, new_wallet, wallet_at};
use crate::support::app::{Answer, Client, TestApp};

async fn capture(client: &Client, hold: &str, key: &str, ask: Value) -> Answer {
    client.post(&format!("/v1/holds/{hold}/captures"), &ask).key(key).await
}

async fn act(client: &Client, hold: &str, what: &str, key: &str, ask: Value) -> Answer {
    client.post(&format!("/v1/holds/{hold}/{what}"), &ask).key(key).await
}

/// The hold, with all that happened so far in it.
async fn read(app: &TestApp, client: &Client, hold: &str) -> Value {
    let path = format!("/v1/holds/{hold}?min_position={}", app.head().get() - 1);
    client.get(&path).await.expect(200).json()
}

fn funds(answer: &Value) -> [&str; 3] {
    ["balance", "available", "reserved"].map(|name| answer[name].as_str().expect("an amount"))
}

#[tokio::test]
async fn a_hold_is_captured_in_parts_beyond_itself_and_up_to_its_cap() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let ask = json!({ "wallet": wallet, "service": "video", "cost": "10", "cap": "12",
        "timeout_seconds": 60, "metadata": { "job": 7 } });
    let held = admin.post("/v1/holds", &ask).key("h").await.expect(201);
    let (id, shown) = (held.member("id"), held.json());
    assert!(id.starts_with("hol_"), "{id}");
    assert_eq!(funds(&shown), ["100", "90", "10"]);
    assert_eq!([&shown["amount"], &shown["cap"], &shown["service"]], ["10", "12", "video"]);
    assert_eq!(shown["expires_at"].as_str().map(|time| &time[..16]), Some("2026-01-01T00:01"));
    let first = capture(&admin, &id, "c1", json!({ "cost": "4" })).await.expect(201).json();
    assert_eq!(funds(&first), ["96", "90", "6"]);
    assert_eq!([&first["hold"], &first["captured"], &first["service"]], [id.as_str(), "4", "video"]);
    let second = capture(&admin, &id, "c2", json!({ "cost": "7" })).await.expect(201).json();
    assert_eq!([&second["slices"][0]["amount"], &second["beyond"][0]["amount"]], ["6", "1"]);
    assert_eq!(funds(&second), ["89", "89", "0"]);
    let over = capture(&admin, &id, "c3", json!({ "cost": "1.5" })).await;
    let over = over.problem(422, "capture-exceeds-hold");
    assert_eq!([&over["capturable"], &over["requested"]], ["1", "1.5"]);
    let open = read(&app, &admin, &id).await;
    assert_eq!([&open["status"], &open["captured"], &open["remaining"]], ["open", "11", "0"]);
    assert_eq!([&open["ended_at"], &open["ended_position"]], [&Value::Null, &Value::Null]);
    let full = capture(&admin, &id, "c4", json!({ "cost": "1" })).await.expect(201).json();
    capture(&admin, &id, "c5", json!({ "cost": "1" })).await.problem(409, "hold-closed");
    let closed = read(&app, &admin, &id).await;
    assert_eq!([&closed["status"], &closed["captured"], &closed["remaining"]], ["captured", "12", "0"]);
    assert_eq!([&closed["ended_position"], &closed["ended_at"]], [&full["position"], &full["time"]]);
}

#[tokio::test]
async fn the_last_capture_releases_the_rest_and_says_so_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let id = hold(&admin, &wallet, "h", "10").await.expect(201).member("id");
    let last = capture(&admin, &id, "c", json!({ "cost": "4", "last": true })).await.expect(201);
    let shown = last.json();
    assert_eq!([&shown["cost"], &shown["released"]], ["4", "6"]);
    assert_eq!(funds(&shown), ["96", "96", "0"]);
    let again = capture(&admin, &id, "c", json!({ "cost": "4", "last": true })).await.expect(201);
    assert!(again.is_replayed());
    assert_eq!(again.text(), last.text());
    let seen = admin.get(&format!("/v1/captures/{}", last.member("id"))).await.expect(200).json();
    assert_eq!([&seen["released"], &seen["returned"]], ["6", "0"]);
    let closed = read(&app, &admin, &id).await;
    assert_eq!([&closed["status"], &closed["captured"], &closed["remaining"]], ["captured", "4", "0"]);
    // The release of the rest closed it, right behind the capture.
    assert_eq!(closed["ended_position"], (last.position() + 1).to_string());
    capture(&admin, &id, "c2", json!({})).await.problem(409, "hold-closed");
}

#[tokio::test]
async fn a_capture_without_a_cost_takes_all_that_is_held() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let id = hold(&admin, &wallet, "h", "10").await.expect(201).member("id");
    let all = admin.request(reqwest::Method::POST, &format!("/v1/holds/{id}/captures")).key("c").await;
    assert_eq!(funds(&all.expect(201).json()), ["90", "90", "0"]);
}

#[tokio::test]
async fn a_capture_is_rolled_back_like_a_deduction() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let id = hold(&admin, &wallet, "h", "10").await.expect(201).member("id");
    let captured = capture(&admin, &id, "c", json!({ "cost": "4" })).await.expect(201).member("id");
    let path = format!("/v1/deductions/{captured}/rollbacks");
    let back = admin.post(&path, &json!({ "amount": "1" })).key("r").await.expect(201);
    assert_eq!(back.member("deduction"), captured);
    assert_eq!(funds(&back.json()), ["97", "91", "6"]);
    let read = admin.get(&format!("/v1/rollbacks/{}", back.member("id"))).await.expect(200);
    assert_eq!(read.text(), back.text());
    let over = admin.post(&path, &json!({ "amount": "3.5" })).key("r2").await;
    assert_eq!(over.problem(422, "rollback-exceeds-deduction")["returnable"], "3");
    app.ledger.caught_up().await;
    let read = admin.get(&format!("/v1/captures/{captured}")).await.expect(200).json();
    assert_eq!([&read["returned"], &read["rolled_back_by"]], ["1", back.member("id").as_str()]);
    // A hold is not a deduction, and a capture is none under the other name.
    let renamed = captured.replace("cap_", "ded_");
    for wrong in [&id, &renamed] {
        let path = format!("/v1/deductions/{wrong}/rollbacks");
        admin.post(&path, &json!({})).key("r3").await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn what_is_held_cannot_be_spent_and_is_free_after_the_release() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let id = hold(&admin, &wallet, "h", "8").await.expect(201).member("id");
    let short = deduct(&admin, &wallet, "d", "3").await.problem(402, "insufficient-credits");
    assert_eq!([&short["available"], &short["shortfall"]], ["2", "1"]);
    hold(&admin, &wallet, "h2", "3").await.problem(402, "insufficient-credits");
    let longer =
        act(&admin, &id, "extensions", "e", json!({ "timeout_seconds": 120 })).await.expect(200).json();
    assert_eq!(longer["expires_at"].as_str().map(|time| &time[..16]), Some("2026-01-01T00:02"));
    capture(&admin, &id, "c", json!({ "cost": "1" })).await.expect(201);
    let free = act(&admin, &id, "release", "r", json!({})).await.expect(200).json();
    assert_eq!([&free["hold"], &free["released"]], [id.as_str(), "7"]);
    assert_eq!(funds(&free), ["9", "9", "0"]);
    let closed = read(&app, &admin, &id).await;
    assert_eq!([&closed["status"], &closed["captured"], &closed["amount"]], ["released", "1", "8"]);
    assert_eq!([&closed["ended_position"], &closed["ended_at"]], [&free["position"], &free["time"]]);
    assert_eq!(closed["expires_at"], longer["expires_at"]);
    for (what, ask) in [("release", json!({})), ("extensions", json!({ "timeout_seconds": 5 }))] {
        act(&admin, &id, what, "late", ask).await.problem(409, "hold-closed");
    }
    deduct(&admin, &wallet, "d2", "9").await.expect(201);
}

#[tokio::test]
async fn a_hold_ends_by_itself_and_its_credits_are_free() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let held = hold(&admin, &wallet, "h", "8").await.expect(201);
    capture(&admin, &held.member("id"), "early", json!({ "cost": "3" })).await.expect(201);
    app.clock.advance(Duration::from_secs(86_401));
    let spent = deduct(&admin, &wallet, "d", "7").await.expect(201);
    let closed = read(&app, &admin, &held.member("id")).await;
    assert_eq!([&closed["status"], &closed["captured"], &closed["remaining"]], ["expired", "3", "0"]);
    // It expired with the deduction, or a moment before by the engine's own timer.
    let ended: u64 = closed["ended_position"].as_str().expect("a position").parse().expect("a number");
    assert!(ended < spent.position(), "{closed}");
    assert!(closed["ended_at"].as_str() >= closed["expires_at"].as_str(), "{closed}");
    capture(&admin, &held.member("id"), "c", json!({ "cost": "1" })).await.problem(409, "hold-closed");
    let seen = wallet_at(&admin, &wallet, app.head().get() - 1).await;
    assert_eq!(funds(&seen), ["0", "0", "0"]);
    assert_eq!(seen["holds"], json!([]));
}

#[tokio::test]
async fn a_check_can_place_the_hold() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let path = format!("/v1/wallets/{wallet}/checks");
    let ask = json!({ "service": "s", "cost": "6", "hold": true, "timeout_seconds": 60, "cap": "7" });
    let first = admin.post(&path, &ask).key("c").await.expect(200);
    let id = first.member("hold");
    assert_eq!(first.json()["sufficient"], true);
    let again = admin.post(&path, &ask).key("c").await.expect(200);
    assert_eq!((again.text(), again.is_replayed()), (first.text(), true));
    let held = admin.get(&format!("/v1/holds/{id}")).await.expect(200).json();
    assert_eq!([&held["status"], &held["amount"], &held["cap"], &held["remaining"]], ["open", "6", "7", "6"]);
    let seen = wallet_at(&admin, &wallet, app.head().get() - 1).await;
    assert_eq!(funds(&seen), ["10", "4", "6"]);
    assert_eq!(seen["holds"][0]["id"], id);
    let none = admin.post(&path, &ask).key("c2").await.expect(200).json();
    assert_eq!([&none["sufficient"], &none["hold"]], [&json!(false), &Value::Null]);
    capture(&admin, &id, "x", json!({ "cost": "7" })).await.expect(201);
}

#[tokio::test]
async fn a_hold_asks_for_sense_and_for_its_own_scope() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let checks = app.with_scopes([Scope::CreditsCheck]).await;
    let wallet = funded(&admin, "10").await;
    let head = app.head();
    let ask = |more: Value| {
        let mut ask = json!({ "wallet": wallet, "service": "s", "timeout_seconds": 60 });
        ask.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        admin.post("/v1/holds", &ask).key("h")
    };
    ask(json!({})).await.problem(400, "bad-request");
    ask(json!({ "cost": "1", "usage": { "a": 1 } })).await.problem(400, "bad-request");
    ask(json!({ "cost": "2", "cap": "1" })).await.problem(422, "cap-below-hold");
    let path = format!("/v1/wallets/{wallet}/checks");
    let with_hold = json!({ "service": "s", "cost": "1", "hold": true, "timeout_seconds": 60 });
    let refused = checks.post(&path, &with_hold).await.problem(403, "forbidden");
    assert_eq!(refused["required_scope"], "credits:hold");
    for more in [json!({ "hold": true }), json!({ "timeout_seconds": 60 }), json!({ "cap": "1" })] {
        let mut ask = json!({ "service": "s", "cost": "1" });
        ask.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        admin.post(&path, &ask).await.problem(400, "bad-request");
    }
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn a_hold_is_there_for_its_own_app_and_organization_alone() {
    let app = TestApp::start().await;
    let (admin, other, stranger) = (app.admin().await, app.admin().await, app.stranger().await);
    let wallet = funded(&admin, "10").await;
    let id = hold(&admin, &wallet, "h", "5").await.expect(201).member("id");
    let head = app.head();
    for client in [&other, &stranger] {
        for what in ["captures", "release"] {
            act(client, &id, what, "x", json!({})).await.problem(404, "not-found");
        }
        act(client, &id, "extensions", "x", json!({ "timeout_seconds": 5 })).await.problem(404, "not-found");
    }
    hold(&stranger, &wallet, "h", "5").await.problem(404, "not-found");
    hold(&admin, &new_wallet(), "h2", "5").await.problem(404, "not-found");
    stranger.get(&format!("/v1/holds/{id}")).await.problem(404, "not-found");
    assert_eq!(app.head(), head);
    fund(&admin, &wallet, "1").await;
    act(&app.operator(), &id, "release", "x", json!({})).await.expect(200);
}
