//! A store that is named is the one that is tested.

use std::process::{Command, Output};

use tokio::task::spawn_blocking;

use super::{Double, NAMED};

/// Runs a case of the contract in a process of its own, on the store of this name.
async fn contract(store: String) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this test binary"));
    let case = "log_contract::appending::kurrent::groups_follow_each_other_densely";
    command.args(["--exact", case, "--nocapture"]).env(NAMED, store);
    spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_runs_on_the_store_that_is_named() {
    let double = Double::start().await;
    let output = contract(double.url()).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(double.appended(), 1 + 2 + 1 + 256 + 3 + 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_named_and_not_there_fails_the_contract() {
    let output = contract("esdb://127.0.0.1:1?tls=false".to_owned()).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("1 failed"), "{said}");
}
