//! Wherever the projections were when the engine ended, the next one answers the same.

use credit_ledger::{clock::Clock, engine::Halt};
use events::Position;

use super::script::{Told, sequel, story, tell};
use crate::support::ground::{Ground, Ledger};

/// The story, told on an engine that ended in good order.
async fn told() -> (Ground, Told) {
    let ledger = Ground::memory().start().await;
    let mut told = Vec::new();
    tell(&ledger, story(), &mut told, async || {}).await;
    (ledger.end().await, told)
}

/// The same ledger in a new process, with the projections at `checkpoint`.
async fn reopened(ground: &Ground, checkpoint: Position) -> Ground {
    let copy = ground.copy().await;
    copy.clock.set_wall(ground.clock.now());
    copy.cold.advance(checkpoint).await;
    copy
}

async fn answers_as_told(ledger: &Ledger, told: &Told) {
    for (ask, recorded) in told {
        assert_eq!(ledger.replayed(ask.clone()).await, *recorded);
    }
}

#[tokio::test]
async fn every_checkpoint_gives_the_same_answers_and_the_same_sequel() {
    let (ground, told) = told().await;
    let mut expected = None;
    for checkpoint in 0..=ground.head().await.get() {
        let ledger = reopened(&ground, Position(checkpoint)).await.start().await;
        let mut goes_on = told.clone();
        tell(&ledger, sequel(), &mut goes_on, async || {}).await;
        assert_eq!(goes_on.len(), told.len() + 11, "from checkpoint {checkpoint}");
        answers_as_told(&ledger, &goes_on).await;
        let bytes = ledger.end().await.bytes().await;
        // Time and randomness are the same, so the very bytes must be.
        assert_eq!(*expected.get_or_insert_with(|| bytes.clone()), bytes, "from checkpoint {checkpoint}");
    }
}

#[tokio::test]
async fn a_restart_after_each_line_changes_nothing_but_the_announcements() {
    let (_, expected) = told().await;
    let mut ledger = Ground::memory().start().await;
    let mut told = Vec::new();
    for (number, line) in (0..).zip(story()) {
        tell(&ledger, vec![line], &mut told, async || {}).await;
        let ground = ledger.end().await;
        if number % 3 == 0 {
            ground.cold.catch_up().await;
        }
        ledger = ground.start().await;
    }
    answers_as_told(&ledger, &told).await;
    let balances =
        |told: &Told| told.iter().map(|(_, recorded)| recorded.event.balances().copied()).collect::<Vec<_>>();
    assert_eq!(balances(&told), balances(&expected));
}

#[tokio::test]
async fn projections_that_run_on_during_the_start_are_no_problem() {
    let (ground, told) = told().await;
    let head = ground.head().await.get();
    for published in [0, 1, 5, head / 2, head] {
        for folded in [published + 1, head / 2 + 3, head] {
            let ground = reopened(&ground, Position(published)).await;
            // What is loaded is already newer than what was announced.
            ground.cold.fold(Position(folded.min(head))).await;
            let ledger = ground.start().await;
            let mut goes_on = told.clone();
            tell(&ledger, sequel(), &mut goes_on, async || {}).await;
            answers_as_told(&ledger, &goes_on).await;
        }
    }
}

#[tokio::test]
async fn projections_ahead_of_the_log_stop_the_start() {
    let (ground, _) = told().await;
    let whole = reopened(&ground, ground.head().await).await;
    let lost = Ground::memory();
    let ahead = Ground { cold: whole.cold, ..lost };
    let Err(halt) = ahead.try_start().await else { panic!("started on a log that lost events") };
    assert!(matches!(&halt, Halt::Start(reason) if reason.contains("ahead")), "{halt}");
}

#[tokio::test]
async fn an_event_that_does_not_follow_stops_the_start() {
    let (ground, _) = told().await;
    let bytes = ground.bytes().await;
    let story = Ground::memory();
    // The third event, a check, is missing from the wallet's chain.
    let without = bytes.iter().enumerate().filter(|(position, _)| *position != 3).map(|(_, body)| body);
    story.store.append(Position(0), &without.collect()).await.expect("a log in memory");
    let Err(halt) = story.try_start().await else { panic!("started on a log with a hole") };
    assert!(matches!(&halt, Halt::Start(_)), "{halt}");
}
