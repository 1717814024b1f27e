use super::*;

const WALLET: &str = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

fn id(answer: &Value) -> &str {
    answer["id"].as_str().expect("an id")
}

/// The code of the problem that the command fails with, and its exit code.
async fn refused(dir: &Path, line: &str) -> (String, u8) {
    let failure = typed(dir, line).await.expect_err(line);
    let code = failure.code();
    let failure::Failure::Problem(problem) = failure else { panic!("{line}: {failure}") };
    (problem.code, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_captured_in_parts_given_back_and_released() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    json(dir, &format!("purchase {WALLET} 20")).await;
    let held = json(dir, &format!("hold create {WALLET} 10 --service video --timeout 15m --cap 12")).await;
    assert_eq!((&held["balance"], &held["available"]), (&"20".into(), &"10".into()));
    let hold = id(&held);
    let first = json(dir, &format!("hold capture {hold} 4 --metadata {{\"part\":1}}")).await;
    assert_eq!((&first["captured"], &first["balance"]), (&"4".into(), &"16".into()));
    let until = json(dir, &format!("hold extend {hold} --timeout 1h")).await;
    assert!(until["expires_at"].as_str() > held["expires_at"].as_str(), "{until}");
    let shown = json(dir, &format!("hold show {hold}")).await;
    assert_eq!((&shown["status"], &shown["remaining"]), (&"open".into(), &"6".into()));
    assert_eq!(refused(dir, &format!("hold capture {hold} 8.000001")).await.0, "capture-exceeds-hold");
    let last = json(dir, &format!("hold capture {hold} 1 --last")).await;
    assert_eq!((&last["released"], &last["available"]), (&"5".into(), &"15".into()));
    assert_eq!(refused(dir, &format!("hold release {hold}")).await, ("hold-closed".into(), 1));
    assert_eq!(json(dir, &format!("rollback {} --amount 0.5", id(&first))).await["balance"], "15.5");
    let checked = json(dir, &format!("check {WALLET} 15.5 --service video --hold --timeout 5m")).await;
    let hold = checked["hold"].as_str().expect("a hold");
    assert_eq!(refused(dir, &format!("deduct {WALLET} 0.1 --service chat")).await.1, 4);
    assert_eq!(json(dir, &format!("hold release {hold}")).await["released"], "15.5");
    let table = typed(dir, &format!("hold show {hold}")).await.expect("a hold");
    assert!(table.contains("released"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_turns_usage_into_a_cost_and_a_policy_may_demand_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    json(dir, &format!("purchase {WALLET} 100")).await;
    let usage = format!("deduct {WALLET} --service chat --usage tokens=1500000 --usage images=2");
    assert_eq!(refused(dir, &usage).await, ("no-price".into(), 1));
    let rehearsed = json(dir, "price set chat --unit tokens=0.6/1000000 --unit images=4 --dry-run").await;
    assert_eq!((&rehearsed["dry_run"], rehearsed.get("version")), (&true.into(), None));
    assert_eq!(json(dir, "price list").await, serde_json::json!([]));
    let set = json(dir, "price set chat --unit tokens=0.6/1000000 --unit images=4").await;
    let spent = json(dir, &usage).await;
    assert_eq!((&spent["cost"], &spent["price"]["version"]), (&"8.9".into(), &set["version"]));
    let csv = typed(dir, "price list -o csv").await.expect("prices");
    assert_eq!(csv.lines().count(), 3, "a row for each unit: {csv}");
    json(dir, "policy set --cost-of-priced-service forbidden --approval-above 50").await;
    json(dir, "policy set --returned-to-expired grace:30d").await;
    let policy = json(dir, "policy show").await;
    assert_eq!(policy["returned_to_expired"], serde_json::json!({ "rule": "grace", "seconds": 2_592_000 }));
    assert_eq!(
        (&policy["cost_of_priced_service"], &policy["approval_above"]),
        (&"forbidden".into(), &"50".into())
    );
    assert_eq!(refused(dir, &format!("deduct {WALLET} 1 --service chat")).await.0, "cost-forbidden");
    json(dir, "price set chat --none").await;
    json(dir, &format!("deduct {WALLET} 1 --service chat")).await;
}

/// Which of two numbers is meant, or whether a price is to go, is never guessed.
#[tokio::test(flavor = "multi_thread")]
async fn units_are_named_once_and_no_price_is_taken_away_by_mistake() {
    let dir = tempfile::tempdir().expect("a folder");
    for (line, says) in [
        ("price set chat --unit a=1 --unit a=2".to_owned(), "names a unit twice"),
        ("price set chat".to_owned(), "needs at least one --unit"),
        (format!("deduct {WALLET} --service chat --usage a=1 --usage a=2"), "names a unit twice"),
        (
            format!("hold create {WALLET} --service chat --timeout 1m --usage a=1 --usage a=1"),
            "names a unit twice",
        ),
    ] {
        let failure = typed(dir.path(), &line).await.expect_err(&line);
        assert!(failure.code() == 2 && failure.to_string().contains(says), "{line}: {failure}");
        assert!(!failure.to_string().contains("--none"), "{line}: {failure}");
    }
}

#[test]
fn the_help_names_every_scope() {
    for words in [["app", "create"], ["key", "create"]] {
        let line = ["credit-ledger"].into_iter().chain(words).chain(["--help"]);
        let help = Cli::try_parse_from(line).expect_err("help").to_string();
        for scope in crate::identity::Scope::ALL {
            assert!(help.contains(scope.as_str()), "{words:?}: {scope}: {help}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn purchases_are_taken_back_and_wallets_corrected_by_two_people() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let bought = json(dir, &format!("purchase {WALLET} 100 --key order-1")).await;
    let purchase = id(&bought);
    json(dir, &format!("deduct {WALLET} 70 --service chat")).await;
    let refund = json(dir, &format!("refund {purchase} --amount 20 --reason cancelled")).await;
    assert_eq!((&refund["taken"], &refund["balance"]), (&"20".into(), &"10".into()));
    let dispute = json(dir, &format!("chargeback {purchase} --payment-reference dp_1")).await;
    assert_eq!((&dispute["taken"], &dispute["debt"]), (&"10".into(), &"70".into()));
    assert_eq!((&dispute["cause"], &dispute["balance"]), (&"chargeback".into(), &"-70".into()));
    assert_eq!(refused(dir, &format!("refund {purchase} --amount 1")).await.0, "refund-exceeds-purchase");
    let adjusted = json(dir, &format!("adjust {WALLET} 72.5 --reason goodwill --expires-in 30d")).await;
    assert_eq!((&adjusted["status"], &adjusted["balance"]), (&"done".into(), &"2.5".into()));
    json(dir, "policy set --approval-above 1").await;
    let proposed = json(dir, &format!("adjust {WALLET} -1.5 --reason mistaken")).await;
    assert_eq!((&proposed["status"], &proposed["balance"]), (&"proposed".into(), &"2.5".into()));
    // Both are the operator, so they are one person.
    let alone = refused(dir, &format!("approve {}", id(&proposed))).await;
    assert_eq!(alone, ("approver-is-proposer".into(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_controlled_and_shows_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    json(dir, &format!("purchase {WALLET} 10")).await;
    json(dir, &format!("wallet freeze {WALLET} --reason dispute")).await;
    assert_eq!(refused(dir, &format!("deduct {WALLET} 1 --service chat")).await, ("wallet-frozen".into(), 1));
    json(dir, &format!("wallet unfreeze {WALLET}")).await;
    assert_eq!(json(dir, &format!("wallet limit {WALLET} 5")).await["limit"], "5");
    assert_eq!(json(dir, &format!("wallet threshold {WALLET} 2")).await["threshold"], "2");
    let app = json(dir, "app create --name chat --scopes credits:deduct").await;
    let app = app["app_id"].as_str().expect("an id");
    json(dir, &format!("wallet cap {WALLET} 3 --app {app} --budget agent-7 --period day")).await;
    json(dir, &format!("wallet cap {WALLET} 8 --app {app} --period month")).await;
    json(dir, &format!("wallet cap {WALLET} none --app {app} --period month")).await;
    json(dir, &format!("deduct {WALLET} 12 --service chat")).await;
    let shown = json(dir, &format!("wallet show {WALLET}")).await;
    assert_eq!(
        (&shown["debt"], &shown["credit_limit"], &shown["low_balance"]),
        (&"2".into(), &"5".into(), &"2".into())
    );
    assert_eq!(shown["caps"].as_array().map(Vec::len), Some(1));
    let table = typed(dir, &format!("wallet show {WALLET}")).await.expect("a wallet");
    assert!(table.contains("Caps:") && table.contains("agent-7"), "{table}");
    assert_eq!(json(dir, &format!("wallet threshold {WALLET} none")).await["threshold"], Value::Null);
}

/// Every changing command is only rehearsed: the log is as long as before, and the key is still free.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let bought = json(dir, &format!("purchase {WALLET} 10")).await;
    let spent = json(dir, &format!("deduct {WALLET} 1 --service chat")).await;
    let held = json(dir, &format!("hold create {WALLET} 4 --service video --timeout 15m")).await;
    let app = json(dir, "app create --name chat --scopes credits:deduct").await;
    let (bought, spent, held) = (id(&bought), id(&spent), id(&held));
    let app = app["app_id"].as_str().expect("an id");
    let before = typed(dir, "tail").await.expect("events");
    for line in [
        format!("purchase {WALLET} 10 --key k"),
        format!("grant {WALLET} 10 --key k"),
        format!("check {WALLET} 1 --service chat --key k"),
        format!("deduct {WALLET} 1 --service chat --key k"),
        format!("rollback {spent} --key k"),
        format!("hold create {WALLET} 1 --service video --timeout 1m --key k"),
        format!("hold capture {held} 1 --key k"),
        format!("hold extend {held} --timeout 1m --key k"),
        format!("hold release {held} --key k"),
        format!("refund {bought} --key k"),
        format!("chargeback {bought} --key k"),
        format!("adjust {WALLET} 1 --reason r --key k"),
        format!("wallet freeze {WALLET} --key k"),
        format!("wallet limit {WALLET} 1 --key k"),
        format!("wallet cap {WALLET} 1 --app {app} --period day --key k"),
        format!("wallet threshold {WALLET} 1 --key k"),
        "wallet create 00000000-0000-4000-8000-000000000001 --key k".to_owned(),
        "price set chat --unit tokens=1".to_owned(),
        "policy set --approval-above 1".to_owned(),
    ] {
        let told = json(dir, &format!("{line} --dry-run")).await;
        assert_eq!((&told["dry_run"], told.get("position")), (&true.into(), None), "{line}: {told}");
    }
    assert_eq!(typed(dir, "tail").await.expect("events"), before);
    assert_eq!(refused(dir, &format!("deduct {WALLET} 6 --service chat --dry-run")).await.1, 4);
    json(dir, &format!("deduct {WALLET} 2 --service chat --key k")).await;
}
