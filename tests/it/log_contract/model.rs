//! Any sequence of calls does on a log what it does on a list.

use credit_ledger::log::AppendError;
use events::Position;
use proptest::{collection::vec, prelude::*};

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

async fn check(subject: &Subject, calls: &[Call]) -> Result<(), TestCaseError> {
    let mut model: Vec<Vec<u8>> = Vec::new();
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
                let page = subject.log.read(Position(*from), *limit).await;
                let expected = model.iter().skip(*from as usize).take(*limit);
                prop_assert_eq!(page.map(|page| page.bodies), Ok(group(expected)));
            }
        }
        prop_assert_eq!(subject.head().await, model.len() as u64);
    }
    prop_assert_eq!(subject.all().await, model);
    Ok(())
}

fn run(calls: &[Call], subject: impl AsyncFnOnce() -> Subject) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { check(&subject().await, calls).await })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_does_what_a_list_does(calls in vec(call(), 0..60)) {
        run(&calls, async || Subject::memory())?;
    }

    #[test]
    fn sqlite_does_what_a_list_does(calls in vec(call(), 0..60)) {
        run(&calls, Subject::sqlite)?;
    }

    #[test]
    fn postgres_does_what_a_list_does(calls in vec(call(), 0..60)) {
        run(&calls, Subject::postgres)?;
    }
}
