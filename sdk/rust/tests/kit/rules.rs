use bytes::Bytes;
use credit_ledger_client::{Start, kit::Step};

use super::*;

#[tokio::test]
async fn a_repetition_is_acknowledged_and_not_handled_again() {
    let (story, at) = story(&[1, 1]);
    let broker = ScriptedBroker::new(&story, [0, 0, 1, 0, 1].map(Step::Tell));
    let inbox = Inbox::new();
    broker.play(consumer(&broker, &inbox, Keep::default())).await;
    assert_eq!(kept(&inbox), at);
    assert_eq!((broker.acknowledged().len(), broker.parked().len()), (5, 0));
    assert_eq!(inbox.noted(), Some(at[1]));
}

#[tokio::test]
async fn a_gap_is_filled_from_the_feed_before_going_on() {
    let (story, at) = story(&[1, 1, 1, 1, 1, 1]);
    let broker = ScriptedBroker::new(&story, [0, 4, 5].map(Step::Tell));
    let inbox = Inbox::new();
    broker.play(consumer(&broker, &inbox, Keep::default()).with_feed(story.feed())).await;
    assert_eq!(kept(&inbox), at);
    assert_eq!(broker.acknowledged().len(), 3);
}

#[tokio::test]
async fn what_comes_late_was_filled_already() {
    let (story, at) = story(&[1, 1, 1]);
    let broker = ScriptedBroker::new(&story, [0, 2, 1].map(Step::Tell));
    let inbox = Inbox::new();
    broker.play(consumer(&broker, &inbox, Keep::default()).with_feed(story.feed())).await;
    assert_eq!(kept(&inbox), at);
}

#[tokio::test]
async fn without_a_feed_a_gap_stays_and_the_rest_goes_on() {
    let (story, at) = story(&[1, 2, 1]);
    let broker = ScriptedBroker::new(&story, [0, 2].map(Step::Tell));
    let inbox = Inbox::new();
    broker.play(consumer(&broker, &inbox, Keep::default())).await;
    assert_eq!(kept(&inbox), [at[0], at[2]]);
}

#[tokio::test]
async fn a_new_app_begins_where_it_wants_to() {
    let (story, at) = story(&[1, 2, 1]);
    for (start, expected) in [(Start::FirstEvent, &at[..]), (Start::FirstMessage, &at[2..])] {
        let broker = ScriptedBroker::new(&story, [Step::Tell(2)]);
        let inbox = Inbox::new();
        let consumer = consumer(&broker, &inbox, Keep::default()).with_feed(story.feed());
        broker.play(consumer.with_options(Options { start, ..options() })).await;
        let mut found = kept(&inbox);
        found.sort();
        assert_eq!(found, expected, "{start:?}");
    }
}

#[tokio::test]
async fn poison_is_parked_and_the_wallet_goes_on() {
    let (story, at) = story(&[1, 1, 1, 1]);
    let garbage = Bytes::from_static(b"{\"type\":7}");
    let script = Step::all(&story).chain([Step::Send(garbage.clone())]);
    let broker = ScriptedBroker::new(&story, script);
    let inbox = Inbox::new();
    let handler = Keep::failing([(at[1], vec![Fault::Poison]), (at[2], vec![Fault::Panic])]);
    broker.play(consumer(&broker, &inbox, handler)).await;
    assert_eq!(kept(&inbox), [at[0], at[3]]);
    let parked = broker.parked();
    assert_eq!(parked.len(), 3);
    assert!(parked.contains(&garbage));
    assert_eq!(inbox.noted(), Some(at[3]), "what is parked holds nothing up");
}

#[tokio::test]
async fn what_failed_is_tried_again_until_it_works_and_leaves_nothing_behind() {
    let (story, at) = story(&[1, 1]);
    let broker = ScriptedBroker::new(&story, Step::all(&story));
    let inbox = Inbox::new();
    let handler = Keep::failing([(at[0], vec![Fault::Retry; 5])]);
    broker.play(consumer(&broker, &inbox, handler)).await;
    assert_eq!(kept(&inbox), at);
}

#[tokio::test]
async fn an_unknown_type_is_told_and_acknowledged() {
    let (mut story, at) = story(&[1]);
    story.unknown_happens("credits.deducted.v2");
    let last = story.happens(EventType::BalanceLow, 1);
    let broker = ScriptedBroker::new(&story, Step::all(&story));
    let (inbox, handler) = (Inbox::new(), Keep::default());
    broker.play(consumer(&broker, &inbox, handler.clone())).await;
    assert_eq!(kept(&inbox), [at[0], last]);
    assert_eq!(*handler.unknown.lock().expect("no panic"), ["credits.deducted.v2"]);
    assert_eq!((broker.acknowledged().len(), broker.parked().len()), (3, 0));
}

#[tokio::test]
async fn every_type_of_event_comes_through() {
    let mut story = Story::new();
    let at: Vec<_> = EventType::ALL.iter().map(|event_type| story.happens(*event_type, 1)).collect();
    let broker = ScriptedBroker::new(&story, Step::all(&story));
    let inbox = Inbox::new();
    broker.play(consumer(&broker, &inbox, Keep::default())).await;
    let mut found = kept(&inbox);
    found.sort();
    assert_eq!(found, at);
}
