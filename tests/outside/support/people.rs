//! People and OAuth clients of a running server, registered as an administrator and they themselves would.

use std::{fs, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{Answer, Api},
    clock::eventually,
    home::Home,
    server::Server,
};

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
        let password = "correct horse battery staple";
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

async fn anonymous(api: &Api, path: &str, body: &Value) -> Answer {
    let mut request = api.request(Method::POST, path).json(body).build().expect("a request");
    request.headers_mut().remove("authorization");
    let answer = api.execute(request).await.expect("an answer");
    Answer::of(answer).await.expect("an answer")
}

/// The token in the newest mail to this address.
async fn mailed(home: &Home, email: &str) -> String {
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

/// Of whom a token speaks; nothing is verified.
fn sub(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = token.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Value = serde_json::from_slice(&claims.expect("claims")).expect("JSON");
    claims["sub"].as_str().expect("a subject").to_owned()
}
