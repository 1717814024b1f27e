//! The scripts of `docs/guides`, as a newcomer runs them, against the release binary.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Url;
use serde_json::json;

use crate::support::{
    browser::Browser,
    cli::{Process, Ran, finish},
    home::{Home, binary, checkout},
    people::Client,
    provider::{CLIENT_ID, Provider},
    server::Server,
    turn,
};

const WITHIN: Duration = Duration::from_secs(60);
/// Runs a guide's script with these settings.
async fn guide(script: &str, settings: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(checkout().join("docs/guides").join(script));
    command.stdin(Stdio::null()).envs(settings.iter().copied());
    finish(command, WITHIN).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn published_keys_are_as_the_guide_says() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start_as_issuer(&home).await;
    let service = json!({ "grants": ["client_credentials"], "scopes": ["groups:read", "members:read"], "audiences": [] });
    let service = Client::register(&server, "chat-api-service", &["credits:check"], service).await;
    let settings = [
        ("AUTH_API_URL", server.url.as_str()),
        ("SERVICE_CLIENT_ID", &service.id),
        ("SERVICE_CLIENT_SECRET", &service.secret),
        ("SERVICE_SCOPE", "groups:read members:read"),
    ];
    let ran = guide("from-shared-secret.sh", &settings).await.ended(0);
    assert!(ran.stdout.ends_with("everything is as the guide says\n"), "{ran:#?}");
    let wrong = [settings[0], settings[1], ("SERVICE_CLIENT_SECRET", "wrong")];
    let ran = guide("from-shared-secret.sh", &wrong).await;
    assert!(ran.code != 0 && ran.stderr.contains("invalid_client"), "{ran:#?}");
}

/// The code on the page that a sign-in ends with.
#[track_caller]
fn code_on(page: &str) -> String {
    // A narrow screen may break the code in places that are no characters.
    let page = page.replace("<wbr>", "");
    page[page.find("VERIFIED-").unwrap_or_else(|| panic!("no code: {page}"))..][..35].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_sora2_like_client_gets_by_with_curl() {
    let _turn = turn::shared().await;
    let (home, mut provider) = (Home::new(), Provider::start());
    let server = provider.server(&home).await;
    let set_up = guide("google.sh", &[("LEDGER", &server.url)]).await.ended(0);
    let callback = format!("{}/api/auth/google/callback\n", server.url);
    assert!(set_up.stdout.contains(&callback) && set_up.stdout.contains(CLIENT_ID), "{set_up:#?}");

    let spends = ["credits:check", "credits:deduct"];
    let client = json!({
        "scopes": spends, "grants": [], "display_name": "Sora 2 Video", "origins": ["https://sora.example"],
        "return_to": { "chatgpt": "https://sora.example/back" },
    });
    let sora = Client::register(&server, "sora2-video", &spends, client).await;
    let link = format!("{}/api/auth/google?session=any-word&return_to=chatgpt", server.url);
    let link = Url::parse(&link).expect("a URL");
    let code = code_on(&Browser::default().page(link, "ann@mail.example", "anything").await);

    let settings = [("LEDGER", server.url.as_str()), ("API_KEY", &sora.key), ("CODE", &code)];
    let poor = guide("sora2.sh", &settings).await.ended(4);
    assert!(poor.stdout.starts_with("signed in: ann@mail.example, until 20"), "{poor:#?}");
    assert!(poor.stdout.contains("balance 0, enough: false"), "{poor:#?}");
    let users = server.operator().get("/v1/users").await.expect(200).json();
    let user = users["data"][0]["user_id"].as_str().expect("an id");
    server.operator().purchase(user, "100").await;
    let rich = guide("sora2.sh", &settings).await.ended(0);
    assert!(rich.stdout.contains("balance 100, enough: true"), "{rich:#?}");
    assert!(rich.stdout.ends_with(", 70 credits left\n"), "{rich:#?}");
}

/// The demo with the stand-in, as the guide's script serves it, and what it says to go on with.
struct Demo {
    process: Process,
    said: String,
}

impl Demo {
    fn start() -> Self {
        let mut command = Command::new(checkout().join("docs/guides/google-demo.sh"));
        command.arg(binary()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process(command.spawn().expect("the script"));
        let stdout = process.0.stdout.take().expect("standard output");
        let lines = BufReader::new(stdout).lines().map(|line| line.expect("a line"));
        let said: Vec<_> = lines.take_while(|line| !line.starts_with("Serving on")).collect();
        Self { process, said: said.join("\n") }
    }

    /// The word that begins so.
    #[track_caller]
    fn word(&self, start: &str) -> &str {
        let mut words = self.said.split_whitespace();
        words.find(|word| word.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {}", self.said))
    }
}

impl Drop for Demo {
    /// The script ends what it started.
    fn drop(&mut self) {
        let pid = self.process.0.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.process.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn the_demo_signs_people_in_with_the_stand_in() {
    let _turn = turn::shared().await;
    let demo = tokio::task::spawn_blocking(Demo::start).await.expect("the demo");
    let link = Url::parse(demo.word("http://")).expect("a URL");
    let code = code_on(&Browser::default().page(link, "ann@mail.example", "anything").await);
    let value = |name: &str| demo.word(name).split_once('=').expect("a value").1;
    let settings = [("LEDGER", value("LEDGER=")), ("API_KEY", value("API_KEY=")), ("CODE", &code)];
    let spent = guide("sora2.sh", &settings).await.ended(4);
    assert!(spent.stdout.contains("signed in: ann@mail.example"), "{spent:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn what_is_not_set_up_is_said() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start_as_issuer(&home).await;
    let ran = guide("google.sh", &[("LEDGER", &server.url)]).await.ended(1);
    assert!(ran.stdout.contains("google_client_id"), "{ran:#?}");
}
