//! The consumer's rules, each played with the test kit: no broker, no clock, no luck.

mod feed;
mod rules;
mod scripts;
mod stops;

use std::{
    collections::HashMap,
    future::ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use credit_ledger_client::{
    Consumer, Failure, Handler, Options, Received,
    events::{EventType, Position, Subject},
    kit::{MemoryInbox, MemoryTransaction, ScriptedBroker, Story},
};

/// A row of the app's table: about whom, and which event.
type Row = (Subject, Position);
type Inbox = MemoryInbox<Row>;

/// Keeps each event, unless it was told to fail first.
#[derive(Clone, Default)]
struct Keep {
    faults: Arc<Mutex<HashMap<Position, Vec<Fault>>>>,
    unknown: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
enum Fault {
    Retry,
    Poison,
    Panic,
}

impl Keep {
    fn failing(faults: impl IntoIterator<Item = (Position, Vec<Fault>)>) -> Self {
        Self { faults: Arc::new(Mutex::new(faults.into_iter().collect())), ..Self::default() }
    }
}

impl Handler<MemoryTransaction<Row>> for Keep {
    async fn handle(&self, table: &mut MemoryTransaction<Row>, event: &Received) -> Result<(), Failure> {
        let envelope = &event.recorded.envelope;
        // Written before it fails: a transaction that is undone leaves nothing.
        table.insert((envelope.subject, envelope.position));
        let fault = self.faults.lock().expect("no panic").get_mut(&envelope.position).and_then(Vec::pop);
        match fault {
            None => Ok(()),
            Some(Fault::Retry) => Err(std::io::Error::other("the database is away").into()),
            Some(Fault::Poison) => Err(Failure::poison("never")),
            Some(Fault::Panic) => panic!("a bug of the app"),
        }
    }

    fn unknown(&self, event_type: &str, _: &[u8]) -> impl Future<Output = ()> + Send {
        self.unknown.lock().expect("no panic").push(event_type.to_owned());
        ready(())
    }
}

/// Short pauses: no test waits for them, but some run through many.
fn options() -> Options {
    Options { pauses: (Duration::from_micros(10), Duration::from_micros(100)), ..Options::default() }
}

fn consumer(broker: &ScriptedBroker, inbox: &Inbox, handler: Keep) -> Consumer<ScriptedBroker, Inbox, Keep> {
    Consumer::new(broker.clone(), inbox.clone(), handler).with_options(options())
}

/// Events of these wallets, one after the other, and where each one is.
fn story(wallets: &[u128]) -> (Story, Vec<Position>) {
    let mut story = Story::new();
    let positions = wallets.iter().map(|wallet| story.happens(EventType::CreditsDeducted, *wallet)).collect();
    (story, positions)
}

/// The positions in the app's table.
fn kept(inbox: &Inbox) -> Vec<Position> {
    inbox.rows().into_iter().map(|(_, position)| position).collect()
}
