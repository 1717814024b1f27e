//! Rows that are read, and rows that are not.

use events::{Credits, ExpiryPolicy};

use super::{parse, read};
use crate::scenarios::row::{Figure, Row, Says, Verb};

#[test]
fn rows_that_are_not_understood_are_told() {
    let wrong = [
        "purchase P1",
        "purchase P1 100",
        "purchase P1 -> 100",
        "purchase P1 1.0000001 -> 1",
        "purchase P1 100 ->",
        "purchase P1 100 -> 100 replayd",
        "purchase P1 100 prio=1 -> 100",
        "purchase P1 100 expires=30 -> 100",
        "purchase P1 100 until=30d -> 100",
        "purchase P1 usage a=1 -> 100",
        "spend D1 10 -> 90",
        "check C1 10 -> 90",
        "check C1 10 hold=H1 -> 90 sufficient",
        "deduct D1 10 -> 90 sufficient",
        "deduct D1 10 -> 90 slices P1",
        "deduct D1 10 expires=1d -> 90",
        "deduct D1 10 dry -> 90 expired P1:1",
        "deduct D1 10 -> 90 lots P1:90",
        "deduct D1 usage tokens -> 90",
        "hold H1 10 -> 90",
        "hold H1 10 timeout=10 -> 90",
        "release H1 10 -> 90",
        "capture K1 10 of=H1 first -> 90",
        "atomic B1 10,x -> 90",
        "cap K1 10 app=A1 -> 90",
        "limit L1 none -> 90",
        "due W1 -> 90 slices P1:10",
        "due W1 ! not-found",
        "state W1 -> 90 expired P1:10",
        "price chat",
        "price chat tokens",
        "policy rollback=grace",
        "policy rollbacks=reissue",
        "app B1 org=mars",
        "at 30d",
        "wallet",
    ];
    for row in wrong {
        assert!(read(&row.split_whitespace().collect::<Vec<_>>()).is_err(), "{row}");
    }
}

#[test]
#[should_panic(expected = "this is no item of a batch")]
fn a_batch_has_only_items() {
    parse("a test", "batch\npurchase P1 1 -> 1\nend\n");
}

#[test]
#[should_panic(expected = "a batch does not end")]
fn a_batch_ends() {
    parse("a test", "batch\ndeduct D1 1 -> 1\n");
}

#[test]
fn a_row_is_read_whole() {
    let text = "\n# nothing\ndeduct D1 70 key=K times=3 -> 30 slices P1:30,G1:40,… expired P2:1 low replayed # why\n";
    let rows = parse("a test", text);
    let [Row { line: 3, says: Says::Do(row), .. }] = &rows[..] else { panic!("{rows:?}") };
    let (operation, expected) = &**row;
    assert_eq!((operation.verb, operation.name.as_str()), (Verb::Deduct, "D1"));
    assert_eq!((operation.options.key.as_deref(), operation.options.times), (Some("K"), Some(3)));
    let amount = |text: &str| text.parse::<Credits>().expect("an amount");
    assert_eq!(operation.amount, Figure::Credits(amount("70")));
    assert_eq!(expected.result, Ok(amount("30")));
    let slices = expected.slices.as_ref().expect("slices");
    assert_eq!(slices.named, [("P1".to_owned(), amount("30")), ("G1".to_owned(), amount("40"))]);
    assert!(expected.replayed && slices.and_more && !expected.news.expired.and_more && expected.news.low);
}

#[test]
fn rules_and_batches_are_read_whole() {
    let text = "price chat in=0.15/1000 from=+1d version=V1\npolicy rollback=grace:1m\nbatch\n  deduct D1 1 -> 2\nend";
    let rows: Vec<Says> = parse("a test", text).into_iter().map(|row| row.says).collect();
    let [Says::Price(price), Says::Policy(policy), Says::Batch(items)] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!((price.units["in"].per, price.version.as_deref(), price.until), (1_000, Some("V1"), None));
    assert_eq!(policy.rollback, ExpiryPolicy::Grace { micros: 60_000_000 });
    assert!(matches!(&items[..], [Row { line: 4, says: Says::Do(_), .. }]));
}
