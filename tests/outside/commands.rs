//! Commands of the ledger, with the exit codes that scripts rely on.

use std::{net::TcpListener, time::Duration};

use serde_json::Value;

use crate::support::{
    books::verify,
    cli::{finish, run},
    home::{Home, checkout},
    server::Server,
    turn, wallet,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn exit_codes_tell_scripts_what_went_wrong() {
    let _turn = turn::shared().await;
    let (home, wallet) = (Home::new(), wallet(0));
    run(&home, &["purchase", &wallet, "5"]).await.ended(0);
    run(&home, &["deduct", &wallet, "2", "--service", "chat"]).await.ended(0);
    let short =
        run(&home, &["deduct", &wallet, "3.000001", "--service", "chat", "-o", "json"]).await.ended(4);
    let problem: Value =
        serde_json::from_str(&short.stderr).unwrap_or_else(|error| panic!("{error}: {short:#?}"));
    assert_eq!((&problem["available"], &problem["shortfall"]), (&"3".into(), &"0.000001".into()));
    assert!(short.stdout.is_empty(), "{short:#?}");
    for wrong in [
        &["frobnicate"][..],
        &["deduct", &wallet],
        &["purchase", &wallet, "1e3"],
        &["--config", "no-file", "verify"],
    ] {
        run(&home, wrong).await.ended(2);
    }
    run(&home, &["rollback", "ded_00000000_77"]).await.ended(1);
    let mut unreachable = home.command();
    unreachable
        .args(["--url", &nobody_listens(), "wallet", "show", &wallet])
        .env("CREDIT_LEDGER_TOKEN", "clk_x");
    finish(unreachable, Duration::from_secs(20)).await.ended(5);
}

/// An address where nobody listens: its port was free a moment ago.
fn nobody_listens() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn entries_and_statement_end_at_the_balance() {
    let _turn = turn::shared().await;
    let (home, wallet) = (Home::new(), wallet(0));
    run(&home, &["purchase", &wallet, "100", "--price", "9.99", "--currency", "EUR"]).await.ended(0);
    run(&home, &["grant", &wallet, "5", "--expires-in", "30d", "--reason", "welcome"]).await.ended(0);
    let deduction =
        run(&home, &["deduct", &wallet, "7.5", "--service", "chat", "-o", "json"]).await.ended(0).json();
    run(&home, &["deduct", &wallet, "1000", "--service", "chat"]).await.ended(4);
    let id = deduction["id"].as_str().expect("an id");
    run(&home, &["rollback", id, "--amount", "0.25", "--reason", "half of it was missing"]).await.ended(0);
    for server in [None, Some(Server::start(&home).await)] {
        let shown = run(&home, &["wallet", "show", &wallet, "-o", "json"]).await.ended(0).json();
        assert_eq!(shown["balance"], "97.75");
        let lines = run(&home, &["entries", &wallet, "-o", "json"]).await.ended(0).json();
        let lines = lines.as_array().expect("lines");
        let last = lines.last().expect("a line");
        assert_eq!(last["balance"], shown["balance"], "{last}");
        let column =
            |name: &str| lines.iter().map(|line| line[name].as_str().unwrap_or("?")).collect::<Vec<_>>();
        assert_eq!(column("balance").join(" "), "0 100 105 97.5 97.5 97.75");
        assert_eq!(column("kind").join(" "), "opened purchase grant deduction refusal rollback");
        let csv = run(&home, &["entries", &wallet, "-o", "csv"]).await.ended(0).stdout;
        assert_eq!(csv.lines().count(), lines.len() + 1, "{csv}");
        let statement = run(&home, &["statement", &wallet, "-o", "json"]).await.ended(0).json();
        assert_eq!(statement["closing"]["balance"], shown["balance"]);
        assert_eq!(statement["lines"].as_array().map(Vec::len), Some(4), "{statement}");
        if let Some(server) = server {
            assert_eq!(server.end().await.status.code(), Some(0));
        }
    }
}

/// The same on the data directory itself and beside a running server.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn holds_refunds_and_prices_work_with_and_without_a_server() {
    let _turn = turn::shared().await;
    for serving in [false, true] {
        let (home, wallet) = (Home::new(), wallet(0));
        let server = if serving { Some(Server::start(&home).await) } else { None };
        let json =
            async |words: &[&str]| run(&home, &[words, &["-o", "json"]].concat()).await.ended(0).json();
        let id = |answer: &Value| answer["id"].as_str().expect("an id").to_owned();
        let purchase = id(&json(&["purchase", &wallet, "100", "--key", "order-1"]).await);
        json(&["price", "set", "chat", "--unit", "tokens=0.6/1000000"]).await;
        let usage = ["deduct", &wallet, "--service", "chat", "--usage", "tokens=5000000"];
        let rehearsed = json(&[&usage[..], &["--dry-run"]].concat()).await;
        assert_eq!((&rehearsed["cost"], &rehearsed["dry_run"]), (&"3".into(), &true.into()));
        assert_eq!(json(&usage).await["balance"], "97", "the dry run has spent nothing");
        let hold = ["hold", "create", &wallet, "20", "--service", "video", "--timeout", "15m"];
        let hold = id(&json(&hold).await);
        run(&home, &["deduct", &wallet, "77.5", "--service", "chat"]).await.ended(4);
        json(&["hold", "capture", &hold, "6.5"]).await;
        let last = json(&["hold", "capture", &hold, "8.25", "--last"]).await;
        assert_eq!((&last["released"], &last["balance"]), (&"5.25".into(), &"82.25".into()));
        run(&home, &["hold", "release", &hold]).await.ended(1);
        let refund = json(&["refund", &purchase]).await;
        assert_eq!((&refund["taken"], &refund["debt"]), (&"82.25".into(), &"17.75".into()));
        json(&["adjust", &wallet, "17.75", "--reason", "goodwill"]).await;
        json(&["wallet", "limit", &wallet, "5"]).await;
        json(&["wallet", "freeze", &wallet]).await;
        run(&home, &["deduct", &wallet, "1", "--service", "chat"]).await.ended(1);
        json(&["wallet", "unfreeze", &wallet]).await;
        assert_eq!(json(&["deduct", &wallet, "1", "--service", "chat"]).await["balance"], "-1");
        if let Some(server) = server {
            // Its own app proposes what the operator then approves.
            json(&["policy", "set", "--approval-above", "10"]).await;
            let key = home.file("key");
            std::fs::write(&key, server.app("support").await).expect("a file");
            let key = key.to_str().expect("a path");
            let adjust =
                ["adjust", &wallet, "50", "--reason", "gift", "--url", &server.url, "--token-file", key];
            let proposed = json(&adjust).await;
            assert_eq!(proposed["status"], "proposed");
            assert_eq!(json(&["approve", &id(&proposed)]).await["balance"], "49");
            assert_eq!(server.end().await.status.code(), Some(0));
        }
        verify(&home).await;
        run(&home, &["replay"]).await.ended(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn settings_are_shown_with_their_sources() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let file = home.file("settings.toml");
    std::fs::write(&file, "mailbox = 99\n").expect("a file");
    let mut show = home.command();
    show.args(["--config", file.to_str().expect("a path"), "config", "show", "--sources", "-o", "json"]);
    show.env("PORT", "4321").env("CREDIT_LEDGER_GROUP_MAX", "77");
    let shown = finish(show, Duration::from_secs(20)).await.ended(0).json();
    let setting = |name: &str| {
        let shown = shown.as_array().expect("settings").iter().find(|setting| setting["key"] == name);
        let shown = shown.unwrap_or_else(|| panic!("{name} is not shown"));
        (shown["value"].clone(), shown["source"].as_str().expect("a source").to_owned())
    };
    assert_eq!(setting("data_dir"), (home.data().to_str().into(), "flag --data-dir".into()));
    assert_eq!(setting("mailbox"), (99.into(), format!("file {}", file.display())));
    assert_eq!(setting("group_max"), (77.into(), "environment CREDIT_LEDGER_GROUP_MAX".into()));
    assert_eq!(setting("listen"), ("127.0.0.1:4321".into(), "environment PORT".into()));
    assert_eq!(setting("log_filter"), ("info".into(), "default".into()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn the_openapi_document_is_the_committed_one_and_the_served_one() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let printed = run(&home, &["openapi"]).await.ended(0).json();
    let path = checkout().join("docs/openapi.json");
    let committed =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let committed: Value = serde_json::from_str(&committed).expect("JSON");
    assert!(printed == committed, "docs/openapi.json is out of date: UPDATE=1 cargo test rewrites it");
    let server = Server::start(&home).await;
    let served = server.operator().get("/openapi.json").await.expect(200).json();
    assert!(served == printed, "the server tells another document than the command");
    for path in ["/api/v1/docs/", "/docs/"] {
        let page = server.operator().get(path).await.expect(200).body;
        assert!(page.contains("swagger-ui") && !page.contains("https://"), "{path} is not offline: {page}");
    }
}
