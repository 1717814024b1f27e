//! What a verified token must say.

use std::sync::Arc;

use credit_ledger_client::auth::{TokenFault, TokenVerifier};
use serde_json::{Value, json};

use crate::{
    ManualClock, START, http,
    server::Server,
    signer::{AUDIENCE, FIRST, ISSUER, USER, claims, jwks},
};

pub(crate) fn verifier(server: &Server, clock: &ManualClock) -> TokenVerifier {
    TokenVerifier::with_clock(
        http(),
        ISSUER,
        AUDIENCE,
        &format!("{}/oauth/jwks", server.url),
        Arc::new(clock.clone()),
    )
}

async fn published() -> (TokenVerifier, ManualClock) {
    let server = Server::start([(200, "max-age=300", jwks(&[&FIRST]))]).await;
    let clock = ManualClock::default();
    (verifier(&server, &clock), clock)
}

#[tokio::test]
async fn a_users_token_says_who_and_what() {
    let (verifier, _) = published().await;
    let claims = verifier.verify(&FIRST.token()).await.expect("a good token");
    assert_eq!(claims.user().expect("a user").to_string(), USER);
    assert!(claims.allows("credits:read") && !claims.allows("credits") && !claims.allows("groups:read"));
    assert_eq!(claims.org_id.expect("one").to_string(), "0fdf3a76-674b-4118-b6f1-e0a88982d0d5");
    assert_eq!((claims.client_id.as_str(), claims.roles), ("web-shop", vec!["customer".to_owned()]));
}

#[tokio::test]
async fn a_services_token_is_no_users() {
    let (verifier, _) = published().await;
    let mut says = claims();
    says["sub"] = json!("chat-api-service");
    says["client_id"] = json!("chat-api-service");
    says["principal_type"] = json!("service");
    says["aud"] = json!(AUDIENCE);
    let token = FIRST.sign(&FIRST.header().to_string(), &says.to_string());
    let claims = verifier.verify(&token).await.expect("a good token");
    assert_eq!((claims.user(), claims.sub.as_str()), (None, "chat-api-service"));
}

/// Each is the good token but for one claim, signed by the right key.
#[tokio::test]
async fn a_claim_that_is_not_as_it_must_be_is_refused() {
    let (verifier, _) = published().await;
    let wrong: &[(&str, Value, TokenFault)] = &[
        ("iss", json!("https://auth.example.evil"), TokenFault::Issuer),
        ("iss", json!("https://auth.example/"), TokenFault::Issuer),
        ("iss", Value::Null, TokenFault::Malformed),
        ("aud", json!(["https://other.example"]), TokenFault::Audience),
        ("aud", json!([]), TokenFault::Audience),
        ("aud", json!({}), TokenFault::Malformed),
        ("type", json!("refresh"), TokenFault::Type),
        ("type", Value::Null, TokenFault::Malformed),
        ("exp", json!(START - 5), TokenFault::Expired),
        ("exp", json!("tomorrow"), TokenFault::Malformed),
        ("exp", Value::Null, TokenFault::Malformed),
        ("iat", json!(START + 6), TokenFault::Early),
        ("nbf", json!(START + 6), TokenFault::Early),
        ("jti", json!(""), TokenFault::Principal),
        ("sub", json!("chat-api-service"), TokenFault::Principal),
        ("principal_type", json!("service"), TokenFault::Principal),
        ("principal_type", json!("admin"), TokenFault::Malformed),
        ("principal_type", Value::Null, TokenFault::Malformed),
        ("client_id", Value::Null, TokenFault::Malformed),
    ];
    for (name, value, fault) in wrong {
        let mut says = claims();
        if value.is_null() {
            says.as_object_mut().expect("an object").remove(*name);
        } else {
            says[*name] = value.clone();
        }
        let token = FIRST.sign(&FIRST.header().to_string(), &says.to_string());
        assert_eq!(verifier.verify(&token).await, Err(*fault), "{name}: {value}");
    }
}

#[tokio::test]
async fn a_service_can_not_have_a_users_name() {
    let (verifier, _) = published().await;
    let mut says = claims();
    says["client_id"] = json!(USER);
    says["principal_type"] = json!("service");
    let token = FIRST.sign(&FIRST.header().to_string(), &says.to_string());
    assert_eq!(verifier.verify(&token).await, Err(TokenFault::Principal));
}

#[tokio::test]
async fn a_claim_that_stands_twice_is_refused() {
    let (verifier, _) = published().await;
    let twice = claims().to_string().replacen('{', &format!(r#"{{"sub":"{USER}","#), 1);
    let token = FIRST.sign(&FIRST.header().to_string(), &twice);
    assert_eq!(verifier.verify(&token).await, Err(TokenFault::Malformed));
}

#[tokio::test]
async fn a_token_ends_five_seconds_after_its_time() {
    let (verifier, clock) = published().await;
    let token = FIRST.token();
    clock.advance_s(904);
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance_s(1);
    assert_eq!(verifier.verify(&token).await, Err(TokenFault::Expired));
}
