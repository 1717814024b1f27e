//! Many commands at once: each for itself, or all or none.

use std::sync::Arc;

use credit_ledger::{
    engine::{Ask, EngineError, Receipt},
    log::{Log, faulty::Fault, memory::MemoryLog},
};
use events::{Event, Metadata, Position, Refusal};
use ledger::{Command, Deduct, Rejection};
use tokio::sync::oneshot;

use crate::support::{
    ground::{Ground, Ledger, idle},
    watched::WatchedLog,
    words::{CALLER, ask, ask_by, balance, check, credits, deduct, deduction, purchase, wallet},
};

fn all_or_none(costs: &[i64]) -> Command {
    Command::DeductBatch(costs.iter().map(|cost| deduction(*cost)).collect())
}

fn with_metadata(bytes: usize) -> Deduct {
    let object = serde_json::json!({ "m": "x".repeat(bytes - r#"{"m":""}"#.len()) });
    Deduct { metadata: Metadata::new(&object).ok(), ..deduction(1) }
}

/// Deductions, repeats, reused keys, refusals, checks and wallets that do not exist.
fn mixed(number: usize) -> Ask {
    let key = |number| format!("D{number}");
    match number % 10 {
        3 => ask(&key(number - 1), deduct(1)),
        5 => ask(&key(number - 1), deduct(2)),
        6 => ask(&key(number), deduct(1_000_000)),
        7 => ask_by(CALLER, wallet(99), &key(number), deduct(1)),
        8 => ask(&key(number), check(1)),
        _ => ask(&key(number), deduct(1)),
    }
}

fn outcome(answer: &Result<Receipt, EngineError>) -> &'static str {
    match answer {
        Ok(receipt) if receipt.replayed => "replayed",
        Ok(receipt) if matches!(receipt.recorded.event, Event::CommandRefused(_)) => "refused",
        Ok(_) => "done",
        Err(EngineError::KeyReused) => "key-reused",
        Err(EngineError::Rejected(Rejection::WalletNotFound)) => "not-found",
        Err(error) => panic!("{error}"),
    }
}

async fn with_credits(ground: Ground) -> Ledger {
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(1_000_000))).await;
    ledger
}

#[tokio::test]
async fn a_batch_of_1_000_does_what_1_000_commands_do_one_after_the_other() {
    let single = with_credits(Ground::memory()).await;
    let mut expected = Vec::new();
    for number in 0..1_000 {
        expected.push(single.submit(mixed(number)).await);
    }
    let expected: Vec<_> = expected
        .iter()
        .map(|answer| (outcome(answer), answer.as_ref().ok().map(|r| balance(&r.recorded))))
        .collect();
    for group_max in [7, 300, 1_000, 5_000] {
        let mut ground = Ground::memory();
        ground.options.group_max = group_max;
        let ledger = with_credits(ground).await;
        let answers = ledger.engine.submit_all((0..1_000).map(mixed).collect()).await;
        let answers: Vec<_> = answers
            .iter()
            .map(|answer| (outcome(answer), answer.as_ref().ok().map(|r| balance(&r.recorded))))
            .collect();
        assert_eq!(answers, expected, "in groups of {group_max}");
        assert_eq!(ledger.end().await.bytes().await.len(), single.ground.bytes().await.len());
    }
}

#[tokio::test]
async fn a_batch_larger_than_a_group_goes_on_in_the_next() {
    for (group_max, first) in [(2_000, 1_000), (300, 300)] {
        let store = Arc::new(WatchedLog::new(Arc::new(MemoryLog::new())));
        let mut ground = Ground::on(Arc::clone(&store) as _);
        ground.options.group_max = group_max;
        let ledger = with_credits(ground).await;
        store.take();
        // While something is in flight, the next group takes all that it may.
        let (release, held) = oneshot::channel();
        ledger.ground.gate.script([Fault::Held(held)]);
        let before = ledger.posted(ask("A", deduct(1))).await;
        let asks = (0..1_000).map(|number| ask(&format!("D{number}"), deduct(1))).collect();
        let engine = ledger.engine.clone();
        let batch = tokio::spawn(async move { engine.submit_all(asks).await });
        idle().await;
        release.send(()).expect("an append that waits");
        assert!(before.await.expect("no panic").is_ok());
        assert!(batch.await.expect("no panic").iter().all(Result::is_ok));
        let sizes: Vec<usize> = store.take().iter().map(|append| append.events).collect();
        assert_eq!((&sizes[..2], sizes.iter().sum()), (&[1, first][..], 1_001_usize));
        assert!(sizes.iter().all(|size| *size <= group_max), "{sizes:?}");
    }
}

