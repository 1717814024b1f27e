//! The row "JWT" of the table of threats: each trick is refused, and for its own reason.

use aws_lc_rs::hmac;

use super::*;

/// The token with its signature, or with another one.
fn with_header(world: &World, header: &Value) -> String {
    world.signed(header, &world.claims().to_string())
}

#[tokio::test]
async fn no_algorithm_but_ours() {
    let world = World::new().await;
    for alg in ["none", "None", "NONE", "", "RS512", "PS256", "ES256", "HS256", "rs256"] {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": world.kid() });
        assert_eq!(world.fault(&with_header(&world, &header)), TokenFault::Algorithm, "{alg}");
    }
    let unsigned = format!(
        "{}.{}.",
        encoded(&json!({ "alg": "none", "typ": "at+jwt" }).to_string()),
        encoded(&world.claims().to_string())
    );
    assert_eq!(world.fault(&unsigned), TokenFault::Algorithm);
    // Said to be RS256, and not signed at all.
    let token = world.token();
    let bare = &token[..=token.rfind('.').expect("a signature")];
    assert_eq!(world.fault(bare), TokenFault::Signature);
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let world = World::new().await;
    let keys = world.tokens.keys();
    let [key] = keys.as_slice() else { panic!("one key") };
    for secret in [key.public.der(), key.public.modulus().as_bytes(), world.tokens.jwks().as_bytes()] {
        for alg in ["HS256", "RS256"] {
            let header = json!({ "alg": alg, "typ": "at+jwt", "kid": world.kid() });
            let text = format!("{}.{}", encoded(&header.to_string()), encoded(&world.claims().to_string()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
            let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag));
            let expected = if alg == "HS256" { TokenFault::Algorithm } else { TokenFault::Signature };
            assert_eq!(world.fault(&token), expected);
        }
    }
}

#[tokio::test]
async fn a_key_s_name_is_only_a_name() {
    let world = World::new().await;
    let names = [
        "../../../../dev/null",
        "/proc/self/environ",
        "x' UNION SELECT 'secret' --",
        "http://169.254.169.254/key",
        "",
        "unknown",
        &"k".repeat(4_000),
    ];
    for kid in names {
        let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": kid });
        assert_eq!(world.fault(&with_header(&world, &header)), TokenFault::UnknownKey, "{kid}");
    }
    let without = json!({ "alg": "RS256", "typ": "at+jwt" });
    assert_eq!(world.fault(&with_header(&world, &without)), TokenFault::UnknownKey);
}

#[tokio::test]
async fn a_token_brings_no_key_and_no_conditions() {
    let world = World::new().await;
    let jwk = serde_json::from_str::<Value>(&world.tokens.jwks()).expect("JSON")["keys"][0].clone();
    let members = [
        ("jku", json!("https://evil.example/jwks")),
        ("jwk", jwk),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ];
    for (name, value) in members {
        let mut header = world.header();
        header[name] = value;
        assert_eq!(world.fault(&with_header(&world, &header)), TokenFault::Header, "{name}");
    }
}

