//! Every other command, each opening the ledger in PostgreSQL by itself.

use super::{WALLET, home};
use crate::support::postgres::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_is_used_from_the_command_line_alone() {
    let database = Database::migrated().await;
    let there = home(&database);
    let line = |line: &str| {
        let (home, line) = (&there, line.replace('W', WALLET));
        async move { home.json(&line).await }
    };
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().expect("a text").to_owned();
    let ran = there.run(&format!("wallet create {WALLET}")).await;
    assert!(ran.stderr().contains("holds no ledger yet; making one"), "{ran:?}");
    let app = line("app create --name chat --scopes credits:deduct").await;
    let key = line(&format!("key create --app {} --scopes credits:read", text(&app, "app_id"))).await;
    line(&format!("key revoke {}", text(&key, "key_id"))).await;
    let bought = line("purchase W 100 --price 9.99 --currency EUR").await;
    line("grant W 20 --reason welcome").await;
    line("price set chat --unit tokens=0.6/1000000").await;
    line("policy set --approval-above 50").await;
    line("deduct W --service chat --usage tokens=1000000").await;
    let spent = line("deduct W 30 --service chat").await;
    line(&format!("rollback {} --amount 4.5", text(&spent, "id"))).await;
    let held = line("hold create W 10 --service video --timeout 15m").await;
    line(&format!("hold capture {} 7.25", text(&held, "id"))).await;
    line(&format!("refund {} --amount 11", text(&bought, "id"))).await;
    line("adjust W -3.000001 --reason slip").await;
    line("wallet freeze W").await;
    line("wallet unfreeze W").await;
    assert_eq!(line("wallet show W").await["balance"], "72.649999");
    assert_eq!(
        there.run(&format!("deduct {WALLET} 1000 --service chat")).await.output.status.code(),
        Some(4)
    );
    for look in [
        "app list",
        "key list",
        "price list",
        "policy show",
        "check W 1 --service chat",
        "entries W",
        "statement W",
        "explain W",
        "report usage",
        "report liability",
        "deduct W 1 --service chat --dry-run",
        "replay",
    ] {
        line(look).await;
    }
    let tail = there.run("tail --types credits.*").await.ended(0);
    assert!(tail.output.stdout.iter().filter(|byte| **byte == b'\n').count() > 8, "{tail:?}");
    assert_eq!(line("verify").await["balances"], "72.649999");
    // A demo has a ledger of its own, whatever is set.
    home(&database).run("demo --exit --requests 20 --listen 127.0.0.1:0").await.ended(0);
    assert_eq!(line("verify").await["wallets"], 1);
}
