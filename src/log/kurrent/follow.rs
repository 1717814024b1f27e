//! Learning of appends of other processes, by looking.

use std::{sync::Arc, time::Duration};

use events::Position;
use tokio::{sync::watch, time::sleep};

use super::{reader::Reader, server::pause};
use crate::log::ReadError;

/// How often to look whether there are new events. Own appends are known at once.
const POLL: Duration = Duration::from_millis(100);

/// Says that the head is at least `head`.
pub(super) fn seen(latest: &watch::Sender<Position>, head: Position) {
    latest.send_if_modified(|latest| {
        let newer = head > *latest;
        if newer {
            *latest = head;
        }
        newer
    });
}

/// Keeps `latest` up to date for ever, while anybody waits for it.
pub(super) async fn follow(reader: Arc<Reader>, latest: Arc<watch::Sender<Position>>) {
    let mut failures = 0;
    loop {
        if latest.receiver_count() > 0 {
            match reader.head_now().await {
                Ok(head) => {
                    seen(&latest, head);
                    failures = 0;
                }
                Err(ReadError::Unavailable(_)) => failures += 1,
                // Whoever waits for an event looks, and finds the log corrupt.
                Err(ReadError::Corrupt { .. }) => seen(&latest, Position(u64::MAX)),
            }
        }
        sleep(POLL.max(pause(failures))).await;
    }
}
