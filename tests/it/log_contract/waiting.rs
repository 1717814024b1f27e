//! Waiting for events that are not there yet.

use std::{sync::Arc, time::Duration};

use events::Position;
use futures::FutureExt;
use tokio::time::timeout;

use super::{
    on_every_log,
    subject::{Subject, numbered},
};

on_every_log! {
    what_is_past_already_is_not_waited_for,
    nothing_wakes_before_its_event,
    an_append_wakes_every_waiter_that_it_passes,
}

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(120);

async fn what_is_past_already_is_not_waited_for(subject: &Subject) {
    subject.append(&numbered(0, 3)).await;
    for position in 0..3 {
        timeout(PATIENCE, subject.log.wait_past(Position(position))).await.expect("no wait");
    }
}

async fn nothing_wakes_before_its_event(subject: &Subject) {
    subject.append(&numbered(0, 3)).await;
    assert!(subject.log.wait_past(Position(3)).now_or_never().is_none());
    let mut waiting = subject.log.wait_past(Position(4));
    assert!((&mut waiting).now_or_never().is_none());
    subject.append(&numbered(3, 1)).await;
    assert!((&mut waiting).now_or_never().is_none());
    subject.append(&numbered(4, 1)).await;
    timeout(PATIENCE, waiting).await.expect("an event at position 4 wakes");
}

async fn an_append_wakes_every_waiter_that_it_passes(subject: &Subject) {
    let waiters: Vec<_> = (0..20)
        .map(|position| {
            let log = Arc::clone(&subject.log);
            tokio::spawn(async move {
                log.wait_past(Position(position)).await;
                log.read(Position(position), 1).await
            })
        })
        .collect();
    subject.append(&numbered(0, 20)).await;
    for (position, waiter) in waiters.into_iter().enumerate() {
        let page = timeout(PATIENCE, waiter).await.expect("woken").expect("no panic").expect("a page");
        assert_eq!(page.bodies, numbered(position as u64, 1));
    }
}
