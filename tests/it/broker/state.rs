//! The relay's progress in PostgreSQL.

use credit_ledger::broker::{Progress, RelayState, StateError, postgres::PostgresState};
use events::{AppId, Position};
use uuid::Uuid;

use crate::support::{
    ground::LEDGER,
    postgres::{Database, MIGRATOR},
};

fn progress(position: u64) -> Progress {
    let prevs = [(AppId(Uuid::from_u128(7)), Position(position - 1))].into();
    Progress { position: Position(position), prevs }
}

#[tokio::test]
async fn only_the_latest_epoch_moves_it_and_only_forward() {
    let database = Database::migrated().await;
    let state = || PostgresState::new(&database.url(), LEDGER).expect("a URL");
    let (older, newer) = (state(), state());
    assert_eq!(older.load(1).await, Ok(Progress::default()));
    older.save(&progress(5), 1).await.expect("saved");
    assert_eq!(newer.load(2).await, Ok(progress(5)));
    let superseded = Err(StateError::Superseded { epoch: 2 });
    assert_eq!(older.save(&progress(6), 1).await, superseded);
    assert_eq!(older.load(1).await, superseded.map(|()| Progress::default()));
    newer.save(&progress(9), 2).await.expect("saved");
    let back = newer.save(&progress(8), 2).await.expect_err("backwards");
    assert!(matches!(back, StateError::Corrupt(_)), "{back}");
    assert_eq!(newer.load(2).await, Ok(progress(9)));
    // Another ledger's is its own.
    let other = PostgresState::new(&database.url(), events::LedgerId(Uuid::from_u128(1))).expect("a URL");
    assert_eq!(other.load(1).await, Ok(Progress::default()));
}

#[tokio::test]
async fn an_event_is_quarantined_once_and_nothing_is_taken_away() {
    let database = Database::migrated().await;
    let state = PostgresState::new(&database.url(), LEDGER).expect("a URL");
    state.load(1).await.expect("loaded");
    for _ in 0..2 {
        state.quarantine(Position(4), "a zero\0").await.expect("recorded");
    }
    let mut owner = database.connect_as(MIGRATOR).await;
    let reasons: Vec<String> = sqlx::query_scalar("SELECT reason FROM credit_ledger.relay_quarantine")
        .fetch_all(&mut owner)
        .await
        .expect("rows");
    assert_eq!(reasons, ["a zero\u{fffd}"]);
    for sql in ["DELETE FROM credit_ledger.relays", "UPDATE credit_ledger.relays SET position = -1"] {
        assert!(sqlx::query(sql).execute(&mut owner).await.is_err(), "{sql}");
    }
    let mut application = database.connect_as(crate::support::postgres::APPLICATION).await;
    let gone = sqlx::query("DELETE FROM credit_ledger.relay_quarantine").execute(&mut application).await;
    assert!(gone.is_err(), "the application may delete");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_its_password() {
    let state = PostgresState::new("postgres://u:geheim@127.0.0.1:1/d", LEDGER).expect("a URL");
    let error = state.load(1).await.expect_err("nobody listens");
    assert!(matches!(error, StateError::Unavailable(_)) && !error.to_string().contains("geheim"), "{error}");
}
