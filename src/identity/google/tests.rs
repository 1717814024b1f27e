//! ID tokens, genuine and forged, against a provider's keys.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use serde_json::{Value, json};

use super::{
    id_token::{Expected, key_id, verify},
    *,
};

const ISSUER: &str = "https://provider.example";
const NOW: i64 = 1_700_000_000;

struct Signer {
    pair: KeyPair,
    kid: &'static str,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        Self { pair: KeyPair::generate(KeySize::Rsa2048).expect("a key"), kid }
    }

    fn key(&self) -> Value {
        let public = self.pair.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let n = number(public.modulus().big_endian_without_leading_zero());
        let e = number(public.exponent().big_endian_without_leading_zero());
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "RSA signing takes a generator of this library; PKCS #1 v1.5 draws nothing"
    )]
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("signed");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" })
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "110169484474386276334", "aud": "us", "azp": "us", "exp": NOW + 3_600, "iat": NOW,
        "nonce": "n-0S6", "email": "Ann@Mail.example", "email_verified": true, "name": "Ann Lee", "at_hash": "x",
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    if value.is_null() {
        object.as_object_mut().expect("an object").remove(name);
    } else {
        object[name] = value;
    }
    object
}

fn set(keys: &[Value]) -> KeySet {
    serde_json::from_value(json!({ "keys": keys })).expect("a key set")
}

fn checked(token: &str, keys: &KeySet, issuer: &str) -> Result<Person, TokenFault> {
    let time = Time::from_micros(NOW * 1_000_000);
    verify(token, keys, &Expected { issuer, client_id: "us", nonce: "n-0S6", time })
}

#[test]
fn a_genuine_token_says_who_signed_in() {
    let signer = Signer::new("k1");
    let keys = set(&[json!({ "kty": "EC", "kid": "k0", "crv": "P-256" }), signer.key()]);
    let person = checked(&signer.sign(&header(), &claims()), &keys, ISSUER).expect("genuine");
    assert_eq!((&*person.subject, person.email.as_str()), ("110169484474386276334", "ann@mail.example"));
    assert_eq!(person.name.as_deref(), Some("Ann Lee"));
    assert!(!format!("{person:?}").contains("ann"));
    for (name, value) in [
        ("aud", json!(["us"])),
        ("aud", json!(["others", "us"])),
        ("azp", Value::Null),
        ("email_verified", json!("true")),
        ("name", Value::Null),
        ("exp", json!(NOW - 59)),
        ("iat", json!(NOW + 60)),
    ] {
        let token = signer.sign(&header(), &with(claims(), name, value.clone()));
        assert!(checked(&token, &keys, ISSUER).is_ok(), "{name} {value}");
    }
    let google = with(claims(), "iss", json!("accounts.google.com"));
    for (claims, runs) in [
        (google.clone(), false),
        (with(google.clone(), "hd", json!("mail.example")), true),
        (with(google, "email", json!("ann@gmail.com")), true),
    ] {
        let person = checked(&signer.sign(&header(), &claims), &keys, "https://accounts.google.com");
        assert_eq!(person.expect("Google says its name both ways").runs_mailbox, runs);
    }
    for (name, value) in [("hd", json!("mail.example")), ("email", json!("ann@gmail.com"))] {
        let person = checked(&signer.sign(&header(), &with(claims(), name, value)), &keys, ISSUER);
        assert!(!person.expect("genuine").runs_mailbox, "only Google can say so");
    }
}

