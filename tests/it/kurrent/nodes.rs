//! A store of several nodes, and other processes on the same stream.

use std::time::Duration;

use credit_ledger::log::{AppendError, Bodies, Log};
use events::Position;
use futures::FutureExt;
use tokio::time::timeout;

use super::{LEDGER, double::Double, open};

fn one(body: &str) -> Bodies {
    [body].into_iter().collect()
}

#[tokio::test]
async fn a_follower_names_the_node_that_writes() {
    let double = Double::of(2).await;
    let log = open(&double.url_of(&[1])).await;
    assert_eq!(log.append(Position(0), &one("by way of the follower")).await, Ok(Position(1)));
    double.lead(1);
    assert_eq!(log.append(Position(1), &one("to the new leader")).await, Ok(Position(2)));
    assert_eq!(log.head().await, Ok(Position(2)));
    double.lead(0);
    assert_eq!(log.head().await, Ok(Position(2)), "reads follow as well");
}

#[tokio::test]
async fn a_leader_that_is_lost_is_left_for_the_next() {
    let double = Double::of(3).await;
    let log = open(&double.url_of(&[0, 1, 2])).await;
    let mut head = Position(0);
    for leader in [1, 2, 0] {
        let stored = log.append(head, &one("before the loss")).await;
        head = stored.expect("an append to a leader");
        double.close((leader + 2) % 3);
        double.lead(leader);
        // The first request may have gone to the lost one; what became of it is known.
        let appended = match log.append(head, &one("after the loss")).await {
            Err(AppendError::Indeterminate(_) | AppendError::Unavailable(_)) => {
                assert_eq!(log.head().await, Ok(head));
                log.append(head, &one("after the loss")).await
            }
            appended => appended,
        };
        assert_eq!(appended, Ok(head.next()));
        head = head.next();
        double.open((leader + 2) % 3).await;
    }
    assert_eq!(log.read(Position(0), 100).await.expect("a page").bodies.len(), 6);
}

#[tokio::test]
async fn appends_of_another_process_wake() {
    let double = Double::start().await;
    let (here, there) = (open(&double.url()).await, open(&double.url()).await);
    let mut waiting = here.wait_past(Position(0));
    assert!((&mut waiting).now_or_never().is_none());
    there.append(Position(0), &one("from there")).await.expect("an append");
    timeout(Duration::from_secs(120), waiting).await.expect("woken");
    assert_eq!(here.read(Position(0), 1).await.expect("a page").bodies, one("from there"));
}

#[tokio::test]
async fn a_wait_outlives_the_store() {
    let double = Double::start().await;
    let (here, there) = (open(&double.url()).await, open(&double.url()).await);
    let mut waiting = here.wait_past(Position(0));
    assert!((&mut waiting).now_or_never().is_none());
    double.close(0);
    assert!(here.head().await.is_err());
    assert!((&mut waiting).now_or_never().is_none());
    double.open(0).await;
    there.append(Position(0), &one("after the loss")).await.expect("an append");
    timeout(Duration::from_secs(120), waiting).await.expect("woken");
}

#[tokio::test]
async fn events_are_stored_as_json_of_their_type() {
    let double = Double::start().await;
    let log = open(&double.url()).await;
    let bodies: Bodies =
        [r#"{"id":"1","type":"credits.deducted.v1"}"#, " {} ", "no JSON"].into_iter().collect();
    log.append(Position(0), &bodies).await.expect("an append");
    let expected = [
        ("credits.deducted.v1", "application/json"),
        ("event", "application/octet-stream"),
        ("event", "application/octet-stream"),
    ];
    let expected = expected.map(|(kind, content)| (kind.to_owned(), content.to_owned()));
    assert_eq!(double.types(LEDGER), expected);
    assert_eq!(log.read(Position(0), 10).await.expect("a page").bodies, bodies);
}