#[tokio::test]
async fn a_member_comes_once() {
    let world = World::new().await;
    let header = world.header().to_string().replacen('{', r#"{"alg":"none","#, 1);
    let claims = world.claims().to_string();
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    assert_eq!(world.fault(&format!("{text}.AAAA")), TokenFault::Header);
    let twice = claims.replacen('{', r#"{"sub":"somebody else","#, 1);
    assert_eq!(world.fault(&world.signed(&world.header(), &twice)), TokenFault::Malformed);
}

#[tokio::test]
async fn another_kind_of_token_is_refused() {
    let world = World::new().await;
    for typ in [json!("JWT"), json!("at+JWT"), json!("logout+jwt"), json!(""), Value::Null] {
        let header = json!({ "alg": "RS256", "typ": typ, "kid": world.kid() });
        assert_eq!(world.fault(&with_header(&world, &header)), TokenFault::Kind, "{typ}");
    }
}

#[tokio::test]
async fn claims_that_are_not_ours_are_refused() {
    let world = World::new().await;
    let cases = [
        ("iss", json!("https://evil.example"), TokenFault::Issuer),
        ("iss", json!(format!("{ISSUER}/")), TokenFault::Issuer),
        ("aud", json!(["https://evil.example"]), TokenFault::Audience),
        ("aud", json!([]), TokenFault::Audience),
        ("aud", json!(ISSUER), TokenFault::Malformed),
        ("type", json!("refresh"), TokenFault::Malformed),
        ("type", Value::Null, TokenFault::Malformed),
        ("principal_type", json!("operator"), TokenFault::Malformed),
        ("roles", json!(["root"]), TokenFault::Malformed),
        ("exp", json!(NOON_S - 6), TokenFault::Expired),
        ("exp", json!("never"), TokenFault::Malformed),
        ("exp", json!(1e30), TokenFault::Malformed),
        ("exp", Value::Null, TokenFault::Malformed),
        ("iat", json!(NOON_S + 6), TokenFault::NotYetValid),
        ("iat", json!(i64::MAX), TokenFault::NotYetValid),
        ("nbf", json!(NOON_S + 6), TokenFault::NotYetValid),
        ("jti", json!("1"), TokenFault::Malformed),
        ("org_id", json!("../"), TokenFault::Malformed),
    ];
    for (name, value, fault) in cases {
        let mut claims = world.claims();
        claims[name] = value.clone();
        assert_eq!(
            world.fault(&world.signed(&world.header(), &claims.to_string())),
            fault,
            "{name}: {value}"
        );
    }
    for name in ["iss", "aud", "exp", "iat", "jti", "sub", "client_id", "scope", "type", "principal_type"] {
        let mut claims = world.claims();
        claims.as_object_mut().expect("an object").remove(name);
        let token = world.signed(&world.header(), &claims.to_string());
        assert_eq!(world.fault(&token), TokenFault::Malformed, "without {name}");
    }
}

#[tokio::test]
async fn any_other_byte_makes_a_token_worthless() {
    let world = World::new().await;
    let token = world.token();
    world.tokens.verify_access(&token, at(0)).expect("it is cached");
    for index in (0..token.len()).step_by(7) {
        for other in
            ["A", "_", ".", "=", " ", "é"].into_iter().filter(|other| !token[index..].starts_with(other))
        {
            let changed = format!("{}{other}{}", &token[..index], &token[index + 1..]);
            assert!(world.tokens.verify_access(&changed, at(0)).is_err(), "{index}: {other}");
        }
        assert!(world.tokens.verify_access(&token[..index], at(0)).is_err(), "cut at {index}");
    }
    for text in [format!("{token}="), format!(" {token}"), format!("{token}."), format!("{token}A")] {
        assert!(world.tokens.verify_access(&text, at(0)).is_err(), "{text}");
    }
}

#[tokio::test]
async fn garbage_and_giants_are_refused_before_anything_is_computed() {
    let world = World::new().await;
    for text in ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "\0.\0.\0", "e30.e30.", "e30.e30.e30"] {
        let fault = world.fault(text);
        assert!(matches!(fault, TokenFault::Malformed | TokenFault::Header), "{text}: {fault:?}");
    }
    assert_eq!(world.fault(&"a".repeat(1 << 20)), TokenFault::TooLong);
    let mut claims = world.claims();
    claims["scope"] = json!("x".repeat(1 << 20));
    assert_eq!(world.fault(&world.signed(&world.header(), &claims.to_string())), TokenFault::TooLong);
    let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
    assert_eq!(world.fault(&world.signed(&world.header(), &deep)), TokenFault::Malformed);
}

#[tokio::test]
async fn another_ledger_s_token_is_nothing_here() {
    let (world, other) = (World::new().await, World::new().await);
    assert_eq!(world.fault(&other.token()), TokenFault::UnknownKey);
    // Not even under our key's name.
    let mut header = other.header();
    header["kid"] = json!(world.kid());
    assert_eq!(world.fault(&with_header(&other, &header)), TokenFault::Signature);
    assert!(world.tokens.knows(&world.token()) && !world.tokens.knows(&other.token()));
    assert!(!world.tokens.knows("clk_x"));
}
