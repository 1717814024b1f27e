//! Signing in with Google, against a provider in its part.

mod accounts;
mod at_browsers;
mod codes;
mod consent;
mod front_end;
mod hostile;
mod story;

use std::{collections::BTreeMap, time::Duration};

use credit_ledger::{
    http::HttpOptions,
    identity::{
        self, IdentityError, Scope, Scopes,
        vault::{ActivityKind, ActivityQuery},
    },
};
use events::{AppId, OrgId};
use reqwest::{Method, redirect};
use uuid::Uuid;

use crate::support::{
    app::{Answer, Client, Home, Request, TestApp},
    ground::START_MICROS,
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
};

/// The front end's page.
const FRONT_END: &str = "http://localhost:3000/signed-in";

/// A ledger, the provider, and an app of the ledger whose key in links is `chatgpt`.
struct World {
    provider: Provider,
    app: TestApp,
    sora: Client,
}

impl World {
    async fn start() -> Self {
        let provider = Provider::start(START_MICROS / 1_000_000).await;
        let mut home = Home::embedded();
        home.config.google_client_id = CLIENT_ID.into();
        home.config.google_client_secret = CLIENT_SECRET.into();
        home.config.google_issuer = provider.issuer.clone();
        home.config.frontend_url = FRONT_END.into();
        let trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
        let app = TestApp::start_at(home, HttpOptions { trusted_proxies, ..HttpOptions::default() }).await;
        let sora = app.with_scopes([Scope::CreditsCheck, Scope::CreditsDeduct]).await;
        let world = Self { provider, app, sora };
        world.registered(&world.sora, "sora2", "chatgpt").await;
        world
    }

    /// Makes an app a client that people may sign in for.
    async fn registered(&self, app: &Client, client_id: &str, key: &str) {
        self.makes_client(app, client_id, key).await.expect("a client");
    }

    /// The same, if the names are free.
    async fn makes_client(&self, app: &Client, client_id: &str, key: &str) -> Result<(), IdentityError> {
        let id = app_id(app);
        let client = identity::Client {
            app: id,
            org: OrgId(Uuid::nil()),
            client_id: client_id.into(),
            confidential: true,
            grants: Vec::new(),
            redirect_uris: Vec::new(),
            logout_uris: Vec::new(),
            origins: vec!["https://sora.example".into()],
            return_to: BTreeMap::from([(key.into(), "https://sora.example/back".into())]),
            scopes: [Scope::CreditsCheck, Scope::CreditsDeduct].into_iter().collect::<Scopes>(),
            audiences: Vec::new(),
            first_party: false,
            display_name: "Sora 2 Video".into(),
            disabled: false,
        };
        self.app.ledger.identity.set_client(id, client, None).await.map(drop)
    }

    fn browser(&self) -> Browser {
        let http = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build();
        let anonymous = self.app.anonymous();
        let client = Client { http: http.expect("a client"), ..anonymous };
        Browser { client, cookies: BTreeMap::new(), agent: "Firefox/150".into(), address: "192.0.2.7".into() }
    }

    /// Signs in with `session`, and reads the code from the page.
    async fn code(&self) -> String {
        code_on(&self.browser().signs_in("session=s1&return_to=chatgpt").await.expect(200))
    }

    /// Presents a code from this address.
    async fn verify_from(&self, address: &str, code: &str) -> Answer {
        let request = self.app.anonymous().get("/api/auth/verify-session");
        request.header("x-session-token", code).header("x-forwarded-for", address).await
    }

    async fn verify(&self, code: &str) -> Answer {
        self.verify_from("203.0.113.9", code).await
    }

    fn advance(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
        self.provider.advance(seconds);
    }

    /// What was noted of a kind, oldest first: the words on it.
    async fn noted(&self, kind: ActivityKind) -> Vec<String> {
        let auth = &self.app.ledger.auth;
        auth.trail.flush().await;
        let query =
            ActivityQuery { kind: Some(kind), ..ActivityQuery::of(self.app.ledger.default_org, 1_000) };
        let page = auth.shelf.vault().activity(query).await.expect("activity");
        let words = page.items.into_iter().rev().map(|item| item.activity.detail.unwrap_or_default().into());
        words.collect()
    }

    /// How many users there are.
    fn users(&self) -> usize {
        self.app.ledger.identity.users(self.app.ledger.default_org, None, 1_000).len()
    }
}

fn app_id(client: &Client) -> AppId {
    client.app_id.as_deref().expect("an app").parse().expect("an id")
}

/// A browser.
#[derive(Clone)]
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    agent: String,
    address: String,
}

impl Browser {
    /// Opens a page of the ledger, and keeps the cookies that come with it.
    async fn open(&mut self, path: &str) -> Answer {
        self.sends(self.client.request(Method::GET, path)).await
    }

    async fn sends(&mut self, request: Request) -> Answer {
        let mut request = request.header("user-agent", &self.agent).header("x-forwarded-for", &self.address);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        let answer = request.await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            for wanted in ["__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(cookie.contains(wanted), "{cookie}");
            }
            let (name, value) = cookie.split_once('=').expect("a name");
            let value = value.split(';').next().unwrap_or_default();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Begins a sign-in; gives the provider's page that the browser is sent to.
    async fn leaves(&mut self, query: &str) -> String {
        let answer = self.open(&format!("/api/auth/google?{query}")).await.expect(303);
        answer.header("location").to_owned()
    }

    /// Opens the provider's page, which signs in at once; gives where the browser is sent back to.
    async fn visits(&self, page: &str) -> String {
        let answer = Answer::read(self.client.http.get(page).send().await.expect("an answer")).await;
        let back = answer.expect(302).header("location").to_owned();
        let path = back.find("/api/").expect("the callback of the ledger");
        back[path..].to_owned()
    }

    /// The whole way there and back.
    async fn signs_in(&mut self, query: &str) -> Answer {
        let page = self.leaves(query).await;
        let back = self.visits(&page).await;
        self.open(&back).await
    }
}

/// The code on a page.
#[track_caller]
fn code_on(page: &Answer) -> String {
    let html = page.text().replace("<wbr>", "");
    let at = html.find("VERIFIED-").unwrap_or_else(|| panic!("no code on {html}"));
    html[at..at + 35].to_owned()
}

/// A page that says what is wrong, and shows no code.
#[track_caller]
fn refused(answer: &Answer, status: u16, title: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text().contains(&format!("<h1>{title}</h1>")), "{}", answer.text());
    assert!(!answer.text().contains("VERIFIED-"));
}
