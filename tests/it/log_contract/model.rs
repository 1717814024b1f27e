//! Any sequence of calls does on a log what it does on a list.

use std::cell::{Cell, RefCell};

use credit_ledger::log::AppendError;
use events::Position;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::subject::{Subject, group};

#[derive(Debug, Clone)]
enum Call {
    /// Appends at the head moved by `off`.
    Append {
        off: i64,
        group: Vec<Vec<u8>>,
    },
    Read {
        from: u64,
        limit: usize,
    },
}

fn call() -> impl Strategy<Value = Call> {
    let body = vec(any::<u8>(), 1..40);
    let off = prop_oneof![4 => Just(0), 1 => -3i64..=3];
    prop_oneof![
        (off, vec(body, 1..6)).prop_map(|(off, group)| Call::Append { off, group }),
        (0u64..40, 0usize..10).prop_map(|(from, limit)| Call::Read { from, limit }),
    ]
}

/// Tells the calls to a log that may hold something already.
async fn check(subject: &Subject, calls: &[Call]) -> Result<(), TestCaseError> {
    let mut model = subject.all().await;
    let base = (model.len() as u64).saturating_sub(20);
    for call in calls {
        match call {
            Call::Append { off, group: bodies } => {
                let head = model.len() as u64;
                let at = head.saturating_add_signed(*off);
                let expected = if at == head {
                    model.extend(bodies.iter().cloned());
                    Ok(Position(model.len() as u64))
                } else {
                    Err(AppendError::HeadMoved { head: Position(head) })
                };
                prop_assert_eq!(subject.log.append(Position(at), &group(bodies)).await, expected);
            }
            Call::Read { from, limit } => {
                let from = base + *from;
                let page = subject.log.read(Position(from), *limit).await;
                let expected = model.iter().skip(from as usize).take(*limit);
                prop_assert_eq!(page.map(|page| page.bodies), Ok(group(expected)));
            }
        }
        prop_assert_eq!(subject.head().await, model.len() as u64);
    }
    prop_assert_eq!(subject.all().await, model);
    Ok(())
}

/// Sequences told to one log, one after the other: opening one takes longer than a sequence does.
const ON_ONE_LOG: u32 = 8;

fn run(fresh: impl AsyncFn() -> Subject) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let open = RefCell::new(None);
    let told = Cell::new(0_u32);
    let tell = |calls: Vec<Call>| {
        let kept = open.take().filter(|_| !told.get().is_multiple_of(ON_ONE_LOG));
        told.set(told.get() + 1);
        runtime.block_on(async {
            let subject = match kept {
                Some(subject) => subject,
                None => fresh().await,
            };
            let checked = check(&subject, &calls).await;
            open.replace(Some(subject));
            checked
        })
    };
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&vec(call(), 0..60), tell);
    runtime.block_on(async { drop(open.take()) });
    ran.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn memory_does_what_a_list_does() {
    run(async || Subject::memory());
}

#[test]
fn sqlite_does_what_a_list_does() {
    run(Subject::sqlite);
}

#[test]
fn postgres_does_what_a_list_does() {
    run(Subject::postgres);
}

#[cfg(feature = "eventstoredb")]
#[test]
fn kurrent_does_what_a_list_does() {
    run(Subject::kurrent);
}
