//! A ledger with clients, a user, and a browser in which it is signed in.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_ledger::identity::{
    Client, Scopes,
    users::{Lives, Origin},
};
use events::{AppId, OrgId, SessionId, UserId};
use reqwest::{Method, RequestBuilder, Url, redirect::Policy};
use serde_json::Value;

use crate::support::app::{Answer, Client as Caller, TestApp};

/// Where the clients are answered.
pub(crate) const CALLBACK: &str = "https://app.example/callback";
pub(crate) const SIGNED_OUT: &str = "https://app.example/bye";
const ALL_GRANTS: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];
/// The verifier and challenge of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client and its secret.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) app: AppId,
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) http: reqwest::Client,
    pub(crate) org: OrgId,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of(TestApp::start().await)
    }

    pub(crate) fn of(app: TestApp) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let org = app.ledger.default_org;
        Self { app, http, org }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.address)
    }

    /// A client with a secret and every grant.
    pub(crate) async fn client(&self, id: &str, scopes: &str) -> Known {
        self.client_with(id, scopes, |_| {}).await
    }

    /// The same, changed.
    pub(crate) async fn client_with(
        &self,
        id: &str,
        scopes: &str,
        change: impl FnOnce(&mut Client),
    ) -> Known {
        let identity = &self.app.ledger.identity;
        let app = identity.register_app(self.org, id, None).await.expect("an app").id;
        let mut client = Client {
            app,
            org: self.org,
            client_id: id.into(),
            confidential: true,
            grants: ALL_GRANTS.map(Into::into).to_vec(),
            redirect_uris: vec![CALLBACK.into()],
            logout_uris: vec![SIGNED_OUT.into()],
            origins: Vec::new(),
            return_to: BTreeMap::new(),
            scopes: scopes.parse::<Scopes>().expect("scopes"),
            audiences: vec!["https://api.example".into()],
            first_party: false,
            display_name: id.into(),
            disabled: false,
        };
        change(&mut client);
        let confidential = client.confidential;
        identity.set_client(app, client, None).await.expect("a client");
        let secret = match confidential {
            true => Some(
                identity.issue_client_secret(app, None, None).await.expect("a secret").expose().to_owned(),
            ),
            false => None,
        };
        Known { app, id: id.to_owned(), secret }
    }

    /// A public client for sign-in.
    pub(crate) async fn public(&self, id: &str, scopes: &str) -> Known {
        let change = |client: &mut Client| {
            client.confidential = false;
            client.grants = vec!["authorization_code".into(), "refresh_token".into()];
        };
        self.client_with(id, scopes, change).await
    }

    /// A user.
    pub(crate) async fn user(&self) -> UserId {
        self.app.ledger.identity.register_user(self.org, None, None, None).await.expect("a user")
    }

    /// A browser in which this user has just signed in.
    pub(crate) async fn browser(&self, user: UserId) -> Browser<'_> {
        let (identity, auth) = (&self.app.ledger.identity, &self.app.ledger.auth);
        let known = identity.user(user).expect("a user");
        let origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "a test".into() };
        let begun = auth.users.begin(&known, "password", None, &origin, Lives::BROWSER).await;
        let (session, _) = begun.expect("a session");
        let now = credit_ledger::clock::Clock::now(&*self.app.clock);
        let cookie = auth.browsers.open(user, session, now).await.expect("a cookie");
        let mut browser = self.stranger();
        browser.cookies.insert("__Host-session".into(), cookie.to_string());
        browser.session = Some(session);
        browser
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn stranger(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), session: None }
    }

    /// Posts a form to the token endpoint with the client's credentials in the form.
    pub(crate) async fn token(&self, client: &Known, form: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", client, form).await
    }

    /// Posts a form with the client's credentials in it.
    pub(crate) async fn post(&self, path: &str, client: &Known, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        form.push(("client_id", &client.id));
        form.extend(client.secret.as_deref().map(|secret| ("client_secret", secret)));
        self.form(path, &form).await
    }

    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        sent(self.http.post(self.url(path)).form(form)).await
    }

    /// Redeems a code.
    pub(crate) async fn redeem(&self, client: &Known, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &form).await
    }

    /// Uses a refresh token.
    pub(crate) async fn refresh(&self, client: &Known, token: &str) -> Answer {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Whoever calls by an access token.
    pub(crate) fn bearer(&self, token: &str) -> Caller {
        Caller { name: "a bearer".into(), token: Some(token.into()), ..self.app.anonymous() }
    }

    /// Whether the token counts, as introspection says.
    pub(crate) async fn is_active(&self, client: &Known, token: &str) -> bool {
        let answer = self.post("/oauth/introspect", client, &[("token", token)]).await.expect(200).json();
        answer["active"].as_bool().expect("active")
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }

    /// The kinds of the events that were stored, in order.
    pub(crate) async fn facts(&self) -> Vec<String> {
        let stored = self.app.stored_from(1).await;
        let kind = |text: &String| {
            let event: Value = serde_json::from_str(text).expect("JSON");
            event["type"].as_str().unwrap_or_default().to_owned()
        };
        stored.iter().map(kind).collect()
    }
}