#[tokio::test]
async fn the_queue_counts_commands_not_mails() {
    let mut ground = Ground::memory();
    (ground.options.mailbox, ground.options.group_max) = (100, 1);
    let ledger = with_credits(ground).await;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    // One is in flight, one is decided upon it: whatever comes now waits in the queue.
    let first = ledger.posted(ask("A", deduct(1))).await;
    let second = ledger.posted(ask("B", deduct(1))).await;
    let batch = |name: &str, count: usize| {
        let (engine, name) = (ledger.engine.clone(), name.to_owned());
        let asks = (0..count).map(move |number| ask(&format!("{name}{number}"), deduct(1))).collect();
        tokio::spawn(async move { engine.submit_all(asks).await })
    };
    let fits = batch("F", 99);
    idle().await;
    let too_many = batch("T", 2);
    idle().await;
    assert!(too_many.is_finished(), "it waits, though the queue has room for one more only");
    let too_many = too_many.await.expect("no panic");
    assert!(too_many.iter().all(|answer| matches!(answer, Err(EngineError::Overloaded))), "{too_many:?}");
    let last = ledger.posted(ask("L", deduct(1))).await;
    assert!(matches!(ledger.submit(ask("M", deduct(1))).await, Err(EngineError::Overloaded)));
    release.send(()).expect("an append that waits");
    for task in [first, second, last] {
        assert!(task.await.expect("no panic").is_ok());
    }
    assert!(fits.await.expect("no panic").iter().all(Result::is_ok));
    assert!(
        batch("Z", 300).await.expect("no panic").iter().all(Result::is_ok),
        "larger than the queue, alone"
    );
    assert_eq!(ledger.engine.submit_all(Vec::new()).await.len(), 0);
}

#[tokio::test]
async fn each_answer_of_a_batch_tells_the_fate_of_its_group() {
    let mut ground = Ground::memory();
    ground.options.group_max = 10;
    let ledger = with_credits(ground).await;
    // The second group's answer is lost for good, so the third, decided upon it, is not stored.
    ledger.ground.log.script((0..1).map(|_| Fault::None).chain((0..20).map(|_| Fault::LostRequest)));
    let asks = (0..40).map(|number| ask(&format!("D{number}"), deduct(1))).collect();
    let answers = ledger.engine.submit_all(asks).await;
    assert!(answers[..10].iter().all(Result::is_ok), "{answers:?}");
    assert!(answers[10..20].iter().all(|a| matches!(a, Err(EngineError::OutcomeUnknown(_)))), "{answers:?}");
    let nothing = |a: &Result<_, _>| matches!(a, Err(EngineError::Unavailable(_) | EngineError::Stopping));
    assert!(answers[20..].iter().all(nothing), "{answers:?}");
    let (_, ground) = ledger.halted().await;
    assert_eq!(ground.head().await, Position(13), "the announcement, the opening, the purchase and ten");
}

