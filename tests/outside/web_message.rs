//! An app's page signs somebody in by a popup, as the guide says, in Chromium: the answer reaches that page
//! and nobody else, and nobody else's message is taken for it.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    cli::finish,
    home::{Home, checkout},
    people::{Client, Person},
    provider::node,
    server::{Server, free_address},
    turn,
};

/// A browser starts, a few pages are clicked through.
const WITHIN: Duration = Duration::from_secs(90);
const SCOPE: &str = "openid credits:check";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_page_of_an_app_gets_its_answer_and_a_hostile_page_gets_nothing() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start_as_issuer(&home).await;
    let person = Person::register(&server, &home, "ann@mail.example").await;
    let app = format!("http://{}", free_address());
    // Another site, not only another origin.
    let hostile = format!("http://{}", free_address().replace("127.0.0.1", "localhost"));
    let scopes: Vec<_> = SCOPE.split(' ').collect();
    let client = json!({
        "confidential": false, "grants": ["authorization_code"], "scopes": scopes,
        "redirect_uris": [format!("{app}/signed-in")], "origins": [app],
    });
    let client = Client::register(&server, "my-video-app", &["credits:check"], client).await;

    let given = json!({
        "issuer": server.url, "client_id": client.id, "scope": SCOPE, "app": app, "hostile": hostile,
        "email": person.email, "password": person.password, "guide": checkout().join("docs/guides/cross-app.md"),
    });
    let mut browser = node("web-message.mjs");
    browser.env("GIVEN", given.to_string());
    let ran = finish(browser, WITHIN).await;
    assert_eq!(ran.code, 0, "{ran:#?}\n{}", server.log());

    let tokens = json!(["access_token", "expires_in", "id_token", "scope", "token_type"]);
    let expected = json!({
        "signed_in": tokens, "failed": null, "silent": tokens,
        "origins": [hostile, server.url], "forged": "forged", "members": ["code", "iss", "state"], "closed": true,
        "answered": { "code": true, "target": app, "opened": true },
        "hostile": ["the last"],
    });
    assert_eq!(ran.json(), expected);
}
