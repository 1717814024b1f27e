//! The command index finds every answer, however its segments were merged and interrupted.

use std::{path::Path, sync::Arc};

use credit_ledger::{
    engine::{ColdState, Wanted},
    log::memory::MemoryLog,
    read::{
        Batch, Fold, Live, Store,
        sqlite::{self, SqliteReads, SqliteStore},
    },
};
use events::{CommandId, LedgerId, Position};
use projections::fingerprint;
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

const LEDGER: LedgerId = LedgerId(Uuid::from_u128(1));

/// Spreads numbers like the hash that a command's id is.
fn command(number: u64) -> CommandId {
    CommandId(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()))
}

async fn write(store: &mut SqliteStore, commands: &[CommandId]) -> Vec<(CommandId, Position)> {
    let start = store.checkpoint();
    let answers: Vec<_> = (start.get()..).map(Position).zip(commands).map(|(at, id)| (*id, at)).collect();
    let entries: Vec<_> = answers.iter().map(|(id, at)| (fingerprint(*id), *at)).collect();
    let nothing = Fold::of_everything(LEDGER);
    let end = start.plus(commands.len() as u64);
    let batch = Batch { start, end, answers: &entries, ..nothing.batch() };

    store.write(&batch).await.expect("a write");
    answers
}

async fn open(directory: &Path) -> SqliteStore {
    sqlite::open_store(directory, LEDGER).await.expect("a store")
}

async fn all_are_found(reads: &SqliteReads, answers: &[(CommandId, Position)]) {
    assert!(answers.iter().all(|(id, _)| reads.may_know(*id)), "a false negative");
    assert_eq!(reads.answers_missing(answers).await.expect("a look-up"), []);
    assert_eq!(
        reads.answers_digest().await.expect("a digest").0,
        answers.len() as u64,
        "entries lost or doubled"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_found_after_merges_of_many_blocks() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = open(directory.path()).await;
    let mut answers = Vec::new();
    for batch in 0..90_u64 {
        let commands: Vec<CommandId> = (batch * 1_000..(batch + 1) * 1_000).map(command).collect();
        answers.extend(write(&mut store, &commands).await);
        if batch % 25 == 20 {
            // Whatever merges were under way are forgotten, and their pages left over.
            store.close().await;
            store = open(directory.path()).await;
        }
    }
    let reads = store.reads(directory.path(), Arc::new(MemoryLog::new()));
    all_are_found(&reads, &answers).await;
    let lucky = (1_000_000..1_100_000).filter(|number| reads.may_know(command(*number))).count();
    assert!(lucky < 150, "{lucky} of 100,000 unknown commands pass the filters");
    reads.close().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_share_a_fingerprint_are_all_candidates() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = open(directory.path()).await;
    let twin = |low| CommandId(Uuid::from_u64_pair(42, low));
    let mut answers = Vec::new();
    for number in 0..20 {
        answers.extend(write(&mut store, &[twin(number), command(number), twin(number)]).await);
    }
    let reads = store.reads(directory.path(), Arc::new(MemoryLog::new()));
    all_are_found(&reads, &answers).await;
    let wanted = Wanted { commands: vec![twin(3)], ..Wanted::default() };
    let loaded = reads.load(wanted).await.expect("a load");
    assert_eq!(loaded.commands.len(), 40, "the engine asks the events which one it is");
    assert!(loaded.commands.iter().all(|(id, _)| *id == twin(3)));
    reads.close().await;
    store.close().await;
}

#[test]
fn no_answer_is_ever_lost() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sizes = prop::collection::vec((1_u64..120, prop::bool::weighted(0.2)), 1..40);
    let mut runner = TestRunner::new(ProptestConfig { cases: 12, ..ProptestConfig::default() });
    let result = runner.run(&(sizes, any::<u64>()), |(sizes, salt)| {
        runtime.block_on(async {
            let directory = tempfile::tempdir().expect("a directory");
            let mut store = open(directory.path()).await;
            let mut answers = Vec::new();
            for (size, reopened) in sizes {
                let first = answers.len() as u64;
                let commands: Vec<CommandId> = (first..first + size).map(|n| command(n ^ salt)).collect();
                answers.extend(write(&mut store, &commands).await);
                if reopened {
                    store.close().await;
                    store = open(directory.path()).await;
                }
            }
            let log = Arc::new(MemoryLog::new());
            let beside = store.reads(directory.path(), log.clone());
            all_are_found(&beside, &answers).await;
            beside.close().await;
            store.close().await;
            let later = sqlite::read_only(directory.path(), LEDGER, log).await.expect("projections");
            all_are_found(&later, &answers).await;
            later.close().await;
        });
        Ok(())
    });
    result.expect("no answer is lost");
}
