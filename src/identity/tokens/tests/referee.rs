//! What a library of others says of our tokens and keys.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};

use super::*;

fn keys(world: &World) -> JwkSet {
    serde_json::from_str(&world.tokens.jwks()).expect("a key set")
}

#[tokio::test]
async fn our_tokens_are_accepted_with_our_published_keys() {
    let world = World::new().await;
    let token = world.token();
    let header = decode_header(&token).expect("a header");
    let kid = header.kid.expect("a key's name");
    let jwk = keys(&world).find(&kid).cloned().expect("the key");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[ISSUER]);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The time of this test stands still.
    rules.validate_exp = false;
    let key = DecodingKey::from_jwk(&jwk).expect("a key");
    let referee = decode::<Claims>(&token, &key, &rules).expect("the referee accepts it");
    assert_eq!(referee.claims, *world.tokens.verify_access(&token, at(0)).expect("claims"));
    assert_eq!(&*jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).expect("a thumbprint"), kid);
}

#[tokio::test]
async fn the_referee_s_signature_of_the_same_is_ours() {
    let world = World::new().await;
    let stored = world.store.load().await.expect("a ring");
    let private = stored.keys[0].private.as_ref().expect("a private half");
    // Out of PKCS #8 into PKCS #1: the last 1,190 bytes or so are the inner key.
    let start = private.windows(4).skip(20).position(|bytes| bytes[..2] == [0x30, 0x82]).expect("a key") + 20;
    let key = jsonwebtoken::EncodingKey::from_rsa_der(&private[start..]);
    let mut header = jsonwebtoken::Header::new(Algorithm::RS256);
    (header.typ, header.kid) = (Some("at+jwt".into()), Some(world.kid()));
    let (_, claims) = world.tokens.issue_access(&grant(), at(0)).expect("a token");
    let token = jsonwebtoken::encode(&header, &claims, &key).expect("signed by the referee");
    assert_eq!(*world.tokens.verify_access(&token, at(0)).expect("accepted"), claims);
}
