//! The server stops, crashes, and comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use credit_ledger::{
    engine::EngineError,
    log::{AppendError, Log, ReadError, postgres::PostgresLog},
};
use events::{Event, Position};
use tokio::time::timeout;

use super::{all, numbered, open, open_ledger};
use crate::support::{
    ground::{Ground, LEDGER},
    postgres::{Database, Server},
    words::{ask, deduct, purchase},
};

/// Only so that a test ends when nothing comes.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_refuses_at_once_and_goes_on_when_it_is_back() {
    let mut server = Server::start(&[]);
    let database = Database::on(&server).await;
    let log = open(&database).await;
    let mut head = Position(0);
    for stop in [Server::stop, Server::crash] {
        head = log.append(head, &numbered(head.get(), 10)).await.expect("an append");
        assert_eq!(log.read(Position(0), 100).await.expect("a page").next(), head);
        stop(&mut server);
        // The connection that was there tells nothing; after it, there is none.
        let lost = log.append(head, &numbered(head.get(), 1)).await;
        assert!(matches!(lost, Err(AppendError::Indeterminate(_))), "{lost:?}");
        let refused = log.append(head, &numbered(head.get(), 1)).await;
        let Err(AppendError::Unavailable(why)) = refused else { panic!("{refused:?}") };
        assert!(why.contains("refused") && why.contains("127.0.0.1"), "{why}");
        let opened = PostgresLog::connect(&database.url(), None).await;
        assert!(opened.is_err_and(|error| error.to_string().contains("refused")));
        // Whoever asks what became of the append waits for the server.
        let reading = log.head();
        tokio::pin!(reading);
        tokio::select! {
            biased;
            answer = &mut reading => panic!("{answer:?} from a stopped server"),
            () = tokio::task::yield_now() => {}
        }
        server.start_again();
        assert_eq!(timeout(PATIENCE, reading).await.expect("an answer"), Ok(head));
        let waiting = log.wait_past(head);
        head = log.append(head, &numbered(head.get(), 2)).await.expect("an append");
        timeout(PATIENCE, waiting).await.expect("woken");
    }
    assert_eq!(all(&log, 1_000).await, numbered(0, head.get()));
    server.stop();
    // Nobody waits for an outcome now, so a reader isn't kept waiting.
    assert!(matches!(log.head().await, Err(ReadError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_loses_nothing_and_doubles_nothing_when_the_server_restarts_under_it() {
    const ASKS_MIN: usize = 300;
    let mut server = Server::start(&[]);
    let database = Database::on(&server).await;
    let ledger = Ground::on(Arc::new(open_ledger(&database.url(), LEDGER).await)).start().await;
    ledger.fresh(ask("P1", purchase(1_000_000))).await;
    let engine = ledger.engine.clone();
    let over = Arc::new(AtomicBool::new(false));
    // A client that repeats each command until it has an answer, and has more as long as servers restart.
    let is_over = Arc::clone(&over);
    let client = tokio::spawn(async move {
        let mut asks = 0;
        while asks < ASKS_MIN || !is_over.load(Ordering::Relaxed) {
            let number = asks;
            asks += 1;
            loop {
                match engine.submit(ask(&format!("D{number}"), deduct(1))).await {
                    Ok(_) => break,
                    Err(EngineError::Unavailable(_)) => {}
                    Err(other) => panic!("{other}"),
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        asks
    });
    let mut head = ledger.engine.head();
    for crash in [true, false] {
        let so_far = head.plus(60);
        while head < so_far {
            ledger.ground.store.wait_past(head).await;
            head = ledger.ground.head().await;
        }
        if crash {
            server.crash()
        } else {
            server.stop()
        }
        server.start_again();
    }
    over.store(true, Ordering::Relaxed);
    let asks = client.await.expect("every command was answered");
    let events = ledger.end().await.events().await;
    let deductions = events.iter().filter(|recorded| matches!(recorded.event, Event::CreditsDeducted(_)));
    assert_eq!(deductions.count(), asks);
    assert!(events.iter().zip(0..).all(|(recorded, at)| recorded.envelope.position == Position(at)));
}
