//! Metadata and keys.

use std::collections::BTreeSet;

use credit_ledger::http::routes::ROUTES;

use super::world::World;

#[tokio::test]
async fn both_documents_say_the_same_of_endpoints_that_exist() {
    let world = World::new().await;
    let get = |path: &'static str| world.app.anonymous().get(path);
    let one = get("/.well-known/oauth-authorization-server").await.expect(200);
    let two = get("/.well-known/openid-configuration").await.expect(200);
    assert_eq!(one.json(), two.json());
    assert_eq!(one.header("cache-control"), "public, max-age=300");
    let issuer = world.app.ledger.auth.issuer();
    let document = one.json();
    assert_eq!(document["issuer"], issuer);
    let paths: BTreeSet<_> = ROUTES.iter().map(|route| route.path).collect();
    let mut endpoints = 0;
    for (name, value) in document.as_object().expect("an object") {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().and_then(|url| url.strip_prefix(issuer)).expect("a URL of ours");
            assert!(paths.contains(path), "{name}: {path}");
            endpoints += 1;
        }
    }
    assert_eq!(endpoints, 7);
    assert_eq!(document["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn the_key_that_signs_is_published() {
    let world = World::new().await;
    let client = world.client("service", "groups:read").await;
    let answer = world.app.anonymous().get("/oauth/jwks").await.expect(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    let keys = answer.json();
    let token = world.token(&client, &[("grant_type", "client_credentials")]).await.expect(200);
    let kid =
        credit_ledger::identity::tokens::key_id(&token.member("access_token")).expect("a kid").to_owned();
    let key = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == *kid).expect("the key");
    assert_eq!(
        (key["kty"].as_str(), key["alg"].as_str(), key["use"].as_str()),
        (Some("RSA"), Some("RS256"), Some("sig"))
    );
    assert!(key.get("d").is_none(), "only the half that verifies");
}