#[test]
fn every_claim_that_is_off_is_refused() {
    let signer = Signer::new("k1");
    let keys = set(&[signer.key()]);
    for (name, value, fault) in [
        ("iss", json!("https://evil.example"), TokenFault::Issuer),
        ("iss", json!("accounts.google.com"), TokenFault::Issuer),
        ("iss", Value::Null, TokenFault::Malformed),
        ("aud", json!("them"), TokenFault::Audience),
        ("aud", json!(["them"]), TokenFault::Audience),
        ("azp", json!("them"), TokenFault::Audience),
        ("exp", json!(NOW - 60), TokenFault::Time),
        ("exp", Value::Null, TokenFault::Malformed),
        ("iat", json!(NOW + 61), TokenFault::Time),
        ("nonce", json!("n-0S7"), TokenFault::Nonce),
        ("nonce", Value::Null, TokenFault::Nonce),
        ("sub", json!(""), TokenFault::Malformed),
        ("sub", json!("s".repeat(256)), TokenFault::Malformed),
        ("email_verified", json!(false), TokenFault::Unconfirmed),
        ("email_verified", json!("yes"), TokenFault::Unconfirmed),
        ("email_verified", Value::Null, TokenFault::Unconfirmed),
        ("email", Value::Null, TokenFault::Unconfirmed),
        ("email", json!("ann@mail.example\r\nBcc: eve@evil.example"), TokenFault::Unconfirmed),
    ] {
        let token = signer.sign(&header(), &with(claims(), name, value.clone()));
        assert_eq!(checked(&token, &keys, ISSUER), Err(fault), "{name} {value}");
    }
    let others = with(with(claims(), "aud", json!(["us", "them"])), "azp", Value::Null);
    assert_eq!(checked(&signer.sign(&header(), &others), &keys, ISSUER), Err(TokenFault::Audience));
}

#[test]
fn headers_that_choose_keys_or_algorithms_are_refused() {
    let (signer, other) = (Signer::new("k1"), Signer::new("k1"));
    let keys = set(&[signer.key()]);
    let own_key = other.key();
    for (name, value, fault) in [
        ("alg", json!("none"), TokenFault::Header),
        ("alg", json!("HS256"), TokenFault::Header),
        ("alg", json!("PS256"), TokenFault::Header),
        ("alg", json!("rs256"), TokenFault::Header),
        ("typ", json!("at+jwt"), TokenFault::Header),
        ("kid", json!("../k1"), TokenFault::Key),
        ("kid", Value::Null, TokenFault::Key),
        ("jwk", own_key, TokenFault::Header),
        ("jku", json!("https://evil.example/keys"), TokenFault::Header),
        ("x5u", json!("https://evil.example/cert"), TokenFault::Header),
        ("crit", json!(["exp"]), TokenFault::Header),
    ] {
        let token = signer.sign(&with(header(), name, value.clone()), &claims());
        assert_eq!(checked(&token, &keys, ISSUER), Err(fault), "{name} {value}");
    }
    let forged = other.sign(&header(), &claims());
    assert_eq!(checked(&forged, &keys, ISSUER), Err(TokenFault::Signature), "another key of that name");
}

#[test]
fn what_is_no_token_is_refused_without_a_panic() {
    let signer = Signer::new("k1");
    let keys = set(&[signer.key()]);
    let good = signer.sign(&header(), &claims());
    let (signed, signature) = good.rsplit_once('.').expect("parts");
    let claims_swapped = {
        let mut parts: Vec<_> = good.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(with(claims(), "sub", json!("1")).to_string());
        parts[1] = &other;
        parts.join(".")
    };
    for bad in [
        String::new(),
        "..".into(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{good}.x"),
        format!("{signed}.{}", &signature[..40]),
        format!(".{good}"),
        claims_swapped,
        format!("{}.{}", "a".repeat(20_000), good),
    ] {
        assert!(checked(&bad, &keys, ISSUER).is_err(), "{bad}");
        let _ = key_id(&bad);
    }
    let small = json!({ "kty": "RSA", "kid": "k1", "n": "AQAB", "e": "AQAB" });
    assert_eq!(checked(&good, &set(&[small]), ISSUER), Err(TokenFault::Signature), "a key that is too short");
    for unusable in [
        with(signer.key(), "use", json!("enc")),
        with(signer.key(), "alg", json!("RS512")),
        with(signer.key(), "kty", json!("oct")),
        with(signer.key(), "n", json!("not base64!")),
        with(signer.key(), "kid", Value::Null),
    ] {
        assert_eq!(checked(&good, &set(&[unusable]), ISSUER), Err(TokenFault::Key));
    }
}
