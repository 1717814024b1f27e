//! What must not work, and who learns of it.

use credit_ledger::identity::{IdentityError, vault::ActivityKind};
use serde_json::json;

use super::{World, code_on, refused};
use crate::support::app::TestApp;

const UNFINISHED: &str = "This sign-in cannot be finished";
const BEGIN: &str = "session=s1&return_to=chatgpt";

#[tokio::test]
async fn another_browsers_state_is_refused_and_spent() {
    let world = World::start().await;
    let (mut attacker, mut victim, mut known) = (world.browser(), world.browser(), world.browser());
    // One has no cookie, the other one of its own.
    known.leaves(BEGIN).await;
    for victim in [&mut victim, &mut known] {
        let page = attacker.leaves(BEGIN).await;
        let back = attacker.visits(&page).await;
        refused(&victim.open(&back).await, 400, UNFINISHED);
        refused(&attacker.open(&back).await, 400, UNFINISHED);
    }
    assert_eq!(world.noted(ActivityKind::SecurityAlert).await, ["foreign_state"; 2]);
    assert_eq!(world.users(), 0);
}

#[tokio::test]
async fn a_state_is_good_once_and_for_ten_minutes() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser.leaves(BEGIN).await;
    let back = browser.visits(&page).await;
    let second = browser.visits(&page).await;
    code_on(&browser.open(&back).await.expect(200));
    refused(&browser.open(&back).await, 400, UNFINISHED);
    refused(&browser.open(&second).await, 400, UNFINISHED);
    for (late, status) in [(599, 200), (601, 400)] {
        let page = browser.leaves(BEGIN).await;
        let back = browser.visits(&page).await;
        world.advance(late);
        assert_eq!(browser.open(&back).await.status, status, "{late}");
    }
    for state in ["", "state=", "state=x", "state=x&state=y", "code=code-1"] {
        let answer = browser.open(&format!("/api/auth/google/callback?{state}")).await;
        assert_eq!(answer.status, 400, "{state}: {}", answer.text());
    }
}

