//! Appends: whole groups at the expected head, or nothing.

use credit_ledger::log::AppendError;
use events::{MAX_EVENT_BYTES, Position};

use super::{
    on_every_log,
    subject::{Subject, group, numbered},
};

on_every_log! {
    a_new_log_is_empty,
    groups_follow_each_other_densely,
    a_wrong_expected_head_is_told_the_right_one,
    a_stale_writer_loses_however_late,
    an_empty_group_is_refused,
    an_event_without_bytes_is_refused,
    an_event_over_the_limit_is_refused,
    a_group_over_the_limit_is_refused,
    the_largest_group_fits,
    bytes_stay_exact,
}

async fn a_new_log_is_empty(subject: &Subject) {
    assert_eq!(subject.head().await, 0);
    assert!(subject.all().await.is_empty());
}

async fn groups_follow_each_other_densely(subject: &Subject) {
    let mut head = 0;
    for count in [1, 2, 1, 256, 3, 1000] {
        let new_head = subject.log.append(Position(head), &numbered(head, count)).await;
        head += count;
        assert_eq!(new_head, Ok(Position(head)));
        assert_eq!(subject.head().await, head);
    }
    let expected = numbered(0, head);
    assert!(subject.all().await.iter().map(Vec::as_slice).eq(expected.iter()));
}

async fn a_wrong_expected_head_is_told_the_right_one(subject: &Subject) {
    let moved = |head| Err(AppendError::HeadMoved { head: Position(head) });
    for wrong in [1, 7, i64::MAX as u64 - 1] {
        assert_eq!(subject.log.append(Position(wrong), &group(["lost"])).await, moved(0));
    }
    subject.append(&numbered(0, 5)).await;
    for wrong in [0, 4, 6, 100] {
        assert_eq!(subject.log.append(Position(wrong), &group(["lost", "too"])).await, moved(5));
    }
    // The failed appends have burned no position.
    assert_eq!(subject.append(&numbered(5, 1)).await, Position(6));
    assert_eq!(subject.all().await[5], b"event 5");
}

async fn a_stale_writer_loses_however_late(subject: &Subject) {
    let stale_head = subject.append(&group(["opening"])).await;
    subject.append(&group(["the new writer's"])).await;
    let late = subject.log.append(stale_head, &group(["the old writer's"])).await;
    assert_eq!(late, Err(AppendError::HeadMoved { head: Position(2) }));
    subject.append(&group(["the new writer's second"])).await;
    let later = subject.log.append(stale_head, &group(["the old writer's"])).await;
    assert_eq!(later, Err(AppendError::HeadMoved { head: Position(3) }));
    assert!(!subject.all().await.contains(&b"the old writer's".to_vec()));
}

async fn an_empty_group_is_refused(subject: &Subject) {
    let refused = subject.log.append(Position(0), &group::<&str>([])).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    assert_eq!(subject.head().await, 0);
}

async fn an_event_without_bytes_is_refused(subject: &Subject) {
    let refused = subject.log.append(Position(0), &group(["before", "", "after"])).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    assert_eq!(subject.head().await, 0);
}

async fn an_event_over_the_limit_is_refused(subject: &Subject) {
    let largest = vec![b'x'; MAX_EVENT_BYTES];
    let larger = vec![b'x'; MAX_EVENT_BYTES + 1];
    let refused = subject.log.append(Position(0), &group([&largest, &larger])).await;
    let too_large = AppendError::TooLarge { bytes: MAX_EVENT_BYTES + 1, limit: MAX_EVENT_BYTES };
    assert_eq!(refused, Err(too_large));
    assert_eq!(subject.head().await, 0);
    subject.append(&group([&largest])).await;
    assert_eq!(subject.all().await, [largest]);
}

async fn a_group_over_the_limit_is_refused(subject: &Subject) {
    let limit = subject.log.capabilities().max_append_bytes;
    let event = vec![b'x'; MAX_EVENT_BYTES];
    let many = group(std::iter::repeat_n(&event, limit / MAX_EVENT_BYTES + 1));
    let refused = subject.log.append(Position(0), &many).await;
    assert_eq!(refused, Err(AppendError::TooLarge { bytes: many.byte_len(), limit }));
    assert_eq!(subject.head().await, 0);
}

async fn the_largest_group_fits(subject: &Subject) {
    let limit = subject.log.capabilities().max_append_bytes;
    let mut bodies = group(std::iter::repeat_n(vec![b'x'; MAX_EVENT_BYTES], limit / MAX_EVENT_BYTES));
    let rest = limit - bodies.byte_len();
    if rest > 0 {
        bodies.push(&vec![b'y'; rest]);
    }
    assert_eq!(bodies.byte_len(), limit);
    subject.append(&bodies).await;
    assert!(subject.all().await.iter().map(Vec::as_slice).eq(bodies.iter()));
}

async fn bytes_stay_exact(subject: &Subject) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let bodies = group([
        &every_byte,
        b"\0".as_slice(),
        b"\0\0\0",
        b"a\0b",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        r#"{"z":1,"a":"żółw 🐢 \u0000","n":1.000000,"n":"2"}"#.as_bytes(),
        b"'\"],[\\",
        b" leading and trailing \n",
        b"12345",
    ]);
    subject.append(&bodies).await;
    assert!(subject.all().await.iter().map(Vec::as_slice).eq(bodies.iter()));
    for (index, body) in bodies.iter().enumerate() {
        let page = subject.log.read(Position(index as u64), 1).await.expect("a page");
        assert_eq!(page.bodies.get(0), body);
    }
}