/// A browser, which keeps cookies and follows nothing by itself.
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) session: Option<SessionId>,
}

impl Browser<'_> {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.world.http.request(method, self.world.url(path));
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let answer = sent(self.request(Method::GET, path)).await;
        self.keep(&answer);
        answer
    }

    /// Posts a form, as if from this site.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_from("same-origin", path, form).await
    }

    pub(crate) async fn post_from(&mut self, site: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).header("sec-fetch-site", site).form(form);
        let answer = sent(request).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("text");
            let (name, rest) = line.split_once('=').expect("a cookie");
            assert!(line.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{line}");
            match rest.split(';').next().unwrap_or_default() {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
    }

    /// Asks to let an app in.
    pub(crate) async fn authorize(&mut self, client: &Known, more: &[(&str, &str)]) -> Answer {
        self.get(&authorize(&client.id, more)).await
    }

    /// Lets an app in, agreeing if it is asked to, and gives the code.
    pub(crate) async fn let_in(&mut self, client: &Known, more: &[(&str, &str)]) -> String {
        let answer = self.authorize(client, more).await;
        let answer = if answer.status == 200 { self.decide(&answer, "allow").await } else { answer };
        sent_back(&answer)["code"].clone()
    }

    /// Answers the page that asks for consent.
    pub(crate) async fn decide(&mut self, page: &Answer, decision: &str) -> Answer {
        let (csrf, request) = (hidden(page, "csrf"), hidden(page, "request"));
        let form = [("csrf", &*csrf), ("request", &request), ("decision", decision)];
        self.post("/oauth/consent", &form).await
    }
}

/// The path of an authorization request; `more` replaces what it names, and an empty text removes it.
pub(crate) fn authorize(client: &str, more: &[(&str, &str)]) -> String {
    let mut params = vec![
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "openid credits:deduct"),
        ("state", "a state"),
    ];
    params.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    params.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    let url = Url::parse_with_params("http://x/oauth/authorize", &params).expect("a URL");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// What a client is sent back with.
#[track_caller]
pub(crate) fn sent_back(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    assert!(location.starts_with(&format!("{CALLBACK}?")), "{location}");
    let url = Url::parse(location).expect("a URL");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// A hidden field of a page.
#[track_caller]
pub(crate) fn hidden(page: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = page.text().find(&start).unwrap_or_else(|| panic!("no {name} in {}", page.text())) + start.len();
    let value = page.text()[at..].split('"').next().unwrap_or_default();
    value.replace("&amp;", "&").replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<")
}

/// The claims of a JWT, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).expect("base64url")).expect("JSON")
}

/// The error that it must be, with its status.
#[track_caller]
pub(crate) fn error(answer: &Answer, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(code)), "{text}");
    assert!(answer.json()["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{text}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let challenge = answer.header("www-authenticate");
    assert_eq!(code == "invalid_client", challenge.starts_with("Basic "), "{challenge}");
    assert_eq!(answer.headers.contains_key("retry-after"), matches!(status, 429 | 503));
}

async fn sent(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.expect("an answer")).await
}
