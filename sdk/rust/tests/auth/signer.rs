//! A small authorization server's keys: RSA, made once.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKeyComponents},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::START;

pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const USER: &str = "c413e5f7-4b8c-44aa-9ff4-56c1476bc5a2";

/// A key with a name.
pub(crate) struct Signer {
    pub(crate) kid: &'static str,
    pair: KeyPair,
}

pub(crate) static FIRST: LazyLock<Signer> = LazyLock::new(|| Signer::new("first"));
pub(crate) static SECOND: LazyLock<Signer> = LazyLock::new(|| Signer::new("second"));

impl Signer {
    fn new(kid: &'static str) -> Self {
        Self { kid, pair: KeyPair::generate(KeySize::Rsa2048).expect("a key") }
    }

    pub(crate) fn components(&self) -> PublicKeyComponents<Vec<u8>> {
        // RSAPublicKey in DER with 2,048 bits: nine bytes before the modulus, two before the exponent.
        let der = self.pair.public_key().as_ref();
        PublicKeyComponents { n: der[9..265].to_vec(), e: der[267..].to_vec() }
    }

    pub(crate) fn jwk(&self) -> Value {
        let PublicKeyComponents { n, e } = self.components();
        let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": encode(n), "e": encode(e) })
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "at+jwt", "kid": self.kid })
    }

    /// A token of this user.
    pub(crate) fn token(&self) -> String {
        self.sign(&self.header().to_string(), &claims().to_string())
    }

    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        #[expect(clippy::disallowed_methods, reason = "PKCS #1 v1.5 draws nothing from it")]
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What is signed.
pub(crate) fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// What a user's token says.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": USER, "aud": [AUDIENCE], "iat": START, "exp": START + 900,
        "jti": "5c1c1c0e-5a52-4f5e-8f58-6e3f2f0c1d11", "client_id": "web-shop", "scope": "openid credits:read",
        "type": "access", "principal_type": "user", "org_id": "0fdf3a76-674b-4118-b6f1-e0a88982d0d5",
        "sid": "11111111-2222-4333-8444-555555555555", "roles": ["customer"], "tomorrow": { "new": true },
    })
}

/// The set of these keys.
pub(crate) fn jwks(signers: &[&Signer]) -> String {
    // What other servers publish beside, and what must not be taken for a key of ours.
    let mut keys = vec![
        json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "x": "AA", "y": "AA" }),
        json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AA" }),
        json!({ "kty": "RSA", "kid": "small", "n": "AQAB", "e": "AQAB" }),
        json!("nonsense"),
    ];
    keys.extend(signers.iter().map(|signer| signer.jwk()));
    json!({ "keys": keys }).to_string()
}
