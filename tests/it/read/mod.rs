//! The projections: rows that equal the log, whatever happens while they are written.

mod cold;
mod commands;
mod crowded;
mod entries;
mod exactly_once;
mod following;
mod halting;
mod handed_over;
mod hold_ends;
mod past;
mod place;
mod postgres_alone;
mod rebuilding;
mod replaying;
mod reports;

use std::sync::Arc;

use credit_ledger::{
    clock::ManualClock,
    log::{Bodies, Log, Recent, memory::MemoryLog},
};
use events::{Position, Recorded, Time, decode};

use crate::support::history::{History, Mix};

/// A history of about `count` events of every kind.
fn everything(seed: u64, wallets: usize, count: usize) -> (History, Bodies) {
    let (mut history, mut bodies) = (History::new(seed, 2, wallets), Bodies::default());
    history.begin(&mut bodies);
    history.extend(&mut bodies, count, Mix::Everything);
    (history, bodies)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Time::from_micros(1_800_000_000_000_000)))
}

/// Everything is read from the log.
fn nothing_handed_over() -> Arc<Recent> {
    Arc::new(Recent::new(0))
}

/// Appends events to a log, in groups that it takes.
async fn append(log: &dyn Log, bodies: &Bodies) {
    let bodies: Vec<&[u8]> = bodies.iter().collect();
    for group in bodies.chunks(500) {
        let head = log.head().await.expect("a head");
        log.append(head, &group.iter().collect()).await.expect("an append");
    }
}

async fn log_of(bodies: &Bodies) -> Arc<MemoryLog> {
    let log = Arc::new(MemoryLog::new());
    append(&*log, bodies).await;
    log
}

fn recorded(bodies: &Bodies) -> Vec<Recorded> {
    bodies.iter().map(|body| decode(body).expect("an event")).collect()
}

fn end(bodies: &Bodies) -> Position {
    Position(bodies.len() as u64)
}
