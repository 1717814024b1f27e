//! A small OpenID provider in Google's part, whose answers can be forged.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const CLIENT_ID: &str = "ledger.apps.example";
pub(crate) const CLIENT_SECRET: &str = "GOCSPX-canary-of-the-client-secret";

/// A provider that runs until it is dropped.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    inner: Shared,
    serving: JoinHandle<()>,
}

type Shared = Arc<Mutex<Inner>>;
/// Changes the header and the claims of the next ID token.
type Forge = Box<dyn FnOnce(&mut Value, &mut Value) + Send>;

struct Inner {
    key: KeyPair,
    issuer: String,
    /// Who signs in next.
    person: Value,
    now: i64,
    codes: HashMap<String, HashMap<String, String>>,
    /// How many codes were given: each has a name of its own.
    given: usize,
    forge: Option<Forge>,
    says_iss: bool,
    asked_for_keys: usize,
    away: bool,
}

impl Provider {
    /// A provider in whose world it is `now`, in seconds since 1970.
    pub(crate) async fn start(now: i64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Mutex::new(Inner {
            key: KeyPair::generate(KeySize::Rsa2048).expect("a key"),
            issuer: issuer.clone(),
            person: json!({ "sub": "110169", "email": "ann@mail.example", "email_verified": true, "name": "Ann Lee" }),
            now,
            codes: HashMap::new(),
            given: 0,
            forge: None,
            says_iss: true,
            asked_for_keys: 0,
            away: false,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/jwks", get(jwks))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("served");
        });
        Self { issuer, inner, serving }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panicked")
    }

    /// Says who signs in from now on.
    pub(crate) fn signs_in(&self, sub: &str, email: &str) {
        let mut inner = self.inner();
        inner.person["sub"] = sub.into();
        inner.person["email"] = email.into();
    }

    /// Forges the next ID token: its header and its claims.
    pub(crate) fn forges(&self, forge: impl FnOnce(&mut Value, &mut Value) + Send + 'static) {
        self.inner().forge = Some(Box::new(forge));
    }

    /// Signs with another key of the same name from now on.
    pub(crate) fn changes_key(&self) {
        self.inner().key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    }

    /// Moves its clock.
    pub(crate) fn advance(&self, seconds: u64) {
        self.inner().now += i64::try_from(seconds).expect("not so long");
    }

    /// Answers nothing but errors while it is away.
    pub(crate) fn is_away(&self, away: bool) {
        self.inner().away = away;
    }

    /// How often its keys were asked for.
    pub(crate) fn asked_for_keys(&self) -> usize {
        self.inner().asked_for_keys
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Inner> {
    shared.lock().expect("nothing panicked")
}

async fn discovery(State(shared): State<Shared>) -> Response {
    let inner = lock(&shared);
    if inner.away {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let at = |path: &str| format!("{}{path}", inner.issuer);
    Json(json!({
        "issuer": inner.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "authorization_response_iss_parameter_supported": inner.says_iss,
    }))
    .into_response()
}

/// Signs the person in without asking, and sends the browser back.
async fn authorize(State(shared): State<Shared>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let mut inner = lock(&shared);
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    inner.given += 1;
    let code = format!("code-{}", inner.given);
    let issuer = inner.issuer.replace(':', "%3A").replace('/', "%2F");
    let iss = if inner.says_iss { format!("&iss={issuer}") } else { String::new() };
    let to = format!("{}?code={code}&state={}{iss}", asked["redirect_uri"], asked["state"]);
    inner.codes.insert(code, asked);
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, form: String) -> Response {
    let mut inner = lock(&shared);
    let basic = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    assert_eq!(headers["authorization"].to_str().expect("text"), format!("Basic {basic}"));
    let url = reqwest::Url::parse(&format!("http://x/?{form}")).expect("a form");
    let form: HashMap<_, _> = url.query_pairs().into_owned().collect();
    let refused = (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    let Some(asked) = inner.codes.remove(&form["code"]) else { return refused.into_response() };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    if challenge != asked["code_challenge"] || form["redirect_uri"] != asked["redirect_uri"] {
        return refused.into_response();
    }
    let mut header = json!({ "alg": "RS256", "typ": "JWT", "kid": "stand-in" });
    let mut claims = inner.person.clone();
    for (name, value) in [
        ("iss", json!(inner.issuer)),
        ("aud", json!(CLIENT_ID)),
        ("nonce", json!(asked["nonce"])),
        ("iat", json!(inner.now)),
        ("exp", json!(inner.now + 3_600)),
    ] {
        claims[name] = value;
    }
    if let Some(forge) = inner.forge.take() {
        forge(&mut header, &mut claims);
    }
    let id_token = inner.sign(&header, &claims);
    Json(json!({ "access_token": "unused", "token_type": "Bearer", "expires_in": 3_600, "id_token": id_token }))
        .into_response()
}

async fn jwks(State(shared): State<Shared>) -> Response {
    let mut inner = lock(&shared);
    inner.asked_for_keys += 1;
    if inner.away {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let public = inner.key.public_key();
    let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
    let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
    Json(json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "stand-in", "n": n, "e": e }] }))
        .into_response()
}

impl Inner {
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let hash = digest(&SHA256, signed.as_bytes());
        self.key.sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature).expect("signed");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
