//! An authorization server and a ledger as small as can be, and the app before them.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chat_app::Settings;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const ORG: &str = "aaaaaaaa-0000-4000-8000-000000000000";
pub(crate) const ALICE: &str = "c413e5f7-4b8c-44aa-9ff4-56c1476bc5a2";
pub(crate) const BOB: &str = "b0b0b0b0-4b8c-44aa-9ff4-56c1476bc5a2";
pub(crate) const EVE: &str = "e5e5e5e5-4b8c-44aa-9ff4-56c1476bc5a2";
/// A group of Alice and Bob.
pub(crate) const FRIENDS: &str = "0fdf3a76-674b-4118-b6f1-e0a88982d0d5";
/// A group of Bob alone.
pub(crate) const FAMILY: &str = "1fdf3a76-674b-4118-b6f1-e0a88982d0d5";
const ISSUER: &str = "https://auth.example";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).expect("a key"));

/// The chat app itself.
const APP: &str = "3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03";

fn token(sub: &str, principal: &str, org: &str, app: Option<&str>) -> String {
    let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": "k" });
    let claims = json!({
        "iss": ISSUER, "aud": [ISSUER], "sub": sub, "client_id": if principal == "user" { "web" } else { sub },
        "exp": 4_000_000_000_u64, "iat": 1_700_000_000, "jti": "j", "type": "access", "principal_type": principal,
        "org_id": org, "scope": "", "app_id": app,
    });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let mut signature = vec![0; KEY.public_modulus_len()];
    #[expect(clippy::disallowed_methods, reason = "PKCS #1 v1.5 draws nothing from it")]
    let random = SystemRandom::new();
    KEY.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("a signature");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn users_token(user: &str, organization: &str) -> String {
    token(user, "user", organization, Some(APP))
}

/// Of a login at the ledger itself.
pub(crate) fn logged_in(user: &str) -> String {
    token(user, "user", ORG, None)
}

pub(crate) fn services_token() -> String {
    token("other-service", "service", ORG, None)
}

/// A request that came to the authorization server or the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[derive(Default)]
struct Behind {
    asked: Vec<Asked>,
    balance: u64,
    paid: HashSet<String>,
}

type Shared = Arc<Mutex<Behind>>;

async fn behind(
    State(behind): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let mut behind = behind.lock().expect("no panic");
    let asked = Asked {
        path: uri.path().to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    behind.asked.push(asked.clone());
    let (status, body) = answer(&mut behind, &asked);
    (StatusCode::from_u16(status).expect("a status"), Json(body))
}

fn answer(behind: &mut Behind, asked: &Asked) -> (u16, Value) {
    let path: Vec<&str> = asked.path.split('/').skip(1).collect();
    let members = HashMap::from([(FRIENDS, vec![ALICE, BOB]), (FAMILY, vec![BOB])]);
    match path[..] {
        ["oauth", "jwks"] => {
            let der = KEY.public_key().as_ref();
            let (n, e) = (URL_SAFE_NO_PAD.encode(&der[9..265]), URL_SAFE_NO_PAD.encode(&der[267..]));
            (200, json!({ "keys": [{ "kty": "RSA", "kid": "k", "n": n, "e": e }] }))
        }
        ["oauth", "token"] => {
            (200, json!({ "access_token": "service-token", "token_type": "Bearer", "expires_in": 900 }))
        }
        ["api", "auth", "groups", ..] if asked.header("authorization") != "Bearer service-token" => {
            (401, json!({}))
        }
        ["api", "auth", "groups", group] if members.contains_key(group) => {
            (200, json!({ "id": group, "name": "A group", "org_id": ORG }))
        }
        ["api", "auth", "groups", group, "members"] if members.contains_key(group) => {
            let members = members[group]
                .iter()
                .map(|user| json!({ "user_id": user, "added_at": "2026-11-21T00:00:00Z" }));
            (200, json!({ "members": members.collect::<Vec<_>>() }))
        }
        ["v1", "wallets", _, "deductions"] => {
            let key = asked.header("idempotency-key").to_owned();
            if behind.paid.contains(&key) {
                return (200, json!({}));
            }
            if behind.balance == 0 {
                return (402, json!({ "type": "/problems/insufficient-credits", "status": 402 }));
            }
            behind.paid.insert(key);
            behind.balance -= 1;
            (201, json!({}))
        }
        _ => (404, json!({})),
    }
}

/// Ids that count.
fn new_id() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(LAST.fetch_add(1, Ordering::Relaxed).into())
}

/// An answer of the app.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }
}

