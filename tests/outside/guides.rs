//! The scripts of `docs/guides`, as a newcomer runs them, against the release binary.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{ChildStdout, Command, Stdio},
    time::Duration,
};

use reqwest::Url;
use serde_json::json;

use crate::support::{
    browser::Browser,
    cli::{Process, Ran, finish},
    home::{Home, checkout},
    people::Client,
    server::Server,
    turn,
};

const WITHIN: Duration = Duration::from_secs(60);
const CLIENT_ID: &str = "credits.apps.example";
const CLIENT_SECRET: &str = "GOCSPX-secret-at-google";

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

/// npm `oidc-provider` in Google's part; it ends with its standard input.
struct Provider {
    issuer: String,
    process: Process,
    /// It says more than its issuer, and dies when nobody can hear it.
    _stdout: BufReader<ChildStdout>,
}

impl Provider {
    fn start() -> Self {
        let folder = checkout().join("target/outside/provider");
        assert!(folder.is_dir(), "{} is missing: run tests/outside/clients/install", folder.display());
        let script = folder.join("provider.mjs");
        fs::copy(checkout().join("tests/outside/provider/provider.mjs"), &script).expect("a copy");
        let mut command = Command::new("node");
        command.arg(script).args([CLIENT_ID, CLIENT_SECRET]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process(command.spawn().expect("node runs"));
        let mut issuer = String::new();
        let stdout = process.0.stdout.take().expect("standard output");
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut issuer).expect("a line");
        Self { issuer: issuer.trim().to_owned(), process, _stdout: stdout }
    }

    async fn server(&mut self, home: &Home) -> Server {
        let secret = home.file("google-secret");
        fs::write(&secret, CLIENT_SECRET).expect("a file");
        let options = [
            "--google-client-id",
            CLIENT_ID,
            "--google-client-secret-file",
            secret.to_str().expect("a path"),
            "--google-issuer",
            &self.issuer,
        ];
        let server = Server::start_as_issuer_with(home, &options).await;
        let stdin = self.process.0.stdin.as_mut().expect("standard input");
        writeln!(stdin, "{}/api/auth/google/callback", server.url).expect("written");
        server
    }
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
    // A narrow screen may break the code in places that are no characters.
    let page = Browser::default().page(link, "ann@mail.example", "anything").await.replace("<wbr>", "");
    let code = &page[page.find("VERIFIED-").unwrap_or_else(|| panic!("no code: {page}"))..][..35];

    let settings = [("LEDGER", server.url.as_str()), ("API_KEY", &sora.key), ("CODE", code)];
    let poor = guide("sora2.sh", &settings).await.ended(4);
    assert!(poor.stdout.starts_with("signed in: ann@mail.example, until 20"), "{poor:#?}");
    assert!(poor.stdout.contains("balance 0, enough: false"), "{poor:#?}");
    let users = server.operator().get("/v1/users").await.expect(200).json();
    let users = users["data"].as_array().or_else(|| users["users"].as_array());
    let user = users.and_then(|users| users.first()).expect("a user");
    let user = user["id"].as_str().or_else(|| user["user_id"].as_str()).expect("an id");
    server.operator().purchase(user, "100").await;
    let rich = guide("sora2.sh", &settings).await.ended(0);
    assert!(rich.stdout.contains("balance 100, enough: true"), "{rich:#?}");
    assert!(rich.stdout.ends_with(", 70 credits left\n"), "{rich:#?}");
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
