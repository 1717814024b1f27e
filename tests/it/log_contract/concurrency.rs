//! Many writers, readers beside them, and writers that vanish.

use std::sync::Arc;

use credit_ledger::log::{AppendError, Log};
use events::Position;
use futures::future::join_all;
use tokio::task::yield_now;

use super::{
    on_every_log,
    subject::{Subject, group, numbered},
};

on_every_log! {
    at_one_head_exactly_one_writer_wins,
    racing_writers_lose_nothing_and_double_nothing,
    a_tailing_reader_never_sees_a_hole,
    a_reader_sees_as_many_events_as_the_head_says,
    a_dropped_append_ends_whole_or_not_at_all,
}

const WRITERS: u64 = 8;

async fn at_one_head_exactly_one_writer_wins(subject: &Subject) {
    for round in 0..20 {
        let head = Position(round * 2);
        let attempts = (0..WRITERS).map(|writer| {
            let log = Arc::clone(&subject.log);
            tokio::spawn(async move {
                let ours = group([format!("{round} by {writer}"), format!("{round} by {writer} again")]);
                log.append(head, &ours).await
            })
        });
        let outcomes: Vec<_> =
            join_all(attempts).await.into_iter().map(|task| task.expect("no panic")).collect();
        let new_head = head.plus(2);
        let won = outcomes.iter().position(|outcome| *outcome == Ok(new_head)).expect("a winner");
        for (writer, outcome) in outcomes.iter().enumerate().filter(|(writer, _)| *writer != won) {
            assert_eq!(*outcome, Err(AppendError::HeadMoved { head: new_head }), "writer {writer}");
        }
        let stored = subject.log.read(head, 10).await.expect("a page").bodies;
        assert_eq!(stored, group([format!("{round} by {won}"), format!("{round} by {won} again")]));
    }
}

/// Appends until `count` groups are in, following the head; returns the position of each group.
async fn write_all(log: Arc<dyn Log>, writer: u64, count: u64) -> Vec<(Position, u64)> {
    let mut head = Position(0);
    let mut written = Vec::new();
    while (written.len() as u64) < count {
        let group = group([format!("{writer}/{}", written.len())]);
        match log.append(head, &group).await {
            Ok(new_head) => {
                written.push((head, written.len() as u64));
                head = new_head;
            }
            Err(AppendError::HeadMoved { head: moved }) => head = moved,
            Err(other) => panic!("{other}"),
        }
    }
    written
}

async fn racing_writers_lose_nothing_and_double_nothing(subject: &Subject) {
    const GROUPS: u64 = 25;
    let writers =
        (0..WRITERS).map(|writer| tokio::spawn(write_all(Arc::clone(&subject.log), writer, GROUPS)));
    let written: Vec<_> = join_all(writers).await.into_iter().map(|task| task.expect("no panic")).collect();
    let stored = subject.all().await;
    assert_eq!(stored.len() as u64, WRITERS * GROUPS);
    for (writer, groups) in written.iter().enumerate() {
        for (position, index) in groups {
            assert_eq!(stored[position.get() as usize], format!("{writer}/{index}").as_bytes());
        }
    }
}

/// Sizes of groups that vary without a pattern a reader could fall in step with.
fn group_size(index: u64) -> u64 {
    1 + index * 7 % 40
}

async fn write_numbered(log: Arc<dyn Log>, groups: u64) {
    let mut head = Position(0);
    for index in 0..groups {
        let group = numbered(head.get(), group_size(index));
        head = log.append(head, &group).await.expect("the only writer");
    }
}

async fn a_tailing_reader_never_sees_a_hole(subject: &Subject) {
    const GROUPS: u64 = 300;
    let end = Position((0..GROUPS).map(group_size).sum());
    let writer = tokio::spawn(write_numbered(Arc::clone(&subject.log), GROUPS));
    let readers = [1, 7, 1000].map(|limit| {
        let log = Arc::clone(&subject.log);
        tokio::spawn(async move {
            let mut next = Position(0);
            while next < end {
                log.wait_past(next).await;
                let page = log.read(next, limit).await.expect("a page");
                assert_eq!(page.first, next);
                assert_eq!(page.bodies, numbered(next.get(), page.bodies.len() as u64));
                next = page.next();
            }
        })
    });
    writer.await.expect("the writer ends");
    for reader in readers {
        reader.await.expect("a reader saw every event in its place");
    }
}

async fn a_reader_sees_as_many_events_as_the_head_says(subject: &Subject) {
    const GROUPS: u64 = 150;
    let end = (0..GROUPS).map(group_size).sum();
    let writer = tokio::spawn(write_numbered(Arc::clone(&subject.log), GROUPS));
    let mut before = 0;
    while before < end {
        before = subject.head().await;
        let count = subject.all().await.len() as u64;
        let after = subject.head().await;
        assert!((before..=after).contains(&count), "{before} <= {count} <= {after}");
    }
    writer.await.expect("the writer ends");
}

async fn a_dropped_append_ends_whole_or_not_at_all(subject: &Subject) {
    for polls in 0..30 {
        let head = Position(subject.head().await);
        let dropped = group((0..50).map(|index| format!("dropped after {polls} polls, {index}")));
        tokio::select! {
            biased;
            _ = subject.log.append(head, &dropped) => {}
            () = async { for _ in 0..polls { yield_now().await } } => {}
        }
        // Whatever became of it, the next append settles who holds this head.
        let next = group(["the next"]);
        let outcome = subject.log.append(head, &next).await;
        let stored = subject.log.read(head, 1000).await.expect("a page").bodies;
        match outcome {
            Ok(_) => assert_eq!(stored, next),
            Err(AppendError::HeadMoved { .. }) => assert_eq!(stored, dropped),
            Err(other) => panic!("{other}"),
        }
    }
}