#[tokio::test]
async fn garbage_is_slowed_down_and_leaves_no_rows() {
    let world = World::start().await;
    let (mut nobody, mut ann) = (world.browser(), world.browser());
    nobody.address = "198.51.100.7".into();
    let page = ann.leaves(BEGIN).await;
    for guess in 0..80 {
        let answer = nobody.open(&format!("/api/auth/google/callback?state=s{guess}&code=c")).await;
        let (status, title) = if guess < 61 { (400, UNFINISHED) } else { (429, "Too many attempts") };
        refused(&answer, status, title);
    }
    for _ in 0..20 {
        world.verify("VERIFIED-AAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        let body = json!({ "code": "AAAAAAAAAAAAAAAAAAAAAAAAAA" });
        world.app.anonymous().post("/api/auth/google/exchange", &body).await;
    }
    assert_eq!(world.noted(ActivityKind::SignIn).await, [""; 0]);
    assert_eq!(world.noted(ActivityKind::SessionVerification).await, [""; 0]);
    // One row for each address that was locked.
    assert_eq!(world.noted(ActivityKind::SecurityAlert).await, ["codes_guessed"; 2]);
    let back = ann.visits(&page).await;
    code_on(&ann.open(&back).await.expect(200));
    // A state that was none of theirs is another matter.
    let back = ann.visits(&ann.clone().leaves(BEGIN).await).await;
    world.advance(61);
    refused(&nobody.open(&back).await, 400, UNFINISHED);
    assert_eq!(world.noted(ActivityKind::SignIn).await, ["google", "unknown_state"]);
}

#[tokio::test]
async fn who_comes_back_from_elsewhere_is_refused_with_an_alert() {
    let world = World::start().await;
    for (address, agent, alert) in [
        ("192.0.2.8", "Firefox/150", "address_changed"),
        ("2001:db8::1", "Firefox/150", "address_changed"),
        ("192.0.2.7", "Firefox/151", "agent_changed"),
        ("192.0.2.7", "", "agent_changed"),
    ] {
        let mut browser = world.browser();
        let page = browser.leaves(BEGIN).await;
        let back = browser.visits(&page).await;
        let mut elsewhere =
            super::Browser { address: address.into(), agent: agent.into(), ..browser.clone() };
        refused(&elsewhere.open(&back).await, 400, UNFINISHED);
        refused(&browser.open(&back).await, 400, UNFINISHED);
        assert_eq!(world.noted(ActivityKind::SecurityAlert).await.last().map(String::as_str), Some(alert));
    }
    // One household's IPv6 addresses change.
    let mut browser = world.browser();
    browser.address = "2001:db8:1:2::1".into();
    let page = browser.leaves(BEGIN).await;
    let back = browser.visits(&page).await;
    browser.address = "2001:db8:1:2:abcd::2".into();
    code_on(&browser.open(&back).await.expect(200));
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused() {
    let world = World::start().await;
    let mut browser = world.browser();
    for iss in ["https%3A%2F%2Fevil.example", ""] {
        let page = browser.leaves(BEGIN).await;
        let back = browser.visits(&page).await;
        let at = back.find("&iss=").expect("the provider says who it is");
        let back = if iss.is_empty() { back[..at].to_owned() } else { format!("{}&iss={iss}", &back[..at]) };
        refused(&browser.open(&back).await, 502, UNFINISHED);
    }
    assert_eq!(world.noted(ActivityKind::SecurityAlert).await, ["provider_mix_up"; 2]);
    assert_eq!(world.users(), 0);
}

#[tokio::test]
async fn forged_id_tokens_make_no_account() {
    let world = World::start().await;
    let mut browser = world.browser();
    let claims = [
        ("nonce", json!("another")),
        ("aud", json!("another.apps.example")),
        ("iss", json!("https://accounts.google.com")),
        ("exp", json!(1)),
        ("azp", json!("another.apps.example")),
    ];
    for (name, value) in claims {
        world.provider.forges(move |_, claims| claims[name] = value);
        refused(&browser.signs_in(BEGIN).await, 502, UNFINISHED);
    }
    for (name, value) in
        [("alg", json!("none")), ("alg", json!("HS256")), ("jwk", json!({})), ("kid", json!("other"))]
    {
        world.provider.forges(move |header, _| header[name] = value);
        refused(&browser.signs_in(BEGIN).await, 502, UNFINISHED);
    }
    assert_eq!(world.noted(ActivityKind::SecurityAlert).await, ["forged_id_token"; 9]);
    world.provider.forges(|_, claims| claims["email_verified"] = json!(false));
    refused(&browser.signs_in(BEGIN).await, 502, UNFINISHED);
    assert_eq!(world.users(), 0);
    code_on(&browser.signs_in(BEGIN).await.expect(200));
    world.provider.changes_key();
    refused(&browser.signs_in(BEGIN).await, 502, UNFINISHED);
}

#[tokio::test]
async fn unknown_keys_are_asked_for_once_in_half_a_minute() {
    let world = World::start().await;
    let mut browser = world.browser();
    code_on(&browser.signs_in(BEGIN).await.expect(200));
    let before = world.provider.asked_for_keys();
    for attempt in 0..40 {
        world.provider.forges(move |header, _| header["kid"] = format!("random-{attempt}").into());
        browser.signs_in(BEGIN).await.expect(502);
    }
    assert_eq!(world.provider.asked_for_keys(), before, "asked a moment ago");
    world.advance(31);
    for attempt in 0..5 {
        world.provider.forges(move |header, _| header["kid"] = format!("later-{attempt}").into());
        browser.signs_in(BEGIN).await.expect(502);
    }
    assert_eq!(world.provider.asked_for_keys(), before + 1);
    // What is known is used on while the provider is away.
    world.provider.is_away(true);
    world.advance(7_200);
    code_on(&browser.signs_in(BEGIN).await.expect(200));
}

#[tokio::test]
async fn return_to_is_a_key_and_never_an_address() {
    let world = World::start().await;
    let mut browser = world.browser();
    for key in [
        "unknown",
        "https%3A%2F%2Fevil.example",
        "https%3A%2F%2Fsora.example%2Fback",
        "%2F%2Fevil.example",
        "chatgpt%40evil.example",
        "chatgpt%5C",
        "..%2Fchatgpt",
        "CHATGPT",
        "chatgpt%00",
    ] {
        let answer = browser.open(&format!("/api/auth/google?session=s1&return_to={key}")).await;
        refused(&answer, 400, "This app is not known");
        assert_eq!(answer.header("location"), "");
    }
    let other = world.app.admin().await;
    // A key leads to the app that had it first, and so does a client id.
    for (client_id, key) in [("another", "chatgpt"), ("another", "sora2")] {
        let taken = world.makes_client(&other, client_id, key).await;
        assert!(matches!(taken, Err(IdentityError::ReturnToTaken)), "{client_id} {key}");
    }
    for client_id in ["chatgpt", "sora2"] {
        let taken = world.makes_client(&other, client_id, "another").await;
        assert!(matches!(taken, Err(IdentityError::ClientIdTaken)), "{client_id}");
    }
    browser.leaves("session=s1&return_to=chatgpt").await;
    browser.leaves("session=s1&return_to=sora2").await;
}

#[tokio::test]
async fn without_settings_nobody_signs_in_with_google() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/api/auth/google?session=s1").await;
    refused(&answer, 404, "Not here");
    let answer = app.anonymous().get("/api/auth/verify-session").await;
    answer.problem(400, "bad-request");
}
