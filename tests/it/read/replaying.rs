//! `replay` and `verify` find what does not follow from the log.

use std::sync::Arc;

use credit_ledger::{
    log::{Bodies, Log},
    read::{
        replay::{self, Comparison, VerifyFault},
        sqlite::SqliteReads,
    },
};
use events::{Event, LedgerId, Position, encode};

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};

on_every_store!(
    a_row_that_does_not_follow_from_the_log_is_found,
    entries_that_do_not_follow_from_the_log_are_found,
    lists_that_do_not_follow_from_the_log_are_found,
    answers_missing_from_the_index_are_found,
    a_valid_log_is_verified_with_its_projections,
    the_first_bad_position_is_named,
    another_ledgers_log_is_no_replay,
);

/// Projections that follow from their log.
struct Sound<P> {
    ledger: LedgerId,
    log: Arc<dyn Log>,
    place: P,
}

impl<P: Place> Sound<P> {
    async fn new() -> Self {
        let (history, bodies) = everything(71, 20, 4_500);
        let (ledger, log, place) = (history.ledger, log_of(&bodies).await, P::new().await);
        place.project(ledger, log.clone()).await.close().await;
        Self { ledger, log, place }
    }

    /// The comparison after one statement was run on a copy, and how many rows that changed.
    async fn after(&self, statement: impl Into<String>) -> (Comparison, u64) {
        let (place, log) = (self.place.copy().await, &self.log);
        let changed = place.tamper(statement).await;
        let live = place.opened(self.ledger, log.clone()).await;
        let compared = replay::compare(self.ledger, log.clone(), &live, |_, _| {}).await;
        live.close().await;
        (compared.expect("a result"), changed)
    }
}

/// Which projections differ, in how many rows.
fn differing(comparison: &Comparison) -> Vec<(&'static str, u64)> {
    let all = comparison.projections.iter().map(|(name, differences)| (*name, differences.differing));
    all.filter(|(_, count)| *count > 0).collect()
}

async fn a_row_that_does_not_follow_from_the_log_is_found<P: Place>() {
    let blank_state = format!(
        "UPDATE wallets SET state = {} \
         WHERE id = (SELECT id FROM wallets WHERE length(state) > 1 ORDER BY id LIMIT 1)",
        P::bytes("00")
    );
    let unknown = P::id("00112233445566778899aabbccddeeff");
    let timer = P::insert("timers", "wallet, due", &format!("{unknown}, 5"));
    let cases = [
        (
            "UPDATE wallets SET events = events + 1 WHERE id = (SELECT id FROM wallets ORDER BY id LIMIT 1)",
            "wallets",
        ),
        ("DELETE FROM returned WHERE event = (SELECT max(event) FROM returned)", "returned"),
        ("UPDATE apps SET name = 'other' WHERE name = 'app-1'", "identity"),
        ("DELETE FROM people WHERE id = (SELECT id FROM people ORDER BY id LIMIT 1)", "identity"),
        (
            "UPDATE people SET data = replace(data, '\"since\":\"20', '\"since\":\"19') WHERE id = (SELECT id FROM people ORDER BY id DESC LIMIT 1)",
            "identity",
        ),
        (&blank_state, "wallets liability"),
        ("DELETE FROM wallet_marks WHERE last = (SELECT max(last) FROM wallet_marks)", "wallets"),
        (
            "UPDATE wallet_marks SET account_seq = 1 WHERE last = (SELECT min(last) FROM wallet_marks)",
            "wallets",
        ),
        ("DELETE FROM timers WHERE due = (SELECT min(due) FROM timers)", "wallets"),
        (&timer, "wallets"),
        ("UPDATE bases SET paid = paid + 1 WHERE lot = (SELECT max(lot) FROM bases)", "bases"),
        ("DELETE FROM bases WHERE lot = (SELECT max(lot) FROM bases)", "bases"),
        (
            "UPDATE usage SET spent = spent + 1 WHERE service = (SELECT max(service) FROM usage) \
             AND day = (SELECT max(day) FROM usage WHERE app = 3) AND app = 3 AND spendings > 0",
            "usage",
        ),
        ("DELETE FROM prices WHERE version = (SELECT max(version) FROM prices)", "rules"),
        (
            "UPDATE policies SET version = version + 1 \
             WHERE org = (SELECT org FROM policies ORDER BY org LIMIT 1)",
            "rules",
        ),
        (
            "DELETE FROM liability_marks WHERE position = (SELECT max(position) FROM liability_marks) \
             AND org = 1",
            "liability liability",
        ),
        ("DELETE FROM wallets WHERE id = (SELECT id FROM wallets ORDER BY id LIMIT 1)", "wallets liability"),
    ];
    let sound = Sound::<P>::new().await;
    for (statement, projections) in cases {
        let (comparison, changed) = sound.after(statement).await;
        assert_eq!(changed, 1, "{statement}");
        // What the wallets hold, and what flowed through them, are held against each other too.
        let mut wanted: Vec<(&str, u64)> = Vec::new();
        for projection in projections.split(' ') {
            match wanted.iter_mut().find(|(name, _)| *name == projection) {
                Some((_, count)) => *count += 1,
                None => wanted.push((projection, 1)),
            }
        }
        assert_eq!(differing(&comparison), wanted, "{statement}: {comparison:?}");
    }
}

