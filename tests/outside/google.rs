//! The whole story of an earlier client: somebody signs in with Google in a browser, carries the code over,
//! and the app that got it checks and spends. In Google's part is npm `oidc-provider`; the browser is
//! Chromium.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    api::Answer,
    cli::{Process, finish},
    home::{Home, checkout},
    people::Client,
    server::Server,
    turn,
};

const CLIENT_ID: &str = "credits.apps.example";
const CLIENT_SECRET: &str = "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le";
/// A browser starts, two pages are clicked through.
const WITHIN: Duration = Duration::from_secs(90);

/// One of our scripts, beside the modules that it imports.
fn node(script: &str) -> Command {
    let folder = checkout().join("target/outside/provider");
    assert!(folder.is_dir(), "{} is missing: run tests/outside/clients/install first", folder.display());
    let ours = checkout().join("tests/outside/provider").join(script);
    fs::copy(ours, folder.join(script)).expect("a copy");
    let mut command = Command::new("node");
    command.arg(folder.join(script));
    command
}

/// A provider in Google's part.
struct Provider {
    issuer: String,
    process: Process,
}

impl Provider {
    fn start() -> Self {
        let mut command = node("provider.mjs");
        command
            .args([CLIENT_ID, CLIENT_SECRET])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = Process(command.spawn().expect("node runs"));
        let mut issuer = String::new();
        let stdout = process.0.stdout.take().expect("standard output");
        BufReader::new(stdout).read_line(&mut issuer).expect("a line");
        Self { issuer: issuer.trim().to_owned(), process }
    }

    /// Says where browsers are to be sent back to.
    fn knows(&mut self, callback: &str) {
        let stdin = self.process.0.stdin.as_mut().expect("standard input");
        writeln!(stdin, "{callback}").expect("written");
    }
}

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
    let secret = home.file("google-secret");
    fs::write(&secret, CLIENT_SECRET).expect("a file");
    let secret = secret.to_str().expect("a path");
    let settings = [
        "--google-client-id",
        CLIENT_ID,
        "--google-client-secret-file",
        secret,
        "--google-issuer",
        &provider.issuer,
    ];
    let server = Server::start_as_issuer_with(&home, &settings).await;
    provider.knows(&format!("{}/api/auth/google/callback", server.url));
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
