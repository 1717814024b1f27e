//! Secrets of people and of clients stay where they belong: none turns up in logs, events, messages,
//! figures, answers to wrong requests, or files.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client as Http, Method, RequestBuilder, redirect::Policy};
use serde_json::json;

use crate::support::{
    api::Answer,
    browser::Browser,
    cli::run,
    clock::eventually,
    home::Home,
    people::{Client, Person, REDIRECT, anonymous, mailed},
    rabbit,
    server::Server,
    tap::Tap,
    turn, wallet,
};

const PASSWORD: &str = "canary-password-kB7xQ2";
const WRONG_PASSWORD: &str = "canary-wrong-password-mT4w";
const NEW_PASSWORD: &str = "canary-new-password-zR9u";
const WITHIN: Duration = Duration::from_secs(20);
/// Shaped like the code that is shown after a sign-in with Google.
const VERIFICATION: &str = "VERIFIED-CANARYCANARYCANARYCANARY2A";
/// No secret: it must be found wherever secrets are looked for, or else they are looked for in vain.
const MARKER: &str = "planted-marker-hD3s";
const SCOPE: &str = "openid offline_access credits:read credits:deduct";
/// Where people and clients are dealt with.
const ROUTES: [&str; 13] = [
    "/auth/",
    "/api/auth/",
    "/oauth/",
    "/login",
    "/logout",
    "/register",
    "/account",
    "/verify",
    "/password",
    "/api/cross-app/",
    "/v1/users",
    "/v1/activity",
    "/v1/apps",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn no_secret_of_a_person_or_a_client_turns_up_where_others_can_read_it() {
    let _turn = turn::shared().await;
    let rabbit = rabbit::shared().await;
    let vhost = rabbit.vhost(&[]).await;
    let (home, relay) = (Home::new(), vhost.relay_url());
    let options = ["--broker-url", &relay, "--log-filter", "credit_ledger=trace"];
    let server = Server::start_as_issuer_with(&home, &options).await;
    let scopes: Vec<_> = SCOPE.split(' ').collect();
    let client = json!({
        "grants": ["authorization_code", "refresh_token"], "redirect_uris": [REDIRECT], "scopes": scopes,
    });
    let shop = Client::register(&server, "shop", &["admin"], client).await;
    rabbit.provision(&vhost.name, &[shop.app.parse().expect("an id")]).await;

    let tap = Tap::of(&rabbit, &vhost, &shop.app).await;
    let canaries = used(&server, &home, &shop).await;
    let mut seen = Seen::default();
    let tried = misused(&server, &canaries, &mut seen).await;
    planted(&server, &shop).await;
    seen.add("metrics", server.operator().get("/metrics").await.expect(200).body);
    let mut messages = String::new();
    let arrived = async || {
        messages.extend(tap.taken().await.iter().map(ToString::to_string));
        messages.contains(MARKER).then_some(())
    };
    eventually("the marker's message", WITHIN, arrived).await;
    seen.add("messages", messages);
    seen.add("feed", server.operator().get("/v1/events?limit=1000").await.expect(200).body);
    let ended = server.end().await;
    assert_eq!(ended.status.code(), Some(0));
    seen.add("log", ended.log);
    let export = run(&home, &["export", "--out", "-"]).await.ended(0);
    seen.add("export", export.stdout + &export.stderr);
    for place in ["log", "messages", "feed", "export", "answers", "answer headers"] {
        assert!(seen.has(place, MARKER), "{place}: the marker is missing, so secrets are looked for in vain");
    }
    assert!(seen.has("metrics", "http_request"), "no figures: {}", seen.0["metrics"]);
    seen.add_files(home.data());
    eprintln!(
        "{} secrets, {tried} wrong requests, looked for in {} kB in {} places",
        canaries.len(),
        seen.0.values().map(String::len).sum::<usize>() / 1_000,
        seen.0.len()
    );
    seen.must_not_have(&canaries);
    // Where a secret belongs, it is found.
    let mail = mails(&home);
    assert!(canaries.iter().any(|canary| canary.name == "mail token" && mail.contains(canary.needle())));
}

/// A secret that was given out or chosen.
struct Canary {
    name: &'static str,
    text: String,
}

impl Canary {
    /// The part that is secret, without prefix and public id, or the signature of a token.
    fn needle(&self) -> &str {
        let text = &self.text;
        match text.rsplit_once('.') {
            Some((_, signature)) => signature,
            None if text.starts_with("cl") => &text[text.len() - 43..],
            None => text.trim_start_matches("VERIFIED-"),
        }
    }
}

/// Every kind of secret, by its right use: they all have counted.
async fn used(server: &Server, home: &Home, shop: &Client) -> Vec<Canary> {
    let mut canaries = Vec::new();
    let mut plant = |name: &'static str, text: &str| canaries.push(Canary { name, text: text.to_owned() });
    let (issuer, email) = (&server.url, "ann@mail.example");
    let ann = Person::register_with(server, home, email, PASSWORD).await;
    plant("mail token", &mailed(home, email).await);
    plant("access token", &ann.token);
    let nobody = server.api("");
    let login = json!({ "email": email, "password": PASSWORD });
    let login = anonymous(&nobody, "/auth/login", &login).await.expect(200);
    plant("refresh token", &login.text("/refresh_token"));
    let refresh = json!({ "refresh_token": login.text("/refresh_token") });
    let refreshed = anonymous(&nobody, "/auth/refresh", &refresh).await.expect(200);
    plant("refresh token", &refreshed.text("/refresh_token"));

    let mut browser = Browser::default();
    let code = shop.code(issuer, &mut browser, &ann, SCOPE).await;
    plant("authorization code", &code);
    let tokens = shop.redeem(issuer, &code).await.expect(200);
    plant("access token of a client", &tokens.text("/access_token"));
    plant("ID token", &tokens.text("/id_token"));
    plant("refresh token of a client", &tokens.text("/refresh_token"));
    let again = [("grant_type", "refresh_token"), ("refresh_token", &tokens.text("/refresh_token"))];
    let again = shop.ask(&format!("{issuer}/oauth/token"), &again).await.expect(200);
    plant("refresh token of a client", &again.text("/refresh_token"));
    let cookies: Vec<_> =
        browser.cookies().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let session = cookies.iter().find(|(name, _)| name == "__Host-session");
    plant("session cookie", &session.expect("a session").1);

    let reset = json!({ "email": email });
    anonymous(&nobody, "/auth/password/reset", &reset).await.expect(202);
    let first = canaries[0].text.clone();
    let mailed_again = async || Some(mailed(home, email).await).filter(|token| *token != first);
    let token = eventually("another mail", WITHIN, mailed_again).await;
    canaries.push(Canary { name: "mail token of a reset", text: token });
    for (name, text) in [
        ("client secret", shop.secret.as_str()),
        ("API key", &shop.key),
        ("password", PASSWORD),
        ("wrong password", WRONG_PASSWORD),
        ("new password", NEW_PASSWORD),
        ("verification code", VERIFICATION),
    ] {
        canaries.push(Canary { name, text: text.to_owned() });
    }
    canaries
}

/// Every secret in every wrong place of every route; gives the number of requests.
async fn misused(server: &Server, canaries: &[Canary], seen: &mut Seen) -> usize {
    let http = Http::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let document = server.operator().get("/openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().expect("paths");
    let paths = paths.iter().filter(|(path, _)| ROUTES.iter().any(|start| path.starts_with(start)));
    let (mut tried, mut turn) = (0, 0);
    for (path, operations) in paths {
        for method in operations.as_object().expect("operations").keys() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            for (index, way) in WAYS.iter().enumerate() {
                // Each route gets every way, and each way a secret of its own turn.
                turn += 1;
                let canary = &canaries[turn % canaries.len()].text;
                let mut filled = filled(path, canary);
                if index == 0 {
                    let names = ["token", "api_key", "access_token", "code", "client_secret", "password"];
                    filled = format!("{filled}?{}", names.map(|name| format!("{name}={canary}")).join("&"));
                }
                let request = http.request(method.clone(), format!("{}{filled}", server.url));
                let request = request.header("X-Request-Id", MARKER);
                let answer = way(request, canary, server).send().await.expect("an answer");
                let answer = Answer::of(answer).await.expect("a body");
                assert!(answer.status < 500 || answer.status == 503, "{method} {filled}: {answer:?}");
                // What the caller itself asked for, and nobody else is told: the path, and a mailed link's
                // token in the form that it leads to.
                let path = filled.split('?').next().unwrap_or_default();
                let hidden = format!("name=\"token\" value=\"{canary}\"");
                seen.add("answers", answer.body.replace(path, "").replace(&hidden, ""));
                let mut headers = answer.headers;
                // A form's parameters go on by GET, as the standard has it.
                if ["/oauth/authorize", "/oauth/logout"].contains(&path) {
                    headers.remove("location");
                }
                seen.add("answer headers", format!("{headers:?}"));
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "only {tried} requests");
    // All secrets as what they are not, where strangers may ask.
    for canary in canaries {
        let text = &canary.text;
        for (path, body) in [
            ("/auth/login", json!({ "email": "ann@mail.example", "password": WRONG_PASSWORD })),
            ("/auth/login", json!({ "email": text, "password": text })),
            ("/auth/refresh", json!({ "refresh_token": text })),
            ("/auth/verify-email", json!({ "token": text })),
            ("/api/auth/google/exchange", json!({ "code": text })),
        ] {
            let answer = anonymous(&server.api(""), path, &body).await;
            // The right refresh token in the right place is answered with the next.
            if answer.status >= 400 {
                seen.add("answers", answer.body);
            }
            tried += 1;
        }
    }
    let reset = &canaries.iter().find(|canary| canary.name == "mail token of a reset").expect("it").text;
    let body = json!({ "token": reset, "new_password": NEW_PASSWORD });
    let url = format!("{}/auth/password/reset", server.url);
    let set = http.put(url).json(&body).send().await.expect("an answer");
    assert_eq!(set.status(), 204, "the token was still good");
    tried + 1
}

/// The path with the secret as every parameter.
fn filled(path: &str, canary: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { canary } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// How a careless or hostile client sends a secret: the request, the secret, the server.
type Way = fn(RequestBuilder, &str, &Server) -> RequestBuilder;
const WAYS: [Way; 8] = [
    // The query has it as well.
    |request, _, _| request,
    |request, canary, _| {
        request.bearer_auth(canary).header("Referer", format!("https://x.example/?{canary}"))
    },
    |request, canary, _| request.basic_auth("shop", Some(canary)),
    |request, canary, _| request.basic_auth(canary, Some(canary)).form(&[("client_id", canary)]),
    |request, canary, _| {
        let cookie = format!("__Host-session={canary}; __Host-form={canary}; session={canary}");
        request.header("Cookie", cookie).header("X-Session-Token", canary).header("X-API-Key", canary)
    },
    |request, canary, server| {
        let body = json!({ "nonsense": canary, "token": [canary], "password": { "is": canary }, "code": 7 });
        request.bearer_auth(&server.token).json(&body)
    },
    |request, canary, server| {
        let body = format!("{{\"email\":\"ann@mail.example\",\"password\":\"{canary}\",\"token\":{canary}");
        request.bearer_auth(&server.token).header("Content-Type", "application/json").body(body)
    },
    |request, canary, _| {
        let names = ["token", "code", "password", "client_secret", "refresh_token", "csrf", "grant_type"];
        let form: Vec<_> = names.iter().map(|name| (name, canary)).collect();
        request.form(&form)
    },
];

/// Puts the marker where it is stored, told, and answered.
async fn planted(server: &Server, shop: &Client) {
    let group = json!({ "name": MARKER });
    server.operator().post("/api/auth/groups", None, &group).await.expect(201);
    let spent = server.api(&shop.key);
    let wallet = wallet(1);
    spent.purchase(&wallet, "5").await;
    let body = json!({ "service": "chat", "cost": "1", "metadata": { "marker": MARKER } });
    spent.post(&format!("/v1/wallets/{wallet}/deductions"), Some("one"), &body).await.expect(201);
}

/// Everything that was seen, by where.
#[derive(Default)]
struct Seen(BTreeMap<String, String>);

impl Seen {
    fn add(&mut self, place: &str, text: impl AsRef<str>) {
        self.0.entry(place.to_owned()).or_default().push_str(text.as_ref());
    }

    fn has(&self, place: &str, text: &str) -> bool {
        self.0[place].contains(text)
    }

    /// Every file of the data directory itself; the mail, below it, is what it is for.
    fn add_files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let bytes = fs::read(&path).expect("a file");
                self.add(&path.display().to_string(), String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn must_not_have(&self, canaries: &[Canary]) {
        let mut leaks = Vec::new();
        for (place, text) in &self.0 {
            for canary in canaries {
                let basic = STANDARD.encode(format!("shop:{}", canary.text));
                for spelling in [canary.needle(), &basic] {
                    if let Some(at) = text.find(spelling) {
                        let from = text.floor_char_boundary(at.saturating_sub(300));
                        leaks.push(format!("{place}: {}: {}", canary.name, &text[from..at]));
                    }
                }
            }
        }
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}

/// All mail that was sent, in one text.
fn mails(home: &Home) -> String {
    let files = fs::read_dir(home.data().join("mail")).expect("mail");
    let texts = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a mail"));
    let all = texts.collect::<String>();
    all.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}