async fn entries_that_do_not_follow_from_the_log_are_found<P: Place>() {
    // A page begins with the number of its ids and the first of them.
    let first_id = format!(
        "UPDATE entries SET data = {} WHERE first = (SELECT max(first) FROM entries)",
        P::SECOND_CHANGED
    );
    let sound = Sound::<P>::new().await;
    let (comparison, changed) = sound.after(first_id).await;
    let found = differing(&comparison);
    assert!(changed == 1 && found[0].1 > 50, "{comparison:?}");
    assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["entries", "liability"]);
    let one_page = "DELETE FROM entries WHERE first = (SELECT max(first) FROM entries WHERE first < 3000)";
    let (comparison, changed) = sound.after(one_page).await;
    let differing = differing(&comparison);
    assert!(changed == 1 && differing.len() == 1 && differing[0].1 > 100, "{comparison:?}");
    assert_eq!(differing[0].0, "entries");
}

async fn lists_that_do_not_follow_from_the_log_are_found<P: Place>() {
    let last_row = "(org, app, kind, first) = (SELECT org, app, kind, first FROM entry_lists ORDER BY first DESC, app LIMIT 1)";
    let longest_row = "(org, app, kind, first) = (SELECT org, app, kind, first FROM entry_lists \
         ORDER BY length(data) DESC, app, first LIMIT 1)";
    let removed = format!("DELETE FROM entry_lists WHERE {longest_row}");
    let sound = Sound::<P>::new().await;
    let (comparison, changed) = sound.after(removed).await;
    assert_eq!((changed, differing(&comparison)), (1, vec![("entries", 512)]), "{comparison:?}");
    // Another distance to the row's last position.
    let altered = format!("UPDATE entry_lists SET data = {} WHERE {last_row}", P::LAST_CHANGED);
    let (comparison, changed) = sound.after(altered).await;
    assert_eq!((changed, differing(&comparison)), (1, vec![("entries", 2)]), "{comparison:?}");
    // Position 0 is no entry's, and 100,000 is above all.
    for (first, data) in [(0, "00"), (100_000, "a08d06")] {
        let values = format!("1, 0, 1, {first}, {}", P::bytes(data));
        let added = P::insert("entry_lists", "org, app, kind, first, data", &values);
        let (comparison, changed) = sound.after(added).await;
        assert_eq!((changed, differing(&comparison)), (1, vec![("entries", 1)]), "{comparison:?}");
        let (_, entries) = &comparison.projections[1];
        assert!(entries.described[0].starts_with(&format!("{first} is in the list of")), "{entries:?}");
    }
}

async fn answers_missing_from_the_index_are_found<P: Place>() {
    let one_page = "DELETE FROM command_pages WHERE page = (SELECT min(page) FROM command_pages)";
    let (comparison, changed) = Sound::<P>::new().await.after(one_page).await;
    assert_eq!(changed, 1);
    let (_, differences) = &comparison.projections[0];
    assert!(differences.differing > 50, "{differences:?}");
    assert!(differences.described[0].starts_with("the answer to command"), "{differences:?}");
    assert_eq!(differing(&comparison), [("commands", differences.differing)]);
}

