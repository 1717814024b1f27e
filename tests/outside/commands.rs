//! Commands of the ledger, with the exit codes that scripts rely on.

use std::{net::TcpListener, time::Duration};

use serde_json::Value;

use crate::support::{
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
async fn a_statement_ends_at_the_balance() {
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
        let lines = run(&home, &["statement", &wallet, "-o", "json"]).await.ended(0).json();
        let lines = lines.as_array().expect("lines");
        let last = lines.last().expect("a line");
        assert_eq!(last["balance"], shown["balance"], "{last}");
        let column =
            |name: &str| lines.iter().map(|line| line[name].as_str().unwrap_or("?")).collect::<Vec<_>>();
        assert_eq!(column("balance").join(" "), "0 100 105 97.5 97.5 97.75");
        assert_eq!(column("kind").join(" "), "opened purchase grant deduction refusal rollback");
        let csv = run(&home, &["statement", &wallet, "-o", "csv"]).await.ended(0).stdout;
        assert_eq!(csv.lines().count(), lines.len() + 1, "{csv}");
        if let Some(server) = server {
            assert_eq!(server.end().await.status.code(), Some(0));
        }
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
