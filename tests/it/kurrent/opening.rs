//! Streams that have lost events, or will.

use credit_ledger::log::{
    AppendError, Bodies, Log, ReadError,
    kurrent::{KurrentLog, OpenError},
};
use events::Position;
use futures::future::join_all;
use tokio::time::timeout;

use super::{LEDGER, double::Double, new_ledger, open};

async fn with_three() -> (Double, KurrentLog) {
    let double = Double::start().await;
    let log = open(&double.url()).await;
    let three: Bodies = ["one", "two", "three"].into_iter().collect();
    log.append(Position(0), &three).await.expect("an append");
    (double, log)
}

async fn refusal(double: &Double) -> String {
    match KurrentLog::connect(&double.url(), LEDGER).await {
        Err(OpenError::Forgetful { why, .. }) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a stream that forgets was opened"),
    }
}

fn is_corrupt<T>(result: &Result<T, ReadError>) -> bool {
    matches!(result, Err(ReadError::Corrupt { .. }))
}

#[tokio::test]
async fn a_stream_that_forgets_by_its_metadata_is_refused() {
    let (double, _) = with_three().await;
    for metadata in [r#"{"$maxAge":3600}"#, r#"{"$maxCount":1000000}"#, r#"{"$tb":2}"#] {
        double.set_metadata(LEDGER, metadata);
        let why = refusal(&double).await;
        assert!(why.contains(&metadata[2..5]), "{why}");
    }
    double.set_metadata(LEDGER, r#"{"$acl":{"$d":"$admins"}}"#);
    assert_eq!(open(&double.url()).await.head().await, Ok(Position(3)));
}

#[tokio::test]
async fn a_stream_that_was_truncated_is_refused() {
    let (double, log) = with_three().await;
    double.truncate(LEDGER, 1);
    assert!(refusal(&double).await.contains("there is no event"), "even with its metadata gone");
    assert!(is_corrupt(&log.read(Position(0), 10).await));
    assert_eq!(log.read(Position(1), 10).await.expect("a page").bodies.len(), 2);
}

#[tokio::test]
async fn a_stream_that_is_deleted_is_corrupt_and_no_new_log() {
    let (double, log) = with_three().await;
    double.delete(LEDGER);
    assert!(is_corrupt(&log.head().await));
    assert!(is_corrupt(&log.read(Position(0), 10).await));
    assert!(is_corrupt(&log.read(Position(3), 10).await));
    // Whoever waits is woken, and finds out.
    timeout(std::time::Duration::from_secs(120), log.wait_past(Position(3))).await.expect("woken");
    // The store would go on behind the old events.
    let first: Bodies = ["first"].into_iter().collect();
    let appended = log.append(Position(0), &first).await;
    assert!(
        matches!(&appended, Err(AppendError::Indeterminate(why)) if why.contains("deleted or truncated")),
        "{appended:?}"
    );
}

#[tokio::test]
async fn a_stream_that_is_deleted_for_good_is_refused() {
    let (double, log) = with_three().await;
    double.tombstone(LEDGER);
    assert!(refusal(&double).await.contains("deleted for good"));
    assert!(is_corrupt(&log.head().await));
    let refused = log.append(Position(3), &["four"].into_iter().collect()).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn what_can_not_be_opened_says_why_and_no_password() {
    let unusable = KurrentLog::connect("esdb://admin:changeit@127.0.0.1:1?tls=false", LEDGER).await;
    let why = unusable.err().expect("nothing listens there").to_string();
    assert!(why.starts_with("can't use esdb://127.0.0.1:1: ") && !why.contains("changeit"), "{why}");
    for url in ["esdb://admin:changeit@host:port", "postgres://admin:changeit@host", "changeit"] {
        let why = KurrentLog::connect(url, LEDGER).await.err().expect("no URL of a store").to_string();
        assert!(why.contains("not of the form") && !why.contains("changeit"), "{why}");
    }
}

#[tokio::test]
async fn processes_that_start_at_once_agree_on_the_ledger() {
    let double = Double::start().await;
    let url = double.url();
    let first = |fresh| {
        let url = url.clone();
        async move { KurrentLog::first_ledger(&url, fresh).await.expect("a ledger") }
    };
    let fresh: Vec<_> = std::iter::repeat_with(new_ledger).take(6).collect();
    let agreed = join_all(fresh.iter().copied().map(first)).await;
    assert!(fresh.contains(&agreed[0]));
    assert!(agreed.iter().all(|ledger| *ledger == agreed[0]), "{agreed:?}");
    assert_eq!(first(new_ledger()).await, agreed[0], "and so does whoever comes later");
}
