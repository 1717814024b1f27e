//! Reads: contiguous pages from any position.

use credit_ledger::log::Page;
use events::Position;

use super::{
    on_every_log,
    subject::{Subject, numbered},
};

on_every_log! {
    paging_reads_what_one_big_read_does,
    a_page_ends_at_the_head,
    a_reader_at_the_head_waits_for_nothing,
    a_limit_of_zero_reads_nothing,
    a_long_log_is_read_to_its_end,
}

const EVENTS: u64 = 23;

async fn page(subject: &Subject, from: u64, limit: usize) -> Page {
    subject.log.read(Position(from), limit).await.expect("a page")
}

async fn paging_reads_what_one_big_read_does(subject: &Subject) {
    subject.append(&numbered(0, 11)).await;
    subject.append(&numbered(11, EVENTS - 11)).await;
    let whole = page(subject, 0, 1000).await;
    assert_eq!(whole, Page { first: Position(0), bodies: numbered(0, EVENTS) });
    for limit in 1..=EVENTS + 1 {
        let mut next = Position(0);
        while next < Position(EVENTS) {
            let part = page(subject, next.get(), limit as usize).await;
            let count = limit.min(EVENTS - next.get());
            assert_eq!(part, Page { first: next, bodies: numbered(next.get(), count) });
            next = part.next();
        }
    }
}

async fn a_page_ends_at_the_head(subject: &Subject) {
    subject.append(&numbered(0, EVENTS)).await;
    for from in 0..EVENTS {
        let rest = page(subject, from, 1000).await;
        assert_eq!(rest, Page { first: Position(from), bodies: numbered(from, EVENTS - from) });
        assert_eq!(rest.next(), Position(EVENTS));
    }
    assert_eq!(page(subject, 5, usize::MAX).await.next(), Position(EVENTS));
}

async fn a_reader_at_the_head_waits_for_nothing(subject: &Subject) {
    for from in [0, 1, u64::MAX] {
        assert_eq!(page(subject, from, 10).await, Page { first: Position(from), ..Page::default() });
    }
    subject.append(&numbered(0, 3)).await;
    assert!(page(subject, 3, 10).await.is_empty());
    assert!(page(subject, 4, 10).await.is_empty());
    subject.append(&numbered(3, 2)).await;
    assert_eq!(page(subject, 3, 10).await, Page { first: Position(3), bodies: numbered(3, 2) });
}

async fn a_limit_of_zero_reads_nothing(subject: &Subject) {
    subject.append(&numbered(0, 3)).await;
    assert_eq!(page(subject, 1, 0).await, Page { first: Position(1), ..Page::default() });
}

/// More events than an adapter may put on one page.
async fn a_long_log_is_read_to_its_end(subject: &Subject) {
    let expected = numbered(0, 25_000);
    subject.append(&expected).await;
    let mut next = Position(0);
    loop {
        let part = page(subject, next.get(), usize::MAX).await;
        if part.is_empty() {
            break;
        }
        assert_eq!(part.first, next);
        assert!(part.iter().all(|(position, body)| body == expected.get(position.get() as usize)));
        next = part.next();
    }
    assert_eq!(next, Position(25_000));
}
