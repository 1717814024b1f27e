//! The command index finds every answer, however its segments were merged and interrupted.

use std::sync::Arc;

use credit_ledger::{
    engine::{ColdState, Wanted},
    log::memory::MemoryLog,
    read::{Batch, Database, Fold, Live, Store, StoredReads},
};
use events::{CommandId, LedgerId, Position};
use projections::fingerprint;
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use super::place::{self, Place, on_every_store};

on_every_store!(
    every_answer_is_found_after_merges_of_many_blocks,
    commands_that_share_a_fingerprint_are_all_candidates,
);

const LEDGER: LedgerId = LedgerId(Uuid::from_u128(1));

/// Spreads numbers like the hash that a command's id is.
fn command(number: u64) -> CommandId {
    CommandId(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()))
}

async fn write(store: &mut impl Store, commands: &[CommandId]) -> Vec<(CommandId, Position)> {
    let start = store.checkpoint();
    let answers: Vec<_> = (start.get()..).map(Position).zip(commands).map(|(at, id)| (*id, at)).collect();
    let entries: Vec<_> = answers.iter().map(|(id, at)| (fingerprint(*id), *at)).collect();
    let nothing = Fold::of_everything(LEDGER);
    let end = start.plus(commands.len() as u64);
    let batch = Batch { start, end, answers: &entries, ..nothing.batch() };

    store.write(&batch).await.expect("a write");
    answers
}

async fn all_are_found<D: Database>(reads: &StoredReads<D>, answers: &[(CommandId, Position)]) {
    assert!(answers.iter().all(|(id, _)| reads.may_know(*id)), "a false negative");
    assert_eq!(reads.answers_missing(answers).await.expect("a look-up"), []);
    assert_eq!(
        reads.answers_digest().await.expect("a digest").0,
        answers.len() as u64,
        "entries lost or doubled"
    );
}

async fn every_answer_is_found_after_merges_of_many_blocks<P: Place>() {
    let place = P::new().await;
    let mut store = place.store(LEDGER).await;
    let mut answers = Vec::new();
    for batch in 0..90_u64 {
        let commands: Vec<CommandId> = (batch * 1_000..(batch + 1) * 1_000).map(command).collect();
        answers.extend(write(&mut store, &commands).await);
        if batch % 25 == 20 {
            // Whatever merges were under way are forgotten, and their pages left over.
            store.close().await;
            store = place.store(LEDGER).await;
        }
    }
    let reads = place.beside(&store, Arc::new(MemoryLog::new()));
    all_are_found(&reads, &answers).await;
    let lucky = (1_000_000..1_100_000).filter(|number| reads.may_know(command(*number))).count();
    assert!(lucky < 150, "{lucky} of 100,000 unknown commands pass the filters");
    reads.close().await;
    store.close().await;
}

async fn commands_that_share_a_fingerprint_are_all_candidates<P: Place>() {
    let place = P::new().await;
    let mut store = place.store(LEDGER).await;
    let twin = |low| CommandId(Uuid::from_u64_pair(42, low));
    let mut answers = Vec::new();
    for number in 0..20 {
        answers.extend(write(&mut store, &[twin(number), command(number), twin(number)]).await);
    }
    let reads = place.beside(&store, Arc::new(MemoryLog::new()));
    all_are_found(&reads, &answers).await;
    let wanted = Wanted { commands: vec![twin(3)], ..Wanted::default() };
    let loaded = reads.load(wanted).await.expect("a load");
    assert_eq!(loaded.commands.len(), 40, "the engine asks the events which one it is");
    assert!(loaded.commands.iter().all(|(id, _)| *id == twin(3)));
    reads.close().await;
    store.close().await;
}

fn no_answer_is_ever_lost<P: Place>(cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sizes = prop::collection::vec((1_u64..120, prop::bool::weighted(0.2)), 1..40);
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let result = runner.run(&(sizes, any::<u64>()), |(sizes, salt)| {
        runtime.block_on(async {
            let place = P::new().await;
            let mut store = place.store(LEDGER).await;
            let mut answers = Vec::new();
            for (size, reopened) in sizes {
                let first = answers.len() as u64;
                let commands: Vec<CommandId> = (first..first + size).map(|n| command(n ^ salt)).collect();
                answers.extend(write(&mut store, &commands).await);
                if reopened {
                    store.close().await;
                    store = place.store(LEDGER).await;
                }
            }
            let log = Arc::new(MemoryLog::new());
            let beside = place.beside(&store, log.clone());
            all_are_found(&beside, &answers).await;
            beside.close().await;
            store.close().await;
            let later = place.opened(LEDGER, log).await;
            all_are_found(&later, &answers).await;
            later.close().await;
        });
        Ok(())
    });
    result.expect("no answer is lost");
}

#[test]
fn no_answer_is_ever_lost_in_sqlite() {
    no_answer_is_ever_lost::<place::Sqlite>(12);
}

#[test]
fn no_answer_is_ever_lost_in_postgres() {
    no_answer_is_ever_lost::<place::Postgres>(6);
}