#[tokio::test]
async fn an_atomic_batch_is_all_or_none_and_its_repeat_has_every_item() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let done = ledger.submit(ask("B1", all_or_none(&[10, 20, 30]))).await.expect("a receipt");
    let items: Vec<_> = done.events().map(balance).collect();
    assert_eq!(items, ["90", "70", "40"].map(credits));
    let refused = ledger.submit(ask("B2", all_or_none(&[10, 20, 30]))).await.expect("a receipt");
    let Event::CommandRefused(e) = &refused.recorded.event else { panic!("{refused:?}") };
    let expected = Refusal::InsufficientCredits { available: credits("10"), required: credits("30") };
    assert_eq!((e.refusal, e.item, refused.others.len()), (expected, Some(2), 0));
    assert_eq!(balance(&refused.recorded), credits("40"));
    ledger.ground.cold.catch_up().await;
    let events = |receipt: &Receipt| receipt.events().cloned().collect::<Vec<_>>();
    for ledger in [ledger.restart().await] {
        let again = ledger.submit(ask("B1", all_or_none(&[10, 20, 30]))).await.expect("a receipt");
        assert!(again.replayed);
        assert_eq!(events(&again), events(&done));
        let other = ledger.submit(ask("B1", all_or_none(&[10, 20, 31]))).await;
        assert!(matches!(other, Err(EngineError::KeyReused)), "{other:?}");
        // Each item is a deduction like any other.
        let item = done.others[1].envelope.position;
        ledger.fresh(ask("R1", crate::support::words::roll_back(item, None))).await;
    }
}

#[tokio::test]
async fn a_repeat_of_an_atomic_batch_in_flight_has_every_item() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    let first = ledger.posted(ask("B1", all_or_none(&[1, 2, 3]))).await;
    let second = ledger.posted(ask("B1", all_or_none(&[1, 2, 3]))).await;
    let third = ledger.posted(ask("B3", all_or_none(&[4, 5]))).await;
    let fourth = ledger.posted(ask("B3", all_or_none(&[4, 5]))).await;
    release.send(()).expect("an append that waits");
    for (one, other, items) in [(first, second, 3), (third, fourth, 2)] {
        let one = one.await.expect("no panic").expect("a receipt");
        let other = other.await.expect("no panic").expect("a receipt");
        assert!(other.replayed && !one.replayed);
        assert!(one.events().eq(other.events()));
        assert_eq!(one.events().count(), items);
    }
}

#[tokio::test]
async fn an_atomic_batch_never_straddles_groups_however_large_it_is() {
    let store = Arc::new(WatchedLog::new(Arc::new(MemoryLog::new())));
    let ledger = with_credits(Ground::on(Arc::clone(&store) as _)).await;
    store.take();
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    let before = ledger.posted(ask("A", deduct(1))).await;
    // The log takes 8 MiB at once: nearly 4 MB leave the group open, but 5 MB more do not fit.
    let sizes = [450, 600, 450, 600];
    let batch = |items| Command::DeductBatch(vec![with_metadata(8_000); items]);
    let asks = (0..).zip(sizes).map(|(number, items)| ask(&format!("B{number}"), batch(items))).collect();
    let engine = ledger.engine.clone();
    let batches = tokio::spawn(async move { engine.submit_all(asks).await });
    idle().await;
    release.send(()).expect("an append that waits");
    assert!(before.await.expect("no panic").is_ok());
    for (answer, items) in batches.await.expect("no panic").iter().zip(sizes) {
        let receipt = answer.as_ref().expect("a receipt");
        let positions: Vec<u64> = receipt.events().map(|event| event.envelope.position.get()).collect();
        assert!(positions.len() == items && positions.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
    let appends = store.take();
    let (events, limit) = (appends.iter().map(|append| append.events), store.capabilities().max_append_bytes);
    assert_eq!(events.collect::<Vec<_>>(), [1, 450, 600, 450, 600]);
    assert!(appends.iter().all(|append| append.bytes <= limit), "{appends:?}");
}

#[tokio::test]
async fn a_batch_that_no_group_can_hold_is_refused_alone() {
    let ledger = with_credits(Ground::memory()).await;
    let head = ledger.ground.head().await;
    let huge = ask("huge", Command::DeductBatch(vec![with_metadata(8_000); 1_000]));
    let answers = ledger.engine.submit_all(vec![ask("D1", deduct(1)), huge, ask("D2", deduct(1))]).await;
    let refused = matches!(&answers[1], Err(EngineError::Unavailable(reason)) if reason.contains("bytes"));
    assert!(refused && answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert_eq!(ledger.ground.head().await, head.plus(2));
}
