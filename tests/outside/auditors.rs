//! What auditors get of a ledger that has seen everything: statements that real bookkeeping programs
//! accept, and reports that add up.

use std::{
    io::ErrorKind,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{
    api::Api,
    books::micros,
    cli::{finish, run},
    clock::eventually,
    home::Home,
    server::Server,
    turn, wallet,
};

/// A bookkeeping program and the form that it checks.
const CHECKERS: [(&str, &[&str], &str); 2] =
    [("hledger", &["check", "--strict", "ordereddates", "-f"], "hledger"), ("bean-check", &[], "beancount")];

/// What may take a moment, such as an expiry.
const SOON: Duration = Duration::from_secs(20);

/// A life with everything in it: lots that expire, holds that are captured, released and expire, a
/// rollback, an overdraft, refunds, debt and what pays it, and hostile words.
async fn live(api: &Api, wallet: &str) {
    let base = format!("/v1/wallets/{wallet}");
    let post = async |path: &str, key: &str, body: Value| api.post(path, Some(key), &body).await;
    let paid = json!({ "amount": "100", "payment_reference": "pi_1; \"x\"", "price_paid": { "amount": "9.99", "currency": "EUR" } });
    let bought = post(&format!("{base}/purchases"), "p1", paid).await.expect(201).text("/id");
    let gift = json!({ "amount": "2.5", "expires_in_seconds": 1, "reason": "welcome\\ \"2026-01-01 open\"" });
    post(&format!("{base}/grants"), "g1", gift).await.expect(201);
    expired(api, wallet, "/lots", 1).await;
    let hold = json!({ "wallet": wallet, "service": "video; high", "cost": "20", "cap": "25", "timeout_seconds": 600 });
    let held = post("/v1/holds", "h1", hold.clone()).await.expect(201).text("/id");
    post(&format!("/v1/holds/{held}/captures"), "c1", json!({ "cost": "7.000001" })).await.expect(201);
    post(&format!("/v1/holds/{held}/captures"), "c2", json!({ "cost": "15.5", "last": true }))
        .await
        .expect(201);
    let held = post("/v1/holds", "h2", hold).await.expect(201).text("/id");
    post(&format!("/v1/holds/{held}/release"), "r2", json!({})).await.expect(200);
    let brief = json!({ "wallet": wallet, "service": "chat", "cost": "5", "timeout_seconds": 1 });
    post("/v1/holds", "h3", brief).await.expect(201);
    expired(api, wallet, "/holds", 0).await;
    let spent = api.deduct(wallet, "d1", "60.123456").await.expect("an answer").expect(201).text("/id");
    post(&format!("/v1/deductions/{spent}/rollbacks"), "b1", json!({ "amount": "0.123456" }))
        .await
        .expect(201);
    let limit = api.request(reqwest::Method::PUT, &format!("{base}/credit-limit"));
    let limit = limit.header("Idempotency-Key", "l1").json(&json!({ "limit": "50" })).send().await;
    assert_eq!(limit.expect("an answer").status().as_u16(), 200);
    api.deduct(wallet, "d2", "30").await.expect("an answer").expect(201);
    let open = json!({ "wallet": wallet, "service": "chat", "cost": "4", "timeout_seconds": 600 });
    post("/v1/holds", "h4", open).await.expect(201);
    post(&format!("/v1/purchases/{bought}/refunds"), "f1", json!({ "amount": "40" })).await.expect(201);
    post(&format!("/v1/purchases/{bought}/chargebacks"), "f2", json!({ "amount": "1" })).await.expect(201);
    let more = json!({ "amount": "80", "price_paid": { "amount": "7", "currency": "USD" } });
    post(&format!("{base}/purchases"), "p2", more).await.expect(201);
    let slip = json!({ "wallet": wallet, "amount": "-0.5", "reason": "\u{202e}a slip ; of the pen" });
    post("/v1/adjustments", "a1", slip).await.expect(201);
    // An open hold is in the statement's closing.
    let held = json!({ "wallet": wallet, "service": "chat", "cost": "3", "timeout_seconds": 600 });
    post("/v1/holds", "h5", held).await.expect(201);
}

/// Waits until a list of the wallet has become this short.
async fn expired(api: &Api, wallet: &str, list: &str, left: usize) {
    eventually("it has expired", SOON, async || {
        let shown = api.wallet(wallet).await.json();
        let list = shown.pointer(list).and_then(Value::as_array).expect("a list");
        (list.len() == left).then_some(())
    })
    .await;
}

/// Whether the program accepts the file. `./check` installs both programs.
async fn accepts((program, arguments, _): (&str, &[&str], &str), file: &Path) -> (bool, String) {
    let known = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if let Err(error) = known {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{program}: {error}");
        panic!("{program} is not installed; ./check installs it");
    }
    let mut command = Command::new(program);
    command.args(arguments).arg(file).env("LC_ALL", "C.UTF-8");
    let ran = finish(command, Duration::from_secs(60)).await;
    (ran.code == 0, format!("{}{}", ran.stdout, ran.stderr))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn bookkeeping_programs_accept_the_statements_of_a_whole_life() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let (api, wallet) = (server.operator(), wallet(0));
    live(&api, &wallet).await;
    let last = api.head().await - 1;
    let closing = api.wallet(&wallet).await.text("/balance");
    let path = format!("/v1/wallets/{wallet}/statement?min_position={last}");
    let told = api.get(&path).await.expect(200).json();
    assert_eq!(told["closing"]["balance"], closing.as_str());
    let lines = told["lines"].as_array().expect("lines");
    for kind in [
        "purchase",
        "grant",
        "expiry",
        "hold",
        "capture",
        "release",
        "hold_expiry",
        "deduction",
        "rollback",
        "refund",
        "chargeback",
        "adjustment",
    ] {
        assert!(lines.iter().any(|line| line["kind"] == kind), "no {kind}: {told}");
    }
    let middle = lines[lines.len() / 2]["position"].as_str().expect("a position");
    for checker in CHECKERS {
        for period in ["", &format!("&from={middle}"), &format!("&to={middle}")] {
            let form = checker.2;
            let journal = api.get(&format!("{path}&format={form}{period}")).await.expect(200).body;
            let file = home.file(&format!("statement.{form}"));
            std::fs::write(&file, &journal).expect("a file");
            let (accepted, said) = accepts(checker, &file).await;
            assert!(accepted, "{said}\n{journal}");
            // A checker that accepts everything would prove nothing.
            let amount = journal.match_indices(" CREDIT\n").map(|(at, _)| at).nth(1).expect("an amount");
            let digit = if journal[..amount].ends_with('1') { "2" } else { "1" };
            let changed = [&journal[..amount - 1], digit, &journal[amount..]].concat();
            std::fs::write(&file, &changed).expect("a file");
            assert!(!accepts(checker, &file).await.0, "accepted with a changed amount: {changed}");
        }
    }
    assert_eq!(server.end().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn what_is_owed_adds_up_with_and_without_a_server() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let wallets = [wallet(0), wallet(1)];
    live(&server.operator(), &wallets[0]).await;
    server.operator().purchase(&wallets[1], "12").await;
    let middle = (server.operator().head().await / 2).to_string();
    let over_http = owed(&home, &[]).await;
    let explained = run(&home, &["explain", &wallets[0], "-o", "json"]).await.ended(0).json();
    let then =
        run(&home, &["wallet", "show", &wallets[0], "--at", &middle, "-o", "json"]).await.ended(0).json();
    assert_eq!(server.end().await.status.code(), Some(0));
    let (first, second) = (owed(&home, &["--to", &middle]).await, owed(&home, &["--from", &middle]).await);
    assert_eq!(first["closing"], second["opening"]);
    assert_eq!(second["closing"], over_http["closing"]);
    let mut balance = 0;
    for wallet in &wallets {
        let shown = run(&home, &["wallet", "show", wallet, "-o", "json"]).await.ended(0).json();
        balance += micros(shown["balance"].as_str().expect("a balance"));
    }
    assert_eq!(amount(&over_http["closing"], "balance"), balance);
    let again = run(&home, &["explain", &wallets[0], "-o", "json"]).await.ended(0).json();
    assert_eq!(again["lots"], explained["lots"]);
    let still =
        run(&home, &["wallet", "show", &wallets[0], "--at", &middle, "-o", "json"]).await.ended(0).json();
    assert_eq!(still, then, "the past does not change");
    let usage = run(&home, &["report", "usage", "--by", "service", "-o", "csv"]).await.ended(0).stdout;
    assert!(
        usage.starts_with("service,spendings,spent,") && usage.contains("\nvideo; high,2,22.500001,"),
        "{usage}"
    );
    let page = home.file("page.html");
    let page = page.to_str().expect("a path");
    run(&home, &["statement", &wallets[0], "--format", "html", "--out", page]).await.ended(0);
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("<h1>Statement of credits</h1>") && !page.contains("<script"), "{page}");
}

/// The roll-forward as the command line tells it; fails unless it adds up.
async fn owed(home: &Home, period: &[&str]) -> Value {
    let words = [&["report", "liability"][..], period, &["-o", "json"]].concat();
    let report = run(home, &words).await.ended(0).json();
    let flows = report["flows"].as_array().expect("flows");
    for name in ["paid", "promotional", "debt", "balance"] {
        let sum: i128 = flows.iter().map(|flow| amount(flow, name)).sum();
        assert_eq!(amount(&report["opening"], name) + sum, amount(&report["closing"], name), "{report}");
    }
    for value in report["deferred_revenue"].as_array().expect("currencies") {
        let flows = value["flows"].as_array().expect("flows");
        let sum: i128 = flows.iter().map(|flow| amount(flow, "change")).sum();
        assert_eq!(amount(value, "opening") + sum, amount(value, "closing"), "{value}");
    }
    report
}

fn amount(of: &Value, name: &str) -> i128 {
    micros(of[name].as_str().unwrap_or_else(|| panic!("no {name}: {of}")))
}