/// Everything that a test needs.
pub(crate) struct World {
    behind: Shared,
    vars: Vec<(String, String)>,
    url: String,
    http: reqwest::Client,
    running: Option<(CancellationToken, JoinHandle<std::io::Result<()>>)>,
    _folder: tempfile::TempDir,
}

impl World {
    /// A wallet with so many credits, for everybody.
    pub(crate) async fn new(balance: u64) -> Self {
        let behind_it: Shared = Arc::new(Mutex::new(Behind { balance, ..Behind::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(behind).with_state(Arc::clone(&behind_it));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("chat.db").to_str().expect("a path").to_owned();
        let vars = [
            ("AUTH_API_URL", url.clone()),
            ("AUTH_API_ISSUER", ISSUER.to_owned()),
            ("SERVICE_CLIENT_ID", "chat-api-service".to_owned()),
            ("SERVICE_CLIENT_SECRET", "secret".to_owned()),
            ("SERVICE_TOKEN_URL", format!("{url}/oauth/token")),
            ("SERVICE_SCOPE", "groups:read members:read".to_owned()),
            ("LEDGER_API_KEY", "ledger-key".to_owned()),
            ("LEDGER_APP", APP.to_owned()),
            ("CHAT_DATABASE", database),
        ];
        let vars = vars.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut world =
            Self { behind: behind_it, vars, url: String::new(), http, running: None, _folder: folder };
        world.restart().await;
        world
    }

    /// Stops the app if it runs, and starts it on the same database.
    pub(crate) async fn restart(&mut self) {
        if let Some((stop, running)) = self.running.take() {
            // Connections that are kept open would keep it waiting.
            self.http = reqwest::Client::builder().no_proxy().build().expect("a client");
            stop.cancel();
            running.await.expect("no panic").expect("a good end");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        self.url = format!("http://{}/api/chat/groups", listener.local_addr().expect("an address"));
        let settings = Settings::from_vars(self.vars.clone()).expect("settings");
        let stop = CancellationToken::new();
        let serving = chat_app::start(settings, listener, new_id, stop.clone()).await.expect("a start");
        self.running = Some((stop, tokio::spawn(serving)));
    }

    pub(crate) async fn send(&self, token: &str, group: &str, content: &str, sender: &str) -> Answer {
        self.send_with(token, group, content, sender, &[]).await
    }

    pub(crate) async fn send_with(
        &self,
        token: &str,
        group: &str,
        content: &str,
        sender: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = json!({ "content": content, "sender_id": sender });
        let request = self.http.post(format!("{}/{group}/messages", self.url)).json(&body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        answered(token, request).await
    }

    pub(crate) async fn read(&self, token: &str, group: &str, query: &str) -> Answer {
        answered(token, self.http.get(format!("{}/{group}/messages{query}", self.url))).await
    }

    /// What came to the authorization server and the ledger.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.behind.lock().expect("no panic").asked.clone()
    }

    pub(crate) fn balance(&self) -> u64 {
        self.behind.lock().expect("no panic").balance
    }
}

async fn answered(token: &str, request: reqwest::RequestBuilder) -> Answer {
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.text().await.expect("a body");
    Answer { status, headers, body: serde_json::from_str(&body).unwrap_or(Value::String(body)) }
}
