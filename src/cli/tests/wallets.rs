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
    // Nothing listens on port 1.
    let left = r#"{"url":"http://127.0.0.1:1","admin_token":"clo_x","pid":PID}"#;
    for pid in ["0", &std::process::id().to_string()] {
        std::fs::write(dir.path().join("server.json"), left.replace("PID", pid)).expect("written");
        typed(dir.path(), "app list").await.expect("a list");
        assert!(!dir.path().join("server.json").exists());
    }
}
