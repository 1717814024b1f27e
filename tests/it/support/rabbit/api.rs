//! The broker's management API.

use reqwest::Method;
use serde_json::Value;

use super::Rabbit;

impl Rabbit {
    /// Asks, and must be answered with success; no content is null.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, text) = self.ask("guest", "guest", method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Asks as this user: the status and the text of the answer.
    pub(crate) async fn ask(
        &self,
        user: &str,
        password: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, String) {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = http.request(method, format!("{}/api/{path}", self.management()));
        let request = request.basic_auth(user, Some(password));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.expect("an answer of the management API");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }
}
