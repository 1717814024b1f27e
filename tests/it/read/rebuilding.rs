//! Building the projections anew.

use credit_ledger::read::{
    Live, replay,
    sqlite::{self, NEXT_FILE, OpenError},
};

use super::{clock, end, everything, log_of, project, tamper};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilt_projections_equal_the_live_ones() {
    let (history, bodies) = everything(61, 30, 9_500);
    let log = log_of(&bodies).await;
    let directory = tempfile::tempdir().expect("a directory");
    let live = project(directory.path(), history.ledger, log.clone()).await;
    let before = live.wallets_after(None, 1_000).await.expect("wallets");
    live.close().await;
    assert!(tamper(directory.path(), "UPDATE wallets SET events = events + 1").await > 20);
    let mut reported = Vec::new();
    let report = |at, head| reported.push((at, head));
    sqlite::rebuild(directory.path(), history.ledger, log.clone(), clock(), report).await.expect("a rebuild");
    assert_eq!(reported.last(), Some(&(end(&bodies), end(&bodies))));
    let rebuilt =
        sqlite::read_only(directory.path(), history.ledger, log.clone()).await.expect("projections");
    assert_eq!(rebuilt.wallets_after(None, 1_000).await.expect("wallets"), before);
    let comparison = replay::compare(history.ledger, log, &rebuilt, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal(), "{comparison:?}");
    rebuilt.close().await;
    assert!(!directory.path().join(NEXT_FILE).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_is_built_beside_and_swapped_in() {
    for change in [
        "UPDATE checkpoints SET version = version + 1 WHERE name = 'entries'",
        "UPDATE checkpoints SET position = 0 WHERE name = 'wallets'",
        "DELETE FROM checkpoints WHERE name = 'commands'",
        "UPDATE _sqlx_migrations SET checksum = x'00'",
    ] {
        let (history, bodies) = everything(62, 10, 500);
        let log = log_of(&bodies).await;
        let directory = tempfile::tempdir().expect("a directory");
        project(directory.path(), history.ledger, log.clone()).await.close().await;
        assert!(tamper(directory.path(), "DELETE FROM entries").await > 0, "rows of another version");
        assert_eq!(tamper(directory.path(), change).await, 1);
        if !change.contains("_sqlx") {
            let refused = sqlite::read_only(directory.path(), history.ledger, log.clone()).await;
            assert!(matches!(refused, Err(OpenError::NotCurrent { .. })), "{change}");
        }
        std::fs::write(directory.path().join(NEXT_FILE), b"left over from a crash").expect("a file");
        let reads = project(directory.path(), history.ledger, log.clone()).await;
        let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
        assert!(
            comparison.is_equal() && comparison.events == bodies.len() as u64,
            "{change}: {comparison:?}"
        );
        reads.close().await;
    }
}
