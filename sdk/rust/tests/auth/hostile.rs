//! Tokens that somebody made up (RFC 8725).

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_ledger_client::auth::TokenFault;
use serde_json::{Value, json};

use crate::{
    ManualClock,
    claims::verifier,
    server::Server,
    signer::{FIRST, SECOND, claims, jwks, message},
};

/// Signed with the public key as if it were a shared secret.
fn confused(kid: &str) -> String {
    let message =
        message(&json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }).to_string(), &claims().to_string());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &FIRST.components().n);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
}

fn with_header(header: &Value) -> String {
    FIRST.sign(&header.to_string(), &claims().to_string())
}

fn header_with(name: &str, value: Value) -> String {
    let mut header = FIRST.header();
    header[name] = value;
    with_header(&header)
}

/// The good token with other claims, or another key's signature.
fn forged() -> [String; 3] {
    let good = FIRST.token();
    let (message, signature) = good.rsplit_once('.').expect("a signature");
    let (header, _) = message.split_once('.').expect("a header");
    let mut richer = claims();
    richer["scope"] = json!("admin");
    let richer = URL_SAFE_NO_PAD.encode(richer.to_string());
    [
        format!("{header}.{richer}.{signature}"),
        format!("{message}."),
        SECOND.sign(&FIRST.header().to_string(), &claims().to_string()),
    ]
}

#[tokio::test]
async fn tokens_that_were_made_up_are_refused() {
    let server = Server::start([(200, "", jwks(&[&FIRST]))]).await;
    let verifier = verifier(&server, &ManualClock::default());
    let none = message(
        &json!({ "alg": "none", "typ": "at+jwt", "kid": "first" }).to_string(),
        &claims().to_string(),
    );
    let mut hostile = vec![
        (format!("{none}."), TokenFault::Algorithm),
        (none, TokenFault::Malformed),
        (confused("first"), TokenFault::Algorithm),
        (confused("shared"), TokenFault::Algorithm),
        (header_with("alg", json!("RS384")), TokenFault::Algorithm),
        (header_with("alg", json!("rs256")), TokenFault::Algorithm),
        (header_with("alg", json!(["RS256"])), TokenFault::Malformed),
        (header_with("typ", json!("JWT")), TokenFault::Type),
        (with_header(&json!({ "alg": "RS256", "kid": "first" })), TokenFault::Malformed),
        (with_header(&json!({ "alg": "RS256", "typ": "at+jwt" })), TokenFault::Malformed),
        (header_with("kid", json!("")), TokenFault::UnknownKey),
        (header_with("kid", json!("../../../dev/null")), TokenFault::UnknownKey),
        (header_with("kid", json!("first' OR '1'='1")), TokenFault::UnknownKey),
        (header_with("kid", json!("k".repeat(200))), TokenFault::UnknownKey),
        (header_with("kid", json!("ec")), TokenFault::UnknownKey),
        (header_with("kid", json!("small")), TokenFault::UnknownKey),
        (header_with("jku", json!("https://evil.example/jwks")), TokenFault::Malformed),
        (header_with("jwk", SECOND.jwk()), TokenFault::Malformed),
        (header_with("x5u", json!("https://evil.example/chain")), TokenFault::Malformed),
        (header_with("x5c", json!(["MII"])), TokenFault::Malformed),
        (header_with("crit", json!(["exp"])), TokenFault::Malformed),
        (
            FIRST.sign(r#"{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"first"}"#, &claims().to_string()),
            TokenFault::Malformed,
        ),
        (FIRST.sign(&FIRST.header().to_string(), "[]"), TokenFault::Malformed),
        (format!("{}=", FIRST.token()), TokenFault::Malformed),
        (format!("{}.x", FIRST.token()), TokenFault::Malformed),
        (format!(" {}", FIRST.token()), TokenFault::Malformed),
        (String::new(), TokenFault::Malformed),
        ("..".to_owned(), TokenFault::Malformed),
        ("a".repeat(1_000_000), TokenFault::Malformed),
        ("é.é.é".to_owned(), TokenFault::Malformed),
    ];
    hostile.extend(forged().map(|token| (token, TokenFault::Signature)));
    for (token, fault) in hostile {
        assert_eq!(
            verifier.verify(&token).await,
            Err(fault),
            "{}",
            &token.chars().take(400).collect::<String>()
        );
    }
    assert!(verifier.verify(&FIRST.token()).await.is_ok(), "the same verifier takes the good one");
    assert!(verifier.verify(&header_with("typ", json!("application/at+jwt"))).await.is_ok());
}
