use events::{Credits, Event, Position, Recorded, Time};

use super::*;
use crate::samples::{command, credits, history, wallet};

fn audit(events: &[Recorded]) -> Result<Summary, Finding> {
    let mut auditor = Auditor::new();
    for (position, recorded) in (0..).map(Position).zip(events) {
        auditor.check(position, recorded)?;
    }
    auditor.finish()
}

/// The auditor finds what `spoil` did to the history, at `position`, and names it with `words`.
#[track_caller]
fn found(position: u64, words: &str, spoil: impl FnOnce(&mut Vec<Recorded>)) {
    let mut events = history();
    spoil(&mut events);
    let finding = audit(&events).expect_err("the spoilt history was believed");
    assert_eq!(finding.position, Position(position), "{finding}");
    assert!(finding.what.contains(words), "{finding}");
}

#[test]
fn a_valid_history_adds_up() {
    let summary = audit(&history()).expect("valid");
    assert_eq!((summary.events, summary.wallets, summary.purchases, summary.rollbacks), (14, 2, 2, 2));
    assert_eq!(summary.balances, i128::from(credits(65).micros()));
    assert_eq!(summary.expired, i128::from(credits(4).micros()));
    let mut auditor = Auditor::new();
    for recorded in &history() {
        auditor.check(recorded.envelope.position, recorded).expect("valid");
    }
    let account = auditor.account(wallet(1)).expect("a wallet");
    assert_eq!((account.balance(), account.account_seq(), account.last()), (credits(62), 8, Position(13)));
    assert_eq!(account.lots().collect::<Vec<_>>(), [(Position(4), credits(62))]);
    assert_eq!((auditor.accounts().count(), auditor.position()), (2, Position(14)));
}

#[test]
fn a_removed_or_moved_event_is_found() {
    found(7, "not dense", |events| drop(events.remove(7)));
    found(7, "not dense", |events| events.swap(7, 8));
    found(5, "not dense", |events| events.insert(5, history()[4].clone()));
}

#[test]
fn a_forged_envelope_is_found() {
    found(6, "ledger", |e| {
        e[6].envelope.ledger = "00000000-0000-4000-8000-00000000000f".parse().expect("an id")
    });
    found(6, "not later", |e| e[6].envelope.time = e[5].envelope.time);
    found(6, "not later", |e| e[6].envelope.time = Time::from_micros(0));
    found(6, "is not that of event 0", |e| e[6].envelope.id = command(6).event(1));
    found(6, "answered before", |e| {
        e[6].envelope.causation = command(4);
        e[6].envelope.id = command(4).event(0);
    });
}

#[test]
fn events_of_one_command_are_numbered() {
    let same_command = |index: u32| {
        move |events: &mut Vec<Recorded>| {
            events[11].envelope.causation = command(10);
            events[11].envelope.id = command(10).event(index);
        }
    };
    let mut events = history();
    same_command(1)(&mut events);
    assert!(audit(&events).is_ok());
    found(11, "is not that of event 1", same_command(0));
}

#[test]
fn a_broken_chain_is_found() {
    found(6, "`previous`", |e| e[6].envelope.previous = Some(Position(4)));
    found(3, "first event", |e| e[3].envelope.previous = Some(Position(2)));
    found(6, "`accountseq`", |e| e[6].envelope.account_seq = Some(5));
    found(8, "`accountseq`", |e| e[8].envelope.account_seq = Some(5));
    found(6, "never opened", |e| e[6].envelope.subject = events::Subject::Wallet(wallet(9)));
    found(6, "organization", |e| {
        e[6].envelope.org = Some("00000000-0000-4000-8000-00000000000f".parse().expect("an id"))
    });
    found(6, "subject is not", |e| e[6].envelope.subject = e[0].envelope.subject);
    found(1, "claims a place", |e| e[1].envelope.account_seq = Some(1));
}

#[test]
fn amounts_that_the_slices_do_not_make_are_found() {
    let deduction = |at: usize, spoil: fn(&mut events::CreditsDeducted)| {
        move |events: &mut Vec<Recorded>| {
            let Event::CreditsDeducted(e) = &mut events[at].event else { panic!("a deduction") };
            spoil(e);
        }
    };
    found(6, "its slices make", deduction(6, |e| e.cost = credits(39)));
    found(6, "states a balance", deduction(6, |e| e.wallet.balance = credits(71)));
    found(6, "holds", deduction(6, |e| e.slices[0].amount = credits(11)));
    found(6, "not live", deduction(6, |e| e.slices[0].lot = Position(3)));
    found(6, "above zero", deduction(6, |e| e.slices[0].amount = Credits::ZERO));
    found(4, "states a balance", |events| {
        let Event::CreditsPurchased(e) = &mut events[4].event else { panic!("a purchase") };
        e.amount = credits(1_000);
    });
    found(11, "are left", |events| {
        let Event::CreditsExpired(e) = &mut events[11].event else { panic!("an expiry") };
        e.amount = credits(3);
    });
}

#[test]
fn a_rollback_beyond_its_deduction_is_found() {
    let rollback = |at: usize, spoil: fn(&mut events::DeductionRolledBack)| {
        move |events: &mut Vec<Recorded>| {
            let Event::DeductionRolledBack(e) = &mut events[at].event else { panic!("a rollback") };
            spoil(e);
        }
    };
    found(9, "more is given back", rollback(9, |e| e.slices[0].amount = credits(31)));
    found(10, "more is given back", rollback(10, |e| e.slices[0].amount = credits(11)));
    found(9, "given back in all", rollback(9, |e| e.returned = credits(29)));
    found(9, "is no deduction", rollback(9, |e| e.deduction = Position(5)));
    found(9, "took nothing", rollback(9, |e| e.slices[0].lot = Position(12)));
    found(9, "its slices make", rollback(9, |e| e.amount = credits(29)));
    found(12, "another wallet's", |events| {
        let mut stolen = events[10].clone();
        (stolen.envelope.position, stolen.envelope.time) = (Position(12), events[12].envelope.time);
        (stolen.envelope.causation, stolen.envelope.id) = (command(12), command(12).event(0));
        (stolen.envelope.subject, stolen.envelope.previous) =
            (events[12].envelope.subject, Some(Position(3)));
        stolen.envelope.account_seq = Some(2);
        events[12] = stolen;
    });
}
