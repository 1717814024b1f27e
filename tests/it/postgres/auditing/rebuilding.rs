//! Rows that do not follow from the log are found, and built anew.

use super::{WALLET, begun, home};
use crate::support::postgres::{Database, MIGRATOR, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_row_is_found_and_a_rebuild_mends_it() {
    let database = Database::migrated().await;
    let there = home(&database);
    begun(&there).await;
    assert_eq!(there.json("replay").await["ok"], true);
    let mut owner = database.connect_as(MIGRATOR).await;
    run(&mut owner, "UPDATE credit_ledger.wallets SET events = events + 1").await;
    let ran = there.run("replay -o json").await.ended(3);
    assert!(ran.stderr().contains("replay --rebuild"), "{ran:?}");
    let replayed = there.json("replay --rebuild").await;
    assert_eq!(replayed["ok"], true, "{replayed}");
    assert!(replayed["projections"].as_array().is_some_and(|projections| projections.len() == 9));
    assert_eq!(there.json("replay").await["ok"], true);
    assert_eq!(there.json(&format!("wallet show {WALLET}")).await["balance"], "97");
    run(&mut owner, "DELETE FROM credit_ledger.wallets").await;
    assert!(there.refused("verify", 3).await.contains("wallets are projected"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_projections_the_log_is_verified_alone() {
    let database = Database::migrated().await;
    let there = home(&database);
    begun(&there).await;
    let mut owner = database.connect_as(MIGRATOR).await;
    run(&mut owner, "UPDATE credit_ledger.builds SET versions = 'another'").await;
    let ran = there.run("verify -o json").await.ended(0);
    assert!(ran.stderr().contains("the projections are left out"), "{ran:?}");
    assert!(there.refused("replay", 1).await.contains("replay --rebuild"));
    assert_eq!(there.json("replay --rebuild").await["ok"], true);
    assert_eq!(there.json("verify").await["wallets_compared"], 1);
}

/// An owner of the database can change history; it shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_event_is_named_by_its_position() {
    let database = Database::migrated().await;
    let there = home(&database);
    begun(&there).await;
    let text = there.exported(&there.file("ledger.jsonl")).await;
    let text = String::from_utf8(text).expect("UTF-8");
    let changed = text.lines().position(|line| line.contains(r#""balance":"99""#)).expect("a deduction");
    let mut owner = database.connect_as(MIGRATOR).await;
    for sql in [
        "ALTER TABLE credit_ledger.events DISABLE TRIGGER ALL",
        "ALTER TABLE credit_ledger.events_0 DISABLE TRIGGER ALL",
    ] {
        run(&mut owner, sql).await;
    }
    run(
        &mut owner,
        &format!(
            "UPDATE credit_ledger.events SET body = convert_to(replace(convert_from(body, 'UTF8'), \
             '\"balance\":\"99\"', '\"balance\":\"98\"'), 'UTF8') WHERE position = {changed}"
        ),
    )
    .await;
    let said = there.refused("verify", 3).await;
    assert!(said.contains(&format!("position {changed}: ")), "{said}");
}
