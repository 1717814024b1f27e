//! An app with a page of its own, and a user who lets it in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    oauth::world::{CALLBACK, CHALLENGE, VERIFIER, World, authorize, sent_back},
    support::app::{Answer, Client},
};

pub(super) const ORIGIN: &str = "https://app.example";
pub(super) const SCOPES: &str = "openid profile email credits:read credits:check credits:deduct";

/// A page of an app: it sends its origin, and the token that it has.
pub(super) struct Page<'a> {
    pub(super) world: &'a World,
    pub(super) origin: Option<&'static str>,
    pub(super) client_id: String,
    pub(super) token: Option<String>,
}

impl<'a> Page<'a> {
    /// A page of an app that an administrator has registered.
    pub(super) async fn registered(world: &'a World, admin: &Client, name: &str) -> Self {
        let asked = json!({
            "name": name, "origins": [ORIGIN], "redirect_uris": [CALLBACK],
            "scopes": SCOPES.split(' ').collect::<Vec<_>>(),
        });
        let app = admin.post("/api/cross-app/register", &asked).await.expect(201).json();
        let client_id = app["client_id"].as_str().expect("a client id").to_owned();
        Self { world, origin: Some(ORIGIN), client_id, token: None }
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.world.http.request(method, self.world.url(path));
        request = self.origin.iter().fold(request, |request, origin| request.header("origin", *origin));
        request = self.token.iter().fold(request, |request, token| request.bearer_auth(token));
        request = body.iter().fold(request, |request, body| request.json(body));
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Sends the user to sign in and exchanges the code; gives the answer with everything in it.
    pub(super) async fn sign_in(&mut self, user: events::UserId) -> Value {
        let begin = json!({
            "client_id": self.client_id, "redirect_uri": CALLBACK, "code_challenge": CHALLENGE,
            "state": "a state", "scope": SCOPES,
        });
        let begun = self.post("/api/cross-app/auth", &begin).await.expect(200).json();
        let url = begun["login_url"].as_str().expect("a URL");
        let path = url.find("/oauth/authorize?").map(|at| &url[at..]).expect("the authorization endpoint");
        let mut browser = self.world.browser(user).await;
        let page = browser.get(path).await;
        let answer = if page.status == 200 { browser.decide(&page, "allow").await } else { page };
        let code = sent_back(&answer)["code"].clone();
        let finish = json!({
            "client_id": self.client_id, "redirect_uri": CALLBACK, "code": code, "code_verifier": VERIFIER,
        });
        let finished = self.post("/api/cross-app/auth", &finish).await.expect(200).json();
        self.token = finished["access_token"].as_str().map(str::to_owned);
        finished
    }
}

/// The path that `login_url` should have.
pub(super) fn expected_login(client: &str) -> String {
    authorize(client, &[("scope", SCOPES)])
}
