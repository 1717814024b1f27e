use super::*;
use crate::samples::{credits, history};

#[test]
fn rollbacks_add_up() {
    let events = history();
    let first = ReturnedRow::apply(None, &events[9]).expect("valid");
    assert_eq!(first, Some(ReturnedRow { deduction: Position(6), total: credits(30), last: Position(9) }));
    let second = ReturnedRow::apply(first, &events[10]).expect("valid");
    assert_eq!(second, Some(ReturnedRow { deduction: Position(6), total: credits(34), last: Position(10) }));
    assert_eq!(ReturnedRow::apply(second, &events[11]), Ok(second), "no rollback");
    assert_eq!(ReturnedRow::deduction_of(&events[10].event), Some(Position(6)));
    assert_eq!(ReturnedRow::deduction_of(&events[6].event), None);
}

#[test]
fn a_total_that_is_no_sum_is_poison() {
    let events = history();
    assert_eq!(ReturnedRow::apply(None, &events[10]), Err(Fault::Amounts.at(Position(10))));
    let other = ReturnedRow { deduction: Position(5), total: credits(30), last: Position(9) };
    assert_eq!(ReturnedRow::apply(Some(other), &events[10]), Err(Fault::Subject.at(Position(10))));
}
