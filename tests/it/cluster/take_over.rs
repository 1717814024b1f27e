//! The writer dies, hangs or loses its lease: another takes over, and every command gets one true answer.

use std::time::Duration;

use credit_ledger::{
    engine::{Ask, EngineError},
    log::faulty::Fault,
};
use events::{Asked, CommandId};
use ledger::Command;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::nodes::{OPTIONS, Shared, TestNode};
use crate::support::words::{ask, balance, credits, deduct, purchase};

async fn three(shared: &Shared) -> [TestNode; 3] {
    let first = TestNode::start(shared, 1).await;
    first.is("writer").await;
    let others = [TestNode::start(shared, 2).await, TestNode::start(shared, 3).await];
    for other in &others {
        other.is("standby").await;
    }
    first.submit(ask("P1", purchase(1_000))).await.expect("a purchase");
    let [second, third] = others;
    [first, second, third]
}

/// A command without a key, under this random id.
fn keyless(id: u128, command: Command) -> Ask {
    let ask = ask("none", command);
    Ask { id: CommandId(Uuid::from_u128(id)), asked: Asked { key: None, ..ask.asked }, ..ask }
}

/// Whichever of them writes.
async fn writer<'a>(nodes: &[&'a TestNode]) -> &'a TestNode {
    let waiting = nodes.iter().map(|node| Box::pin(node.writes_after(1)));
    nodes[futures::future::select_all(waiting).await.1]
}

#[tokio::test]
async fn commands_under_way_when_the_writer_dies_get_one_true_answer() {
    let shared = Shared::new();
    let [mut first, second, third] = three(&shared).await;
    // What the writer is asked now is on its way to the log when it dies.
    let (release, held) = oneshot::channel();
    first.log.script([Fault::Held(held)]);
    let waiting: Vec<_> = (0..40)
        .map(|number| {
            let node = if number % 2 == 0 { &second } else { &third };
            let command = deduct(1);
            let ask =
                if number % 4 < 2 { ask(&format!("D{number}"), command) } else { keyless(number, command) };
            node.post(ask)
        })
        .collect();
    let mut scripted = first.log.faults_left();
    while scripted > 0 {
        tokio::task::yield_now().await;
        scripted = first.log.faults_left();
    }
    first.kill();
    drop(release);
    for answer in waiting {
        let receipt = answer.await.expect("a node that lives").expect("an answer");
        assert!(!receipt.replayed || receipt.recorded.event.asked().is_some_and(|asked| asked.key.is_some()));
    }
    let end = second.submit(ask("END", deduct(1))).await.expect("an answer");
    assert_eq!(balance(&end.recorded), credits("959"), "each was charged once");
    shared.check().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_with_the_writer_is_found_again() {
    let shared = Shared::new();
    let [mut first, second, third] = three(&shared).await;
    // The group is stored, and then the writer never hears of it.
    let (_never, held) = oneshot::channel();
    first.log.script([Fault::LostAnswer, Fault::Held(held)]);
    first.log.fail_reads(1);
    let waiting = second.post(ask("D1", deduct(10)));
    let without = third.post(keyless(7, deduct(1)));
    while first.log.faults_left() > 1 {
        tokio::task::yield_now().await;
    }
    first.kill();
    waiting.await.expect("a node that lives").expect("an answer");
    let receipt = without.await.expect("a node that lives").expect("an answer");
    assert!(!receipt.replayed, "nobody else can have asked it");
    let end = third.submit(ask("END", deduct(1))).await.expect("an answer");
    assert_eq!(balance(&end.recorded), credits("988"));
    shared.check().await;
}

#[tokio::test]
async fn a_writer_that_hangs_is_succeeded_and_its_late_append_loses() {
    let shared = Shared::new();
    let [first, second, third] = three(&shared).await;
    let (release, held) = oneshot::channel();
    first.log.script([Fault::Held(held)]);
    let zombie = first.post(ask("Z1", deduct(5)));
    while first.log.faults_left() > 0 {
        tokio::task::yield_now().await;
    }
    let frozen = first.freeze();
    let heir = writer(&[&second, &third]).await;
    heir.submit(ask("D1", deduct(10))).await.expect("an answer");
    // It goes on where it was stopped, with an append under way.
    drop(release);
    drop(frozen);
    first.is("standby").await;
    let receipt = zombie.await.expect("a node that lives").expect("an answer of the new writer");
    assert_eq!(balance(&receipt.recorded), credits("985"), "decided after what the new writer did");
    let end = first.submit(ask("END", deduct(1))).await.expect("an answer");
    assert_eq!(balance(&end.recorded), credits("984"));
    shared.check().await;
}

#[tokio::test]
async fn a_writer_that_cannot_renew_its_lease_stands_down_before_it_runs_out() {
    for hanging in [false, true] {
        let shared = Shared::new();
        let [first, second, third] = three(&shared).await;
        if hanging {
            first.lease.hang()
        } else {
            first.lease.cut(true)
        }
        let mut role = first.router.role();
        role.wait_for(|role| role.word() == "standby").await.expect("a router");
        assert!(first.router.here().is_none());
        let heir = writer(&[&second, &third]).await;
        heir.submit(ask("D1", deduct(1))).await.expect("an answer");
        let end = second.submit(ask("END", deduct(1))).await.expect("an answer");
        assert_eq!(balance(&end.recorded), credits("998"));
        if !hanging {
            first.lease.cut(false);
            first.is("standby").await;
            first.submit(ask("D2", deduct(1))).await.expect("an answer by the new writer");
        }
        shared.check().await;
    }
}

#[tokio::test]
async fn while_nobody_writes_commands_wait_and_then_say_what_is_true() {
    let shared = Shared::new();
    let options = credit_ledger::cluster::Options { deadline: Duration::from_millis(1_500), ..OPTIONS };
    let first = TestNode::start(&shared, 1).await;
    first.is("writer").await;
    first.submit(ask("P1", purchase(1_000))).await.expect("a purchase");
    let standby = TestNode::start_with(&shared, 2, b"the secret", options).await;
    standby.is("standby").await;
    // It can learn of no other writer.
    standby.lease.cut(true);
    let frozen = first.freeze();
    let handed_on = standby.submit(ask("D1", deduct(1))).await;
    assert!(matches!(handed_on, Err(EngineError::OutcomeUnknown(_))), "{handed_on:?}");
    let dry = standby.submit(Ask { dry_run: true, ..ask("DRY", deduct(1)) }).await;
    assert!(matches!(dry, Err(EngineError::Unavailable(_))), "{dry:?}");
    drop(frozen);
    // One that has not even heard of a writer has handed nothing on.
    let alone = TestNode::start_with(&Shared::new(), 3, b"the secret", options).await;
    alone.lease.cut(true);
    let nobody = TestNode::start_with(&Shared::new(), 4, b"the secret", options).await;
    nobody.lease.hang();
    let mut role = nobody.router.role();
    role.wait_for(|role| role.word() == "standby").await.expect("a router");
    let refused = nobody.submit(ask("D1", deduct(1))).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    assert!(nobody.router.obstacle().is_some());
}
