//! Files and databases: kept over a restart, one ledger's apart from another's, and unavailable when they
//! are.

use std::{fs, path::Path, sync::Arc};

use credit_ledger::identity::vault::{
    Change, Kind, Vault, VaultError,
    postgres::{OpenError, PostgresVault},
    sqlite::{IDENTITY_FILE, SqliteVault},
};
use events::LedgerId;
use futures::{FutureExt, future::join_all};
use uuid::Uuid;

use super::subject::{at, draft};
use crate::support::postgres::{Database, Server};

const LEDGER: LedgerId = LedgerId(Uuid::from_u128(1));

async fn open(directory: &Path) -> SqliteVault {
    SqliteVault::open(directory, LEDGER).await.expect("a vault")
}

async fn insert(vault: &dyn Vault, id: &str) -> Result<(), VaultError> {
    vault.commit(vec![Change::Insert(draft(id, "{}"))], at(0)).await
}

async fn ids(vault: &dyn Vault) -> Vec<String> {
    let rows = vault.all(Kind::Session, None, 9, at(0)).await.expect("a page");
    rows.into_iter().map(|row| row.id.into()).collect()
}

fn is_unavailable<T>(result: &Result<T, VaultError>) -> bool {
    matches!(result, Err(VaultError::Unavailable(_)))
}

#[tokio::test]
async fn a_file_is_kept_private_and_opened_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let vault = open(directory.path()).await;
    insert(&vault, "a").await.expect("a row");
    #[cfg(unix)]
    for beside in ["", "-wal", "-shm"] {
        use std::os::unix::fs::PermissionsExt;
        let file = directory.path().join(format!("{IDENTITY_FILE}{beside}"));
        assert_eq!(fs::metadata(file).expect("a file").permissions().mode() & 0o777, 0o600, "{beside}");
    }
    vault.close().await;
    assert!(
        is_unavailable(&insert(&vault, "b").await)
            && is_unavailable(&vault.get(Kind::Session, "a", at(0)).await)
    );
    assert!(!directory.path().join(format!("{IDENTITY_FILE}-wal")).exists(), "one file is left");
    assert_eq!(ids(&open(directory.path()).await).await, ["a"]);
    // A vault that was not closed is as whole.
    let vault = open(directory.path()).await;
    insert(&vault, "b").await.expect("a row");
    std::mem::forget(vault);
    assert_eq!(ids(&open(directory.path()).await).await, ["a", "b"]);
    let other = SqliteVault::open(directory.path(), LedgerId(Uuid::from_u128(2))).await.expect("a vault");
    assert_eq!(ids(&other).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_deleted_is_not_in_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let vault = open(directory.path()).await;
    let canary = "ada@canary.example";
    vault.commit(vec![Change::Insert(draft("a", canary))], at(0)).await.expect("a row");
    vault.commit(vec![Change::Put(draft("a", "{}"))], at(0)).await.expect("another");
    vault.close().await;
    let bytes = fs::read(directory.path().join(IDENTITY_FILE)).expect("a file");
    assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()));
}

#[tokio::test]
async fn a_full_or_read_only_disk_refuses_and_recovers() {
    let directory = tempfile::tempdir().expect("a directory");
    let vault = open(directory.path()).await;
    insert(&vault, "a").await.expect("a row");
    let large = vec![Change::Insert(draft("large", &"x".repeat(100_000)))];
    for (breaks, repairs) in [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"),
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
    ] {
        vault.run_on_writer(breaks).await.expect("a broken connection");
        for _ in 0..2 {
            assert!(is_unavailable(&vault.commit(large.clone(), at(0)).await), "{breaks}");
            assert_eq!(ids(&vault).await, ["a"]);
        }
        vault.run_on_writer(repairs).await.expect("a repaired connection");
    }
    vault.commit(large, at(0)).await.expect("a row");
    assert_eq!(ids(&vault).await, ["a", "large"]);
}

#[tokio::test]
async fn a_commit_is_finished_when_nobody_waits_for_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let vault = Arc::new(open(directory.path()).await);
    // Polled once, then dropped, as a handler is whose client went away.
    assert!(insert(&*vault, "left").now_or_never().is_none());
    insert(&*vault, "stayed").await.expect("a row");
    assert_eq!(ids(&*vault).await, ["left", "stayed"]);
    // Many at once share a transaction; one that is refused takes none of the others with it.
    let many = (0..64).map(|n: u32| {
        let vault = Arc::clone(&vault);
        tokio::spawn(async move { insert(&*vault, &(n / 2).to_string()).await })
    });
    let refused =
        join_all(many).await.into_iter().filter(|done| matches!(done, Ok(Err(VaultError::Conflict))));
    assert_eq!(refused.count(), 32);
    assert_eq!(vault.all(Kind::Session, None, 99, at(0)).await.map(|rows| rows.len()), Ok(34));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_of_a_database_are_apart() {
    let ((url, first), (_, second)) = (Database::ledger().await, Database::ledger().await);
    let first = PostgresVault::open(&url, first).await.expect("a vault");
    let second = PostgresVault::open(&url, second).await.expect("a vault");
    insert(&first, "a").await.expect("a row");
    insert(&second, "a").await.expect("the same id, elsewhere");
    insert(&second, "b").await.expect("a row");
    assert_eq!((ids(&first).await, ids(&second).await), (vec!["a".into()], vec!["a".into(), "b".into()]));
    assert_eq!(first.expire(at(99), 99).await, Ok(0));
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_refused() {
    let empty = Database::empty().await;
    let refused = PostgresVault::open(&empty.url(), LEDGER).await.err();
    assert!(matches!(refused, Some(OpenError::NotMigrated)), "{refused:?}");
    assert!(matches!(PostgresVault::open("nonsense", LEDGER).await.err(), Some(OpenError::Url)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_told_and_comes_back() {
    let mut server = Server::start(&[]);
    let database = Database::on(&server).await;
    let vault = PostgresVault::open(&database.url(), LEDGER).await.expect("a vault");
    insert(&vault, "a").await.expect("a row");
    server.stop();
    assert!(is_unavailable(&insert(&vault, "b").await));
    assert!(is_unavailable(&vault.get(Kind::Session, "a", at(0)).await));
    assert!(is_unavailable(&vault.note(Vec::new()).await));
    server.start_again();
    insert(&vault, "c").await.expect("a row");
    assert_eq!(ids(&vault).await, ["a", "c"]);
}
