//! Appends and reads that fail, and what the log says of them.

use credit_ledger::log::{AppendError, Bodies, Log, ReadError, kurrent::KurrentLog};
use events::Position;

use super::{
    LEDGER, SHORT,
    double::{Double, Fault},
    open,
};

fn group(bodies: &[&str]) -> Bodies {
    bodies.iter().collect()
}

async fn all(log: &KurrentLog) -> Bodies {
    log.read(Position(0), 100).await.expect("a page").bodies
}

/// Appends two events, which meets `fault`; then the caller finds out, and appends again.
async fn unknown(fault: Fault, written: bool) {
    let double = Double::start().await;
    let log = KurrentLog::connect_with(&double.url(), LEDGER, SHORT).await.expect("a log");
    let ours = group(&["one", "two"]);
    double.script([fault]);
    let lost = log.append(Position(0), &ours).await;
    assert!(matches!(lost, Err(AppendError::Indeterminate(_))), "{fault:?}: {lost:?}");
    assert_eq!(double.faults_left(), 0);
    assert_eq!(log.head().await, Ok(Position(if written { 2 } else { 0 })), "{fault:?}");
    // The store knows its events: the same append is never a second one.
    assert_eq!(log.append(Position(0), &ours).await, Ok(Position(2)), "{fault:?}");
    let moved = AppendError::HeadMoved { head: Position(2) };
    assert_eq!(log.append(Position(0), &group(&["one", "other"])).await, Err(moved), "{fault:?}");
    assert_eq!(log.append(Position(2), &group(&["three"])).await, Ok(Position(3)), "{fault:?}");
    assert_eq!(all(&log).await, group(&["one", "two", "three"]), "{fault:?}");
}

#[tokio::test]
async fn a_lost_answer_leaves_it_open_until_it_is_read() {
    unknown(Fault::LostAnswer, true).await;
}

#[tokio::test]
async fn a_lost_request_leaves_it_open_until_it_is_read() {
    unknown(Fault::LostRequest, false).await;
}

#[tokio::test]
async fn a_request_that_is_late_is_no_second_one() {
    unknown(Fault::LateRequest, false).await;
}

#[tokio::test]
async fn a_store_that_took_too_long_may_have_written() {
    unknown(Fault::TimedOut, true).await;
}

#[tokio::test]
async fn a_store_that_never_answers_is_not_waited_for() {
    unknown(Fault::Silence, true).await;
}

#[tokio::test]
async fn a_store_that_is_not_ready_is_asked_again() {
    unknown(Fault::NotReady, false).await;
}

#[tokio::test]
async fn what_is_denied_is_not_written() {
    let double = Double::start().await;
    let log = open(&double.url()).await;
    double.script([Fault::Denied]);
    let denied = log.append(Position(0), &group(&["one"])).await;
    assert!(
        matches!(&denied, Err(AppendError::Unavailable(why)) if why.contains("check user and password")),
        "{denied:?}"
    );
    assert_eq!(log.append(Position(0), &group(&["one"])).await, Ok(Position(1)));
}

#[tokio::test]
async fn a_store_that_is_gone_takes_nothing_and_is_found_when_it_is_back() {
    let double = Double::start().await;
    let log = open(&double.url()).await;
    let ours = group(&["one"]);
    for round in 0..3 {
        double.close(0);
        assert!(matches!(log.head().await, Err(ReadError::Unavailable(_))));
        // Once the loss is noticed, it is known that a request doesn't leave.
        let refused = log.append(Position(round), &ours).await;
        assert!(
            matches!(&refused, Err(AppendError::Unavailable(why)) if why.contains("nothing was written")),
            "{refused:?}"
        );
        assert!(matches!(log.read(Position(0), 1).await, Err(ReadError::Unavailable(_))));
        double.open(0).await;
        assert_eq!(log.append(Position(round), &ours).await, Ok(Position(round + 1)));
    }
    assert_eq!(all(&log).await.len(), 3);
}

#[tokio::test]
async fn reads_wait_for_the_store_when_an_append_is_open() {
    let double = Double::start().await;
    let log = KurrentLog::connect_with(&double.url(), LEDGER, SHORT).await.expect("a log");
    double.script([Fault::LostAnswerAndClosed]);
    let lost = log.append(Position(0), &group(&["one"])).await;
    assert!(matches!(lost, Err(AppendError::Indeterminate(_))), "{lost:?}");
    let (head, ()) = tokio::join!(log.head(), async {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        double.open(0).await;
    });
    assert_eq!(head, Ok(Position(1)));
}

#[tokio::test]
async fn an_answer_that_ends_early_is_no_end_of_the_log() {
    let double = Double::start().await;
    let log = open(&double.url()).await;
    log.append(Position(0), &group(&["one", "two"])).await.expect("an append");
    double.end_reads_early(1);
    assert_eq!(log.read(Position(0), 10).await.expect("a page").bodies, group(&["one", "two"]));
    double.end_reads_early(1);
    assert_eq!(log.head().await, Ok(Position(2)));
    // More often than it is tried.
    double.end_reads_early(3);
    assert!(matches!(log.read(Position(0), 10).await, Err(ReadError::Unavailable(_))));
    assert_eq!(log.read(Position(2), 10).await.expect("a page").bodies, Bodies::default());
}

#[tokio::test]
async fn reads_without_an_answer_end() {
    let double = Double::start().await;
    let log = KurrentLog::connect_with(&double.url(), LEDGER, SHORT).await.expect("a log");
    log.append(Position(0), &group(&["one"])).await.expect("an append");
    double.stall_reads(true);
    let stalled = log.head().await;
    assert!(
        matches!(&stalled, Err(ReadError::Unavailable(why)) if why.contains("no answer within")),
        "{stalled:?}"
    );
    double.stall_reads(false);
    assert_eq!(log.head().await, Ok(Position(1)));
}
