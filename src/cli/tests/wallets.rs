use super::*;

const WALLET: &str = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_funded_spent_from_and_accounted_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let bought = json(dir, &format!("purchase {WALLET} 100 --price 9.99 --currency EUR --key order-1")).await;
    assert_eq!((&bought["balance"], &bought["replayed"]), (&"100".into(), &false.into()));
    let again = json(dir, &format!("purchase {WALLET} 100 --price 9.99 --currency EUR --key order-1")).await;
    assert_eq!((&again["id"], &again["replayed"]), (&bought["id"], &true.into()));
    json(dir, &format!("grant {WALLET} 5 --expires-in 30d --reason welcome")).await;
    assert_eq!(json(dir, &format!("check {WALLET} 105.000001 --service chat")).await["sufficient"], false);
    let spent = json(dir, &format!("deduct {WALLET} 7.5 --service chat --metadata {{\"model\":1}}")).await;
    assert_eq!((&spent["balance"], &spent["metadata"]["model"]), (&"97.5".into(), &1.into()));
    let refused =
        typed(dir, &format!("deduct {WALLET} 97.500001 --service chat")).await.expect_err("too much");
    assert_eq!(refused.code(), 4, "{refused}");
    let id = spent["id"].as_str().expect("an id");
    assert_eq!(json(dir, &format!("rollback {id} --amount 2.5")).await["balance"], "100");
    assert_eq!(json(dir, &format!("rollback {id} --reason undelivered")).await["balance"], "105");
    let shown = json(dir, &format!("wallet show {WALLET}")).await;
    assert_eq!(shown["lots"].as_array().expect("lots").len(), 2);
    let entries = typed(dir, &format!("entries {WALLET} -o csv")).await.expect("a statement");
    let amounts: Vec<_> = entries.lines().skip(1).filter_map(|line| line.split(',').nth(4)).collect();
    assert_eq!(amounts, ["0", "100", "5", "0", "-7.5", "0", "2.5", "5"], "oldest first:\n{entries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_listed_without_its_secret() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let app = json(dir, "app create --name chat --scopes credits:check,credits:deduct").await;
    let secret = app["api_key"].as_str().expect("a key");
    let further = json(
        dir,
        &format!("key create --app {} --scopes credits:read", app["app_id"].as_str().expect("an id")),
    )
    .await;
    let key = further["key_id"].as_str().expect("an id");
    typed(dir, &format!("key revoke {key}")).await.expect("revoked");
    assert_eq!(json(dir, "app list").await[0]["app_id"], app["app_id"]);
    let listed = typed(dir, "key list -o jsonl").await.expect("a list");
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.lines().nth(1).is_some_and(|line| line.contains("\"revoked\":\"")), "{listed}");
    assert!(!listed.contains(secret) && !listed.contains(&secret[37..]), "the secret is not listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_left_is_ignored_and_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    json(dir.path(), &format!("purchase {WALLET} 1")).await;
    // Nothing listens on port 1.
    let left = r#"{"url":"http://127.0.0.1:1","admin_token":"clo_x","pid":PID}"#;
    for pid in ["0", &std::process::id().to_string()] {
        std::fs::write(dir.path().join("server.json"), left.replace("PID", pid)).expect("written");
        typed(dir.path(), "app list").await.expect("a list");
        assert!(!dir.path().join("server.json").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_ask_about_any_moment() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let bought = json(dir, &format!("purchase {WALLET} 100 --price 9.99 --currency EUR")).await;
    let spent = json(dir, &format!("deduct {WALLET} 7.5 --service chat")).await;
    let at = bought["position"].as_str().expect("a position");
    let then = json(dir, &format!("wallet show {WALLET} --at {at}")).await;
    assert_eq!((&then["balance"], &then["frozen"]), (&"100".into(), &false.into()));
    let time = spent["time"].as_str().expect("a time");
    assert_eq!(json(dir, &format!("wallet show {WALLET} --at {time}")).await["balance"], "92.5");
    let explained = json(dir, &format!("explain {WALLET}")).await;
    assert_eq!(explained["lots"][0]["spent"]["chat"], "7.5");
    let table = typed(dir, &format!("explain {WALLET} --at {at}")).await.expect("an explanation");
    assert!(table.contains("purchase") && !table.contains("chat"), "{table}");
    let statement = json(dir, &format!("statement {WALLET} --from {at}")).await;
    assert_eq!([&statement["opening"]["balance"], &statement["closing"]["balance"]], ["0", "92.5"]);
    let rows = typed(dir, &format!("statement {WALLET} -o csv")).await.expect("a statement");
    let kinds: Vec<_> = rows.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(kinds, ["opening", "purchase", "deduction", "closing"], "{rows}");
    let file = dir.join("statement.beancount");
    typed(dir, &format!("statement {WALLET} --format beancount --out {}", file.display()))
        .await
        .expect("a file");
    assert!(std::fs::read_to_string(file).expect("a file").contains("operating_currency"));
    let owed = json(dir, "report liability").await;
    assert_eq!(
        (&owed["closing"]["paid"], &owed["deferred_revenue"][0]["recognised"]),
        (&"92.5".into(), &"0.74925".into())
    );
    let table = typed(dir, "report liability").await.expect("a report");
    assert!(table.contains("opening") && table.contains("breakage"), "{table}");
    let usage = typed(dir, "report usage --by service").await.expect("a report");
    assert!(usage.lines().last().is_some_and(|line| line.starts_with("total")), "{usage}");
    let csv = typed(dir, "report usage --by service -o csv").await.expect("a report");
    assert_eq!(csv, "service,spendings,spent,rollbacks,returned,net\nchat,1,7.5,0,0,7.5\n");
    let future = typed(dir, &format!("wallet show {WALLET} --at 2999-01-01")).await.expect_err("not yet");
    assert_eq!(future.code(), 1, "{future}");
}
