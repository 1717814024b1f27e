//! Authorization codes: a row each, which stays for a while after it was spent, so that a second
//! redemption is seen for what it is (RFC 9700 section 2.1.1, RFC 6749 section 10.5).

use events::{AppId, SessionId, Time, TokenId, UserId, Verifier};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::pkce::Challenge;
use crate::identity::vault::{Kept, Kind};

/// How long a code may be redeemed, in seconds.
pub const LIFETIME_S: i64 = 60;
/// How long a spent code is remembered, in seconds: longer than the tokens that came of it live.
pub const REMEMBERED_S: i64 = 3_700;

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The keyed hash of its secret.
    pub verifier: Verifier,
    /// The client.
    pub app: AppId,
    /// Where it was sent.
    pub redirect_uri: Box<str>,
    /// By what its redeemer is recognized.
    pub challenge: Challenge,
    /// Who signed in.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// When, in seconds since 1970.
    pub auth_time: i64,
    /// When the code was made.
    pub made: Time,
    /// What was agreed to, between spaces.
    pub scope: Box<str>,
    /// For the ID token.
    pub nonce: Option<Box<str>>,
    /// What the tokens are for.
    pub audiences: Vec<Box<str>>,
    /// What came of it, once it is spent.
    pub spent: Option<Spent>,
}

/// What came of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The access token.
    pub token: TokenId,
    /// Until when it lives, in seconds since 1970.
    pub until: i64,
    /// The family of refresh tokens, if there is one.
    pub family: Option<Uuid>,
}

impl Kept for Code {
    const KIND: Kind = Kind::Code;
}

impl Code {
    /// Whether this client may redeem it with this proof.
    #[must_use]
    pub fn belongs_to(&self, app: AppId, redirect_uri: &str, verifier: &str) -> bool {
        self.app == app && &*self.redirect_uri == redirect_uri && self.challenge.accepts(verifier)
    }
}

/// So many seconds after this moment.
#[must_use]
pub fn later(now: Time, seconds: i64) -> Time {
    now.plus_micros(seconds.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_belongs_to_one_client_one_uri_and_one_verifier() {
        let challenge = Challenge::parse(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Some("S256"));
        let app = AppId(Uuid::from_u128(1));
        let code = Code {
            verifier: Verifier([0; 32]),
            app,
            redirect_uri: "https://a.example/cb".into(),
            challenge: challenge.expect("a challenge"),
            user: UserId(Uuid::from_u128(2)),
            session: SessionId(Uuid::from_u128(3)),
            auth_time: 0,
            made: Time::from_micros(0),
            scope: "openid".into(),
            nonce: None,
            audiences: Vec::new(),
            spent: None,
        };
        let proof = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(code.belongs_to(app, "https://a.example/cb", proof));
        assert!(!code.belongs_to(AppId(Uuid::from_u128(9)), "https://a.example/cb", proof));
        assert!(!code.belongs_to(app, "https://a.example/cb/", proof));
        assert!(!code.belongs_to(app, "https://a.example/cb", &proof.replace('d', "e")));
        let json = serde_json::to_string(&code).expect("JSON");
        assert_eq!(serde_json::from_str::<Code>(&json).expect("a code"), code);
    }
}
