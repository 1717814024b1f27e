mod hostile;
mod lives;
mod referee;

use events::{AppId, OrgId, SessionId, UserId, UserRole};
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::Generator,
    identity::{Scope, Scopes},
};

const ISSUER: &str = "https://credits.example";
/// 2026-11-21T09:30:00Z
const NOON_S: i64 = 1_795_253_400;

fn at(seconds: i64) -> Time {
    Time::from_micros((NOON_S + seconds) * 1_000_000)
}

fn user() -> UserId {
    UserId(uuid::Uuid::from_u128(0xA11CE))
}

fn grant() -> AccessGrant {
    AccessGrant {
        whose: Whose::User {
            user: user(),
            session: Some(SessionId(uuid::Uuid::from_u128(7))),
            roles: vec![UserRole::Customer],
            auth_time: Some(NOON_S),
        },
        org: OrgId(uuid::Uuid::from_u128(1)),
        client_id: "chat-app".into(),
        app: Some(AppId(uuid::Uuid::from_u128(2))),
        scopes: [Scope::CreditsCheck, Scope::CreditsDeduct].into_iter().collect(),
        audience: Vec::new(),
        domain: Some("https://chat.example".into()),
    }
}

struct World {
    tokens: Tokens,
    store: Arc<MemoryKeys>,
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(MemoryKeys::default());
        Self { tokens: replica(&store, 0).await, store }
    }

    fn token(&self) -> String {
        self.tokens.issue_access(&grant(), at(0)).expect("a token").0
    }

    /// A token with our key's signature over whatever this says.
    fn signed(&self, header: &Value, claims: &str) -> String {
        let held = self.tokens.shared.keeper.held();
        let (_, key) = held.ring.signer().expect("a key");
        let text = format!("{}.{}", encoded(&header.to_string()), encoded(claims));
        let signature = key.sign(text.as_bytes()).expect("a signature");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn kid(&self) -> String {
        self.tokens.shared.keeper.held().ring.signer().expect("a key").0.to_string()
    }

    fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "at+jwt", "kid": self.kid() })
    }

    fn claims(&self) -> Value {
        let (_, claims) = self.tokens.issue_access(&grant(), at(0)).expect("a token");
        serde_json::to_value(claims).expect("JSON")
    }

    fn fault(&self, token: &str) -> TokenFault {
        self.tokens.verify_access(token, at(0)).expect_err("a hostile token")
    }
}

/// Another process with the same keys.
async fn replica(store: &Arc<MemoryKeys>, seconds: i64) -> Tokens {
    let settings = TokenSettings::at(&format!("{ISSUER}/"));
    let entropy = Box::new(Generator::from_seed(1));
    let opened = Tokens::open(settings, store.clone(), PrivateKey::generate, entropy, at(seconds)).await;
    opened.expect("tokens")
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn an_access_token_says_what_it_was_issued_for() {
    let world = World::new().await;
    let (token, issued) = world.tokens.issue_access(&grant(), at(0)).expect("a token");
    let claims = world.tokens.verify_access(&token, at(899)).expect("claims");
    assert_eq!(*claims, issued);
    assert_eq!((claims.user(), claims.exp - claims.iat), (Some(user()), 900));
    assert_eq!(claims.scopes().spaced(), "credits:check credits:deduct");
    let json = serde_json::to_value(&*claims).expect("JSON");
    let expected = json!({
        "iss": ISSUER, "sub": user(), "aud": [ISSUER], "exp": NOON_S + 900, "iat": NOON_S, "jti": claims.jti,
        "client_id": "chat-app", "scope": "credits:check credits:deduct", "org_id": grant().org,
        "principal_type": "user", "type": "access", "sid": claims.sid, "roles": ["customer"],
        "auth_time": NOON_S, "app_id": grant().app, "domain": "https://chat.example",
    });
    assert_eq!(json, expected);
    let (_, other) = world.tokens.issue_access(&grant(), at(0)).expect("a token");
    assert_ne!(other.jti, claims.jti);
}

#[tokio::test]
async fn a_service_s_token_names_the_client_and_no_user() {
    let world = World::new().await;
    let service = AccessGrant { whose: Whose::Service, client_id: "chat-api-service".into(), ..grant() };
    let (token, _) = world.tokens.issue_access(&service, at(0)).expect("a token");
    let claims = world.tokens.verify_access(&token, at(0)).expect("claims");
    assert_eq!((&*claims.sub, claims.principal_type), ("chat-api-service", PrincipalType::Service));
    assert_eq!((claims.user(), claims.sid), (None, None));
}

#[tokio::test]
async fn an_id_token_is_read_by_its_client_and_opens_nothing() {
    let world = World::new().await;
    let access = world.token();
    let about = About { email: Some("ada@example.com".into()), ..About::default() };
    let grant = IdGrant {
        client_id: "chat-app",
        user: user(),
        nonce: Some("n-1"),
        auth_time: Some(NOON_S),
        session: None,
        access_token: Some(&access),
        about,
    };
    let token = world.tokens.issue_id(&grant, at(0)).expect("a token");
    assert_eq!(world.fault(&token), TokenFault::Kind);
    let claims = world.tokens.read_id(&token).expect("claims");
    assert_eq!((&*claims.aud, claims.nonce.as_deref()), ("chat-app", Some("n-1")));
    assert_eq!(claims.email.as_deref(), Some("ada@example.com"));
    let hash = digest(&SHA256, access.as_bytes());
    assert_eq!(claims.at_hash.as_deref(), Some(&*URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])));
    assert_eq!(world.tokens.read_id(&access), Err(TokenFault::Kind));
}

#[tokio::test]
async fn a_token_is_valid_in_its_time_cached_or_not() {
    let world = World::new().await;
    let token = world.token();
    let result = |seconds| world.tokens.verify_access(&token, at(seconds)).map(drop);
    // In and out of the minute of the cache, forwards and backwards.
    for seconds in [0, 59, 60, 61, 30, 899, 904, 0, -5] {
        assert_eq!(result(seconds), Ok(()), "{seconds}");
    }
    for (seconds, fault) in [(905, TokenFault::Expired), (-6, TokenFault::NotYetValid)] {
        assert_eq!(result(seconds), Err(fault), "{seconds}");
        assert_eq!(result(0), Ok(()));
    }
}

#[tokio::test]
async fn a_token_for_somebody_else_is_known_and_opens_nothing() {
    let world = World::new().await;
    let elsewhere = AccessGrant { audience: vec!["https://files.example".into()], ..grant() };
    let (token, issued) = world.tokens.issue_access(&elsewhere, at(0)).expect("a token");
    for _ in 0..2 {
        assert_eq!(world.fault(&token), TokenFault::Audience);
        assert_eq!(*world.tokens.verify_issued(&token, at(0)).expect("claims"), issued);
    }
    assert_eq!(issued.scopes(), grant().scopes);
    assert_ne!(issued.scopes(), Scopes::NONE);
}
