//! Secrets stay where they belong: none turns up in logs, files, exports, figures or answers.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    api::{Answer, Api},
    cli::run,
    home::Home,
    server::Server,
    turn, wallet,
};

/// Files of the data directory that hold a secret, each one its own.
const OWN: [(&str, &str); 2] = [("server.json", "admin token"), ("pepper", "pepper")];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn no_secret_turns_up_where_others_can_read_it() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start_with(&home, &["--log-filter", "trace"]).await;
    let (good, revoked) = (server.app("good").await, server.app("revoked").await);
    let mut seen = Seen::default();
    use_it(&server, &good, &revoked, &mut seen).await;
    let secrets = secrets(&home, &server, &[&good, &revoked]);
    for words in
        [&["app", "list"][..], &["key", "list"], &["config", "show"], &["tail"], &["statement", &wallet(0)]]
    {
        let ran = run(&home, &[words, &["-o", "json"]].concat()).await.ended(0);
        seen.add(&words.join(" "), format!("{}{}", ran.stdout, ran.stderr));
    }
    for file in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{file}", server.pid());
        seen.add(&path, fs::read(&path).expect("a running process"));
    }
    // While it runs: the write-ahead logs are full of what was just written.
    seen.add_files(home.data());
    let ended = server.end().await;
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.log.contains("position-not-reached"), "failed requests are logged: {}", ended.log);
    seen.add("server log", ended.log);
    seen.add_files(home.data());
    let export = run(&home, &["export", "--out", "-"]).await.ended(0);
    seen.add("export", export.stdout + &export.stderr);
    seen.must_not_have(&secrets);
}

/// Right and wrong uses of keys, and whatever answers them.
async fn use_it(server: &Server, good: &str, revoked: &str, seen: &mut Seen) {
    let (api, wallet) = (server.api(good), wallet(0));
    seen.answer("purchase", &api.purchase(&wallet, "5").await);
    seen.answer("deduction", &api.deduct(&wallet, "one", "2").await.expect("an answer"));
    seen.answer("refusal", &api.deduct(&wallet, "two", "200").await.expect("an answer").expect(402));
    let keys = server.operator().get("/v1/apps").await.expect(200).text("/data/1/app_id");
    seen.answer("keys", &server.operator().get(&format!("/v1/apps/{keys}/keys")).await.expect(200));
    let id = revoked.split('_').nth(1).expect("a key's id");
    seen.answer(
        "revocation",
        &send(server.operator().request(Method::DELETE, &format!("/v1/keys/{id}"))).await,
    );
    seen.answer(
        "revoked key",
        &server.api(revoked).deduct(&wallet, "three", "1").await.expect("an answer").expect(401),
    );
    let altered = format!("{}{}", &good[..good.len() - 1], if good.ends_with('x') { "y" } else { "x" });
    seen.answer(
        "altered key",
        &server.api(&altered).deduct(&wallet, "four", "1").await.expect("an answer").expect(401),
    );
    // A careless client puts its key anywhere.
    let careless = |path: &str| api.request(Method::GET, &format!("{path}{good}"));
    seen.answer("key in a query", &send(careless("/v1/entries?api_key=")).await.expect(400));
    // The one kind of answer that the server logs.
    let too_early = api.request(Method::GET, "/v1/entries?min_position=999999999&wait=0");
    seen.answer("failed request", &send(too_early.header("Cookie", good)).await.expect(503));
    seen.answer(
        "key in a wrong header",
        &send(Api::new(&server.url, "none").request(Method::GET, "/v1/entries").header("X-Key", good)).await,
    );
    seen.answer(
        "key as a value",
        &api.post(
            &format!("/v1/wallets/{wallet}/deductions"),
            Some("five"),
            &json!({ "service": 7, "cost": good }),
        )
        .await,
    );
    seen.answer("metrics", &server.operator().get("/metrics").await.expect(200));
    seen.answer("readiness", &api.get("/readyz?verbose=1").await);
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    Answer::of(request.send().await.expect("an answer")).await.expect("a body")
}

/// Every secret in every spelling that might turn up, by name.
fn secrets(home: &Home, server: &Server, keys: &[&str]) -> Vec<(&'static str, Vec<u8>)> {
    // The part that is secret, without prefix and public id.
    let secret = |text: &str| text.as_bytes()[text.len() - 43..].to_vec();
    let mut secrets: Vec<_> = keys.iter().map(|key| ("API key", secret(key))).collect();
    secrets.push(("admin token", secret(&server.token)));
    let pepper = fs::read(home.data().join("pepper")).expect("a pepper");
    assert_eq!(pepper.len(), 32);
    let hex: String = pepper.iter().map(|byte| format!("{byte:02x}")).collect();
    let spellings =
        [hex.to_uppercase(), hex, STANDARD_NO_PAD.encode(&pepper), URL_SAFE_NO_PAD.encode(&pepper)];
    secrets.extend(spellings.map(|text| ("pepper", text.into_bytes())));
    secrets.push(("pepper", pepper));
    secrets
}

/// Everything that was seen, by where.
#[derive(Default)]
struct Seen(BTreeMap<String, Vec<u8>>);

impl Seen {
    fn add(&mut self, place: &str, bytes: impl Into<Vec<u8>>) {
        self.0.entry(place.to_owned()).or_default().extend(bytes.into());
    }

    fn answer(&mut self, place: &str, answer: &Answer) {
        self.add(place, format!("{answer:?}"));
    }

    /// Every file below `folder`; those that hold a secret are the owner's alone.
    fn add_files(&mut self, folder: &Path) {
        assert_eq!(
            fs::metadata(folder).expect("a folder").permissions().mode() & 0o077,
            0,
            "{}",
            folder.display()
        );
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if OWN.iter().any(|(own, _)| *own == name) {
                assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600, "{name}");
            }
            self.add(&name, fs::read(&path).expect("a file"));
        }
    }

    fn must_not_have(&self, secrets: &[(&'static str, Vec<u8>)]) {
        assert!(self.0.keys().any(|place| place.starts_with("log.db")) && self.0.contains_key("read.db"));
        let mut leaks = Vec::new();
        for (place, bytes) in &self.0 {
            for (what, secret) in secrets {
                let own = OWN.contains(&(place.as_str(), what));
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                // Where a secret belongs, it must be found: otherwise this test looks in vain.
                if found != own && !(own && *what == "pepper") {
                    leaks.push(format!("{place}: {what} {}", if found { "leaked" } else { "missing" }));
                }
            }
        }
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}
