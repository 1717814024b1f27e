use super::*;
use crate::samples::{credits, history, whole};

#[test]
fn rollbacks_add_up() {
    let events = history();
    let first = ReturnedRow::apply(None, &events[9]).expect("valid");
    assert_eq!(first, Some(ReturnedRow { of: Position(6), total: credits(30), last: Position(9) }));
    let second = ReturnedRow::apply(first, &events[10]).expect("valid");
    assert_eq!(second, Some(ReturnedRow { of: Position(6), total: credits(34), last: Position(10) }));
    assert_eq!(ReturnedRow::apply(second, &events[11]), Ok(second), "undoes nothing");
    assert_eq!(ReturnedRow::undone_by(&events[10].event), Some(Position(6)));
    assert_eq!(ReturnedRow::undone_by(&events[6].event), None);
}

#[test]
fn refunds_and_approvals_are_kept_by_what_they_undo() {
    let events = whole::history();
    let refunded = ReturnedRow { of: Position(2), total: credits(80), last: Position(14) };
    assert_eq!(ReturnedRow::apply(None, &events[14]), Ok(Some(refunded)));
    let approved = ReturnedRow { of: Position(15), total: credits(4), last: Position(16) };
    assert_eq!(ReturnedRow::apply(None, &events[16]), Ok(Some(approved)), "of -4, by size");
    assert_eq!(ReturnedRow::undone_by(&events[19].event), None, "approves nothing");
    assert_eq!(ReturnedRow::apply(Some(approved), &events[16]), Err(Fault::Amounts.at(Position(16))));
}

#[test]
fn a_total_that_is_no_sum_is_poison() {
    let events = history();
    assert_eq!(ReturnedRow::apply(None, &events[10]), Err(Fault::Amounts.at(Position(10))));
    let other = ReturnedRow { of: Position(5), total: credits(30), last: Position(9) };
    assert_eq!(ReturnedRow::apply(Some(other), &events[10]), Err(Fault::Subject.at(Position(10))));
}
