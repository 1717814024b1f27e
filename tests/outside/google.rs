//! The whole story of an earlier client: somebody signs in with Google in a browser, carries the code over,
//! and the app that got it checks and spends. In Google's part is npm `oidc-provider`; the browser is
//! Chromium.

use std::{fs, path::PathBuf, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    api::Answer,
    cli::finish,
    home::{Home, checkout},
    people::Client,
    provider::{CLIENT_SECRET, Provider, node},
    server::Server,
    turn,
};

/// A browser starts, two pages are clicked through.
const WITHIN: Duration = Duration::from_secs(90);

/// Where the screenshots are kept.
fn screenshots() -> PathBuf {
    let folder = checkout().join("target/screenshots");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

async fn verified(server: &Server, code: &str) -> Answer {
    let request = server.api("").request(Method::GET, "/api/auth/verify-session");
    let mut request = request.header("x-session-token", code).build().expect("a request");
    request.headers_mut().remove("authorization");
    Answer::of(server.api("").execute(request).await.expect("an answer")).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn somebody_signs_in_in_a_browser_and_the_app_spends() {
    let _turn = turn::shared().await;
    let (home, mut provider) = (Home::new(), Provider::start());
    let server = provider.server(&home).await;
    let spends = ["credits:check", "credits:deduct"];
    let client = json!({
        "return_to": { "chatgpt": "https://sora.example/back" }, "origins": ["https://sora.example"],
        "scopes": spends, "display_name": "Sora 2 Video",
    });
    let sora = Client::register(&server, "sora2-video", &spends, client).await;

    let mut person = node("sign-in.mjs");
    person.arg(format!("{}/api/auth/google?session=chat-7&return_to=chatgpt", server.url));
    person.arg("ann@mail.example").arg(screenshots());
    let ran = finish(person, WITHIN).await;
    assert_eq!(ran.code, 0, "{ran:#?}\n{}", server.log());
    let seen: Value = ran.json();
    assert_eq!((&seen["heading"], &seen["errors"]), (&json!("You are signed in"), &json!([])), "{seen}");
    let code = seen["code"].as_str().expect("a code");
    assert!(code.starts_with("VERIFIED-") && code.len() == 35, "{seen}");
    assert_eq!(seen["copied"], code, "the button copies the whole code");
    let text = seen["text"].as_str().expect("text");
    for said in ["Sora 2 Video", "sora.example", "ann@mail.example", "Never give this code to anybody"] {
        assert!(text.contains(said), "{said}: {text}");
    }

    let session = verified(&server, code).await.expect(200);
    let user = session.text("/user/id");
    assert_eq!(session.text("/user/email"), "ann@mail.example");
    let api = server.api(&sora.key);
    let ask = async |path: &str| {
        let body =
            json!({ "service": "sora2-video-generation", "cost": 30, "metadata": { "videoId": "v-1" } });
        let request = api.request(Method::POST, path).header("x-user-id", &user).json(&body);
        Answer::of(request.send().await.expect("an answer")).await.expect("an answer")
    };
    let (check, deduct) = ("/api/mcp/v1/credits/check", "/api/mcp/v1/credits/deduct");
    assert_eq!(ask(check).await.expect(200).json()["sufficient"], false);
    let bought = json!({ "amount": "100" });
    let purchases = format!("/v1/wallets/{user}/purchases");
    server.operator().post(&purchases, Some("order-1"), &bought).await.expect(201);
    assert_eq!(ask(check).await.expect(200).json()["sufficient"], true);
    assert_eq!(ask(deduct).await.expect(200).json()["new_balance"], 70);

    let log = server.end().await.log;
    for secret in [code, &code[9..], CLIENT_SECRET, "ann@mail.example"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
