//! What a statement says, and what it refuses to say.

use std::collections::BTreeSet;

use credit_ledger::report::{Opening, Statement, StatementError};
use events::{Credits, Event, Position};

use super::random::{Life, OF, opening};

#[test]
fn random_lives_have_statements_that_any_cut_joins_again() {
    let mut kinds = BTreeSet::new();
    let (mut debts, mut limits) = (0, 0);
    for seed in 0..60 {
        let life = Life::of(seed, 250);
        let all = life.events.len();
        let whole = life.statement(0, all).expect("a statement");
        let cut = seed as usize * 7 % all;
        let (first, second) = (life.statement(0, cut), life.statement(cut, all));
        let (first, second) = (first.expect("a statement"), second.expect("a statement"));
        assert_eq!(first.closing, second.opening, "seed {seed}");
        assert_eq!([first.lines, second.lines].concat(), whole.lines, "seed {seed}");
        let last = life.wallets.last().expect("a wallet");
        assert_eq!((whole.closing.balances, whole.closing.debt), (last.balances(), last.debt));
        let sum: i64 = whole.lines.iter().map(|line| line.amount.micros()).sum();
        assert_eq!(sum, last.balance.micros(), "the lines add up to the balance");
        kinds.extend(whole.lines.iter().map(|line| line.kind.as_str()));
        debts += whole.lines.iter().filter(|line| !line.debt_change.is_zero()).count();
        limits += whole.lines.iter().filter(|line| line.lots.is_empty() && line.amount.is_zero()).count();
    }
    assert_eq!(kinds.len(), 12, "every kind of line: {kinds:?}");
    assert!(debts > 50 && limits > 5, "{debts} lines about debt, {limits} about the credit limit alone");
}

#[test]
fn events_that_do_not_follow_are_refused() {
    let life = Life::of(3, 200);
    let all = life.events.len();
    let edges = {
        let whole = life.statement(0, all).expect("a statement");
        (whole.from, whole.to)
    };
    let build = |opening: &Opening, events: &[events::Recorded]| {
        Statement::build(OF, edges.0, edges.1, opening, events).expect_err("no statement")
    };
    let spending = |recorded: &events::Recorded| matches!(recorded.event, Event::CreditsDeducted(_));
    let at = life.events.iter().position(spending).expect("a deduction");
    let position = Position(at as u64);

    let mut events = life.events.clone();
    events.remove(at);
    assert!(matches!(
        build(&Opening::default(), &events),
        StatementError::Balance(_) | StatementError::Lots(_)
    ));
    let mut events = life.events.clone();
    events.swap(at, at + 1);
    assert_ne!(build(&Opening::default(), &events), StatementError::Opening);

    let mut events = life.events.clone();
    let Event::CreditsDeducted(deducted) = &mut events[at].event else { panic!("a deduction") };
    deducted.wallet.balance = Credits::from_micros(deducted.wallet.balance.micros() + 1);
    assert_eq!(build(&Opening::default(), &events), StatementError::Balance(position));

    let mut events = life.events.clone();
    let Event::CreditsDeducted(deducted) = &mut events[at].event else { panic!("a deduction") };
    deducted.slices[0].lot = Position(100_000);
    assert_eq!(build(&Opening::default(), &events), StatementError::Lots(position));

    let mut opened = opening(&life.wallets[all - 1]);
    opened.debt = Credits::from_micros(opened.debt.micros() + 1);
    assert_eq!(build(&opened, &[]), StatementError::Opening);
    let mut stranger = OF;
    stranger.wallet.0 = uuid::Uuid::from_u128(8);
    let refused = Statement::build(stranger, edges.0, edges.1, &Opening::default(), &life.events);
    assert_eq!(refused, Err(StatementError::Order(Position(0))));
}
