//! What somebody with every right did to the tables is noticed by the reader.

use credit_ledger::log::{Log, ReadError};
use events::Position;

use super::{numbered, open};
use crate::support::postgres::{Database, MIGRATOR, run};

#[tokio::test]
async fn a_hole_is_corruption() {
    let database = Database::migrated().await;
    let log = open(&database).await;
    log.append(Position(0), &numbered(0, 10)).await.expect("an append");
    let mut owner = database.connect_as(MIGRATOR).await;
    run(
        &mut owner,
        "ALTER TABLE credit_ledger.events DISABLE TRIGGER events_never_change; \
         DELETE FROM credit_ledger.events WHERE position IN (3, 7, 9)",
    )
    .await;
    for (from, limit, hole) in
        [(0, 10, 3), (0, 4, 3), (2, 2, 3), (3, 1, 3), (4, 10, 7), (7, 10, 7), (8, 5, 9), (9, 1, 9)]
    {
        match log.read(Position(from), limit).await {
            Err(ReadError::Corrupt { position, .. }) => assert_eq!(position, Position(hole)),
            other => panic!("{limit} from {from}: {other:?}"),
        }
    }
    let whole = log.read(Position(0), 3).await.expect("the events before the hole");
    assert_eq!(whole.bodies, numbered(0, 3));
    assert_eq!(log.read(Position(8), 1).await.expect("between two holes").bodies, numbered(8, 1));
    assert!(log.read(Position(10), 5).await.expect("the end").is_empty());
}

/// A reader that asks for everything must not make the process hold everything.
#[tokio::test]
async fn a_page_is_bounded_whatever_the_reader_asks() {
    const MIB_16: usize = 16 << 20;
    let database = Database::migrated().await;
    let log = open(&database).await;
    let large = vec![b'x'; 60_000];
    let group = std::iter::repeat_n(&large, 130).collect();
    let mut head = Position(0);
    for _ in 0..3 {
        head = log.append(head, &group).await.expect("an append");
    }
    let page = log.read(Position(0), usize::MAX).await.expect("a page");
    assert_eq!(page.bodies.len(), MIB_16 / 60_000);
    let rest = log.read(page.next(), usize::MAX).await.expect("a page");
    assert_eq!(rest.next(), head);
    assert!(rest.bodies.iter().all(|body| body == large));
}
