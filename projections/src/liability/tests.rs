use super::*;
use crate::{
    Bases, Basis,
    samples::{credits, history, whole},
};
use events::{IdMap, Recorded, WalletId};

/// The totals after each event, and what the wallets hold then.
fn fold(events: &[Recorded]) -> Vec<(Totals, Held)> {
    let mut bases = Bases::default();
    let mut rows: IdMap<WalletId, WalletRow> = IdMap::default();
    let mut totals = Totals::default();
    let mut all = Vec::new();
    for recorded in events {
        if let Some(wallet) = recorded.wallet() {
            bases.extend(Basis::of(&recorded.event).map(|basis| (recorded.envelope.position, basis)));
            let (row, parts) = WalletRow::apply(rows.remove(&wallet), recorded, &bases).expect("valid");
            rows.insert(wallet, row);
            totals.add(&EntryRow::of(recorded, parts).expect("an entry"));
        }
        let mut held = Held::default();
        rows.values().for_each(|row| held.add(row));
        all.push((totals.clone(), held));
    }
    all
}

fn standing(paid: i64, promotional: i64, debt: i64) -> Standing {
    let micros = |whole| i128::from(credits(whole).micros());
    Standing { paid: micros(paid), promotional: micros(promotional), debt: micros(debt) }
}

#[test]
fn totals_are_what_the_wallets_hold_at_every_position() {
    for history in [history(), whole::history()] {
        for (position, (totals, held)) in fold(&history).iter().enumerate() {
            assert!(held.equals(totals), "{position}: {totals:?} {held:?}");
            assert!(totals.foots(), "{position}");
            let mut bytes = Vec::new();
            totals.pack(&mut bytes);
            assert_eq!(Totals::unpack(&bytes).as_ref(), Some(totals), "{position}");
            assert_eq!(Totals::unpack(&bytes[..bytes.len() - 1]), None, "{position}: cut off");
        }
    }
}

#[test]
fn every_period_is_between_two_standings() {
    let all = fold(&whole::history());
    for (at, (opening, _)) in all.iter().enumerate() {
        for (closing, held) in &all[at..] {
            let forward = RollForward::between(opening, closing);
            assert_eq!((forward.opening, forward.closing), (opening.standing(), held.standing));
        }
    }
}

#[test]
fn flows_tell_where_credits_went() {
    let all = fold(&whole::history());
    let forward = RollForward::between(&Totals::default(), &all[26].0);
    let flow = |flow: Flow| forward.flows[flow as usize].change;
    assert_eq!(flow(Flow::Purchased), standing(150, 0, 0));
    assert_eq!(flow(Flow::Granted), standing(0, 10, 0));
    assert_eq!(flow(Flow::Consumed), standing(-100, -10, 20), "two captures and a deduction");
    assert_eq!(flow(Flow::RolledBack), standing(60, 0, 0));
    assert_eq!(flow(Flow::Refunded), standing(-50, 0, 30));
    assert_eq!(flow(Flow::Settled), standing(-50, 0, -50), "by the second purchase and after the refund");
    assert_eq!(flow(Flow::Adjusted), standing(-4, 3, 0));
    assert_eq!((flow(Flow::Expired), flow(Flow::ChargedBack)), Default::default());
    assert_eq!((forward.opening, forward.closing), (Standing::default(), standing(6, 3, 0)));
}

#[test]
fn deferred_revenue_falls_as_it_is_earned() {
    let all = fold(&whole::history());
    let euros = |at: usize| all[at].0.deferred().map(|(_, value)| value).sum::<i128>();
    assert_eq!(
        [2, 7, 8, 9, 11, 13, 14].map(euros),
        [10_000_000, 10_000_000, 8_500_000, 3_500_000, 0, 5_000_000, 0]
    );
    let forward = RollForward::between(&all[2].0, &all[13].0);
    let [line] = forward.values.as_slice() else { panic!("one currency") };
    assert_eq!((line.opening, line.closing), (10_000_000, 5_000_000));
    assert_eq!((line.recognised(), line.breakage()), (5_000_000, 0), "10 spent, 5 given back");
}

#[test]
fn what_does_not_add_up_is_seen() {
    let mut all = fold(&whole::history());
    let (totals, held) = all.remove(14);
    let mut other = held.clone();
    other.standing.debt += 1;
    assert!(!other.equals(&totals));
    other = held;
    other.deferred.insert(Currency::parse("USD").expect("a currency"), 1);
    assert!(!other.equals(&totals));
    let entry = EntryRow::of(&whole::history()[2], crate::Parts::default()).expect("an entry");
    let mut unparted = totals.clone();
    unparted.add(&EntryRow { amount: credits(-1), kind: crate::EntryKind::Check, ..entry });
    assert!(!unparted.foots(), "an amount without a flow");
}
