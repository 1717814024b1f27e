use credit_ledger_client::kit::Step;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::*;

#[tokio::test]
async fn a_lost_connection_or_subscription_is_made_anew_and_nothing_is_handled_twice() {
    let (story, at) = story(&[1, 2, 1, 2, 1]);
    let script = [
        Step::Tell(0),
        Step::Tell(1),
        Step::Lose,
        Step::Refuse,
        Step::Refuse,
        Step::Tell(2),
        Step::End,
        Step::Tell(3),
        Step::Lose,
        Step::Tell(4),
    ];
    let broker = ScriptedBroker::new(&story, script);
    let inbox = Inbox::new();
    broker.play(consumer(&broker, &inbox, Keep::default())).await;
    let mut found = kept(&inbox);
    found.sort();
    assert_eq!(found, at);
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_it_was() {
    let (story, at) = story(&[1, 1, 1, 1, 1]);
    let inbox = Inbox::new();
    for script in [&[0, 1][..], &[1, 4]] {
        let broker = ScriptedBroker::new(&story, script.iter().copied().map(Step::Tell));
        broker.play(consumer(&broker, &inbox, Keep::default()).with_feed(story.feed())).await;
    }
    assert_eq!(kept(&inbox), at);
}

/// Says when it begins, and waits until it is let go on.
struct Gate {
    begun: mpsc::UnboundedSender<Row>,
    gates: HashMap<Subject, Arc<Semaphore>>,
}

impl Handler<MemoryTransaction<Row>> for Gate {
    async fn handle(&self, table: &mut MemoryTransaction<Row>, event: &Received) -> Result<(), Failure> {
        let envelope = &event.recorded.envelope;
        let row = (envelope.subject, envelope.position);
        self.begun.send(row)?;
        if let Some(gate) = self.gates.get(&envelope.subject) {
            gate.acquire().await?.forget();
        }
        table.insert(row);
        Ok(())
    }
}

#[tokio::test]
async fn a_wallet_is_serial_others_go_on_and_a_stop_finishes_what_has_begun() {
    let (story, at) = story(&[1, 1, 2, 2]);
    let broker = ScriptedBroker::new(&story, Step::all(&story));
    let inbox = Inbox::new();
    let slow = Subject::Wallet(credit_ledger_client::events::WalletId(uuid::Uuid::from_u128(1)));
    let gate = Arc::new(Semaphore::new(0));
    let (begun, mut begins) = mpsc::unbounded_channel();
    let handler = Gate { begun, gates: [(slow, Arc::clone(&gate))].into() };
    let stop = CancellationToken::new();
    let consumer = Consumer::new(broker.clone(), inbox.clone(), handler).with_options(options());
    let running = tokio::spawn(consumer.run(stop.clone()));
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(begins.recv().await.expect("an event").1);
    }
    // The slow wallet's second event is not among them, but both of the other's.
    seen.sort();
    assert_eq!(seen, [at[0], at[2], at[3]]);
    stop.cancel();
    gate.add_permits(1);
    running.await.expect("no panic");
    let mut found = kept(&inbox);
    found.sort();
    assert_eq!(found, [at[0], at[2], at[3]], "what has begun is finished, what waits isn't begun");
    assert_eq!(broker.acknowledged().len(), 3);
    assert!(begins.recv().await.is_none());
}

#[tokio::test]
async fn a_stop_ends_retries_without_settling() {
    let (story, at) = story(&[1]);
    let broker = ScriptedBroker::new(&story, Step::all(&story));
    let inbox = Inbox::new();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let closed = Semaphore::new(0);
    closed.close();
    let subject = Subject::Wallet(credit_ledger_client::events::WalletId(uuid::Uuid::from_u128(1)));
    let handler = Gate { begun, gates: [(subject, Arc::new(closed))].into() };
    let stop = CancellationToken::new();
    let consumer = Consumer::new(broker.clone(), inbox.clone(), handler).with_options(options());
    let running = tokio::spawn(consumer.run(stop.clone()));
    for _ in 0..3 {
        assert_eq!(begins.recv().await.expect("an attempt").1, at[0]);
    }
    stop.cancel();
    running.await.expect("no panic");
    assert!(kept(&inbox).is_empty() && broker.acknowledged().is_empty() && broker.parked().is_empty());
    assert_eq!(inbox.noted(), None);
}