/// Verifies the history with one event changed.
async fn verified_with(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Result<replay::Verified, VerifyFault> {
    let (_, bodies) = everything(72, 10, 800);
    let mut stored: Vec<Vec<u8>> = bodies.iter().map(<[u8]>::to_vec).collect();
    change(&mut stored);
    replay::verify(log_of(&stored.iter().collect()).await, None::<&SqliteReads>, |_, _| {}).await
}

fn position_of(fault: VerifyFault) -> Position {
    match fault {
        VerifyFault::Finding(finding) => finding.position,
        VerifyFault::Replay(fault) => panic!("{fault}"),
    }
}

async fn a_valid_log_is_verified_with_its_projections<P: Place>() {
    let (history, bodies) = everything(73, 25, 5_000);
    let log = log_of(&bodies).await;
    let place = P::new().await;
    let live = place.project(history.ledger, log.clone()).await;
    let verified = replay::verify(log.clone(), Some(&live), |_, _| {}).await.expect("a valid log");
    let opened = history.wallets.iter().filter(|(.., wallet)| wallet.is_some()).count() as u64;
    assert_eq!((verified.summary.events, verified.wallets_compared), (end(&bodies).get(), Some(opened)));
    let total: i128 =
        history.wallets.iter().flat_map(|(.., w)| w).map(|w| i128::from(w.balance.micros())).sum();
    assert_eq!(verified.summary.balances, total);
    assert!(verified.summary.expiries > 10 && verified.summary.refusals > 10, "{:?}", verified.summary);
    live.close().await;
    place.tamper("UPDATE wallets SET account_seq = account_seq + 1").await;
    let live = place.opened(history.ledger, log.clone()).await;
    let fault = replay::verify(log, Some(&live), |_, _| {}).await.expect_err("other wallets");
    assert!(fault.to_string().contains("is projected as"), "{fault}");
    live.close().await;
}

async fn the_first_bad_position_is_named<P: Place>() {
    let unreadable = verified_with(|stored| stored[700] = b"{}".to_vec()).await;
    assert_eq!(position_of(unreadable.expect_err("unreadable")), Position(700));
    let moved = verified_with(|stored| stored.swap(400, 401)).await;
    assert_eq!(position_of(moved.expect_err("moved")), Position(400));
    let removed = verified_with(|stored| drop(stored.remove(500))).await;
    assert_eq!(position_of(removed.expect_err("removed")), Position(500));
    let (_, bodies) = everything(72, 10, 800);
    let index = last_deduction(&bodies);
    let cheaper = verified_with(|stored| stored[index] = cheaper(&bodies, index)).await;
    assert_eq!(position_of(cheaper.expect_err("cheaper")), Position(index as u64));
}

fn last_deduction(bodies: &Bodies) -> usize {
    let events = recorded(bodies);
    events
        .iter()
        .rposition(|recorded| matches!(recorded.event, Event::CreditsDeducted(_)))
        .expect("a deduction")
}

/// The deduction with one micro-credit less in cost and first slice, and the same balance.
fn cheaper(bodies: &Bodies, index: usize) -> Vec<u8> {
    let mut recorded = recorded(bodies).remove(index);
    if let Event::CreditsDeducted(e) = &mut recorded.event {
        let less = |amount: events::Credits| events::Credits::from_micros(amount.micros() - 1);
        (e.cost, e.slices[0].amount) = (less(e.cost), less(e.slices[0].amount));
    }
    let mut body = Vec::new();
    encode(&recorded.envelope, &recorded.event, &mut body).expect("an event");
    body
}

async fn another_ledgers_log_is_no_replay<P: Place>() {
    let (history, bodies) = everything(74, 5, 100);
    let log = log_of(&bodies).await;
    let place = P::new().await;
    let live = place.project(history.ledger, log.clone()).await;
    let other = LedgerId(uuid::Uuid::from_u128(5));
    let fault = replay::compare(other, log, &live, |_, _| {}).await.expect_err("another ledger");
    assert!(fault.to_string().contains("position 0"), "{fault}");
    live.close().await;
}
