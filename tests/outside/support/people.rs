//! People and OAuth clients of a running server, registered as an administrator and they themselves would.

use std::{fs, time::Duration};

use reqwest::{Client as Http, Method, Url};
use serde_json::{Value, json};

use super::{
    api::{Answer, Api},
    browser::Browser,
    clock::eventually,
    home::Home,
    server::Server,
};

/// Where sign-ins at clients lead back to; nobody listens there.
pub(crate) const REDIRECT: &str = "http://127.0.0.1:49153/callback";
/// The verifier and challenge of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A user who has confirmed the address.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) password: String,
    /// From a login at the ledger itself.
    pub(crate) token: String,
}

/// An app, as a client of the authorization server.
pub(crate) struct Client {
    pub(crate) app: String,
    pub(crate) id: String,
    /// Empty when it keeps none.
    pub(crate) secret: String,
    /// The app's API key.
    pub(crate) key: String,
}

impl Person {
    /// Registers, follows the link of the mail, and logs in.
    pub(crate) async fn register(server: &Server, home: &Home, email: &str) -> Self {
        Self::register_with(server, home, email, "correct horse battery staple").await
    }

    /// The same with this password.
    pub(crate) async fn register_with(server: &Server, home: &Home, email: &str, password: &str) -> Self {
        let nobody = server.api("");
        let account = json!({ "email": email, "password": password, "name": "Ann Lee" });
        anonymous(&nobody, "/auth/register", &account).await.expect(202);
        let token = mailed(home, email).await;
        anonymous(&nobody, "/auth/verify-email", &json!({ "token": token })).await.expect(204);
        let login = json!({ "email": email, "password": password });
        let token = anonymous(&nobody, "/auth/login", &login).await.expect(200).text("/access_token");
        let id = sub(&token);
        Self { id, email: email.to_owned(), password: password.to_owned(), token }
    }
}

impl Client {
    /// The code that the client is given when the person signs in and lets it do this.
    pub(crate) async fn code(
        &self,
        issuer: &str,
        browser: &mut Browser,
        person: &Person,
        scope: &str,
    ) -> String {
        let mut url = Url::parse(&format!("{issuer}/oauth/authorize")).expect("a URL");
        url.query_pairs_mut()
            .append_pair("client_id", &self.id)
            .append_pair("redirect_uri", REDIRECT)
            .append_pair("response_type", "code")
            .append_pair("scope", scope)
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256")
            .append_pair("state", "s");
        let back = browser.until(url, REDIRECT, &person.email, &person.password).await;
        let code = back.query_pairs().find(|(name, _)| name == "code");
        code.unwrap_or_else(|| panic!("no code: {back}")).1.into_owned()
    }

    /// What the client is given for the code.
    pub(crate) async fn redeem(&self, issuer: &str, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        self.ask(&format!("{issuer}/oauth/token"), &form).await
    }

    /// What the client is answered when it sends this form, with its secret.
    pub(crate) async fn ask(&self, url: &str, form: &[(&str, &str)]) -> Answer {
        let asked = Http::new().post(url).basic_auth(&self.id, Some(&self.secret)).form(form);
        Answer::of(asked.send().await.expect("an answer")).await.expect("an answer")
    }

    /// Registers an app with a key of these scopes, makes it a client, and issues a secret to it if it can
    /// keep one.
    pub(crate) async fn register(server: &Server, id: &str, key_scopes: &[&str], client: Value) -> Self {
        let operator = server.operator();
        let app = json!({ "name": id, "scopes": key_scopes });
        let app = operator.post("/v1/apps", None, &app).await.expect(201);
        let (key, app) = (app.text("/api_key"), app.text("/app_id"));
        let mut body = client;
        body["client_id"] = json!(id);
        let path = format!("/v1/apps/{app}/client");
        let set = operator.request(Method::PUT, &path).json(&body).send().await.expect("an answer");
        Answer::of(set).await.expect("an answer").expect(200);
        let secret = if body["confidential"] == json!(false) {
            String::new()
        } else {
            let path = format!("/v1/apps/{app}/secrets");
            operator.post(&path, None, &json!({})).await.expect(201).text("/client_secret")
        };
        Self { app, id: id.to_owned(), secret, key }
    }
}

pub(crate) async fn anonymous(api: &Api, path: &str, body: &Value) -> Answer {
    let mut request = api.request(Method::POST, path).json(body).build().expect("a request");
    request.headers_mut().remove("authorization");
    let answer = api.execute(request).await.expect("an answer");
    Answer::of(answer).await.expect("an answer")
}

/// The token in the newest mail to this address.
pub(crate) async fn mailed(home: &Home, email: &str) -> String {
    let look = async || {
        let mut names: Vec<_> = fs::read_dir(home.data().join("mail"))
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        names.sort();
        let texts = names.iter().rev().filter_map(|name| fs::read_to_string(name).ok());
        let text = texts.into_iter().find(|text| text.contains(email))?;
        // Quoted-printable breaks long lines.
        let text = text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
        let token = &text[text.find("clm_")?..];
        let end = token.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        Some(token[..end.unwrap_or(token.len())].to_owned())
    };
    eventually("a mail with a link", Duration::from_secs(20), look).await
}

fn sub(token: &str) -> String {
    claim(token, "sub")
}

/// What a token says under this name; nothing is verified.
pub(crate) fn claim(token: &str, name: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = token.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Value = serde_json::from_slice(&claims.expect("claims")).expect("JSON");
    claims[name].as_str().unwrap_or_else(|| panic!("no {name} in {claims}")).to_owned()
}
