//! Wallets as they were, against a fold of the log up to there.

use std::collections::HashMap;

use credit_ledger::{
    log::{Bodies, Log},
    read::{Reads, StatementQuery, StoredReads, When},
    report::{Statement, StatementOf},
};
use events::{Position, Recorded, Time, WalletId};
use ledger::{Wallet, evolve};
use projections::WalletRow;

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};
use crate::support::history::History;

on_every_store!(
    a_wallet_at_any_position_is_what_the_log_had_made_it,
    a_time_is_the_position_of_the_first_event_that_is_not_before_it,
    statements_in_parts_of_any_size_have_every_event,
);

/// Every wallet at one position after the other, folded by the decisions' own rules.
struct Folded {
    wallets: HashMap<WalletId, Wallet>,
}

impl Folded {
    fn apply(&mut self, recorded: &Recorded) {
        if let Some(id) = recorded.wallet() {
            let before = self.wallets.remove(&id);
            self.wallets.insert(id, evolve(before, recorded).expect("an event that follows"));
        }
    }
}

/// Everything that a row and a wallet both know.
fn same(row: &WalletRow, wallet: &Wallet) -> bool {
    let lots: Vec<_> = wallet.lots.iter().map(|lot| (lot.id, lot.remaining, lot.terms)).collect();
    let projected: Vec<_> = row.lots.iter().map(|lot| (lot.id, lot.remaining, lot.terms)).collect();
    let holds: Vec<_> =
        wallet.special.holds.iter().map(|h| (h.id, h.expires, h.captured, h.rest())).collect();
    let held: Vec<_> =
        row.holds.iter().map(|h| (h.id, h.expires, h.captured, h.rest().expect("credits"))).collect();
    let caps: Vec<_> = wallet.special.caps.iter().map(|c| (c.app, c.amount, c.since, c.used)).collect();
    let capped: Vec<_> = row.caps.iter().map(|c| (c.app, c.amount, c.since, c.used)).collect();
    let amounts =
        (wallet.balance, wallet.reserved, wallet.debt, wallet.special.limit, wallet.special.threshold);
    amounts == (row.balance, row.reserved, row.debt, row.limit, row.threshold)
        && (wallet.frozen, wallet.account_seq, wallet.last) == (row.frozen, row.account_seq, row.last)
        && (lots, holds, caps) == (projected, held, capped)
}

async fn projected<P: Place>(
    seed: u64,
    wallets: usize,
    count: usize,
) -> (History, Bodies, StoredReads<P::Database>, P) {
    let (history, bodies) = everything(seed, wallets, count);
    let place = P::new().await;
    let log: std::sync::Arc<dyn Log> = log_of(&bodies).await;
    let reads = place.project(history.ledger, log).await;
    (history, bodies, reads, place)
}

async fn a_wallet_at_any_position_is_what_the_log_had_made_it<P: Place>() {
    let (history, bodies, reads, _place) = projected::<P>(81, 4, 1_500).await;
    let events = recorded(&bodies);
    let mut folded = Folded { wallets: HashMap::new() };
    let mut in_debt = 0;
    for recorded in &events {
        let position = recorded.envelope.position;
        // At every position one wallet, and the one that its event changes.
        let other = history.wallets[position.get() as usize % history.wallets.len()].0;
        for wallet in recorded.wallet().into_iter().chain([other]) {
            let view = reads.wallet_at(wallet, When::Position(position)).await.expect("a read");
            let expected = folded.wallets.get(&wallet);
            assert_eq!(view.is_some(), expected.is_some(), "{wallet} at {position}");
            if let (Some(view), Some(expected)) = (view, expected) {
                assert_eq!(view.as_of, position);
                in_debt += usize::from(expected.debt.is_positive());
                assert!(same(&view.row, expected), "{wallet} at {position}: {:?} {expected:?}", view.row);
            }
        }
        folded.apply(recorded);
    }
    assert!(in_debt > 10, "the history is too dull: {in_debt}");
    for (wallet, ..) in &history.wallets {
        let view = reads.wallet_at(*wallet, When::Position(Position(u64::MAX))).await.expect("a read");
        let now = reads.wallet(*wallet).await.expect("a read");
        assert_eq!(view.map(|view| (view.row, view.as_of)), now.map(|now| (now.row, now.as_of)));
    }
    reads.close().await;
}

async fn a_time_is_the_position_of_the_first_event_that_is_not_before_it<P: Place>() {
    let (history, bodies, reads, _place) = projected::<P>(82, 3, 300).await;
    let events = recorded(&bodies);
    for (index, recorded) in events.iter().enumerate() {
        let time = recorded.envelope.time;
        for (time, expected) in [(time, index), (time.plus_micros(1), index + 1)] {
            let position = reads.position_at(time).await.expect("a read");
            assert_eq!(position, Position(expected as u64), "{time}");
            let wallet = history.wallets[0].0;
            let by_time = reads.wallet_at(wallet, When::Time(time)).await.expect("a read");
            let by_position = reads.wallet_at(wallet, When::Position(position)).await.expect("a read");
            assert_eq!(by_time.map(|view| view.row), by_position.map(|view| view.row));
        }
    }
    let ever = [(i64::MIN, Position(0)), (i64::MAX, end(&bodies))];
    for (micros, expected) in ever {
        assert_eq!(reads.position_at(Time::from_micros(micros)).await.expect("a read"), expected);
    }
    reads.close().await;
}

async fn statements_in_parts_of_any_size_have_every_event<P: Place>() {
    let (history, bodies, reads, _place) = projected::<P>(83, 2, 1_200).await;
    let (wallet, org, _) = history.wallets[0].clone();
    let of = StatementOf { ledger: history.ledger, organization: org, wallet };
    let all: Vec<Recorded> =
        recorded(&bodies).into_iter().filter(|recorded| recorded.wallet() == Some(wallet)).collect();
    assert!(all.len() > 300, "the history is too short");
    let middle = all[all.len() / 2].envelope.position;
    let ranges =
        [(0, u64::MAX), (0, middle.get()), (middle.get(), u64::MAX), (middle.get() + 1, middle.get())];
    for (from, to) in ranges.map(|(from, to)| (Position(from), Position(to))) {
        let within = |recorded: &&Recorded| (from..to).contains(&recorded.envelope.position);
        let expected: Vec<Recorded> = all.iter().filter(within).cloned().collect();
        for limit in [1_usize, 63, 64, 65, 100_000] {
            let (mut events, mut next, mut closing) = (Vec::new(), Some(from), None);
            while let Some(from) = next {
                let (from, to) = (When::Position(from), When::Position(to));
                let part = reads.statement(StatementQuery { wallet, from, to, limit }).await.expect("a read");
                let part = part.expect("a wallet");
                assert!(part.events.len() <= limit && part.org == org);
                let built = Statement::build(of, part.from, part.to, &part.opening, &part.events);
                let built = built.expect("a statement");
                assert!(closing.is_none_or(|closing| closing == built.opening), "a gap between parts");
                closing = Some(built.closing);
                events.extend(part.events);
                next = part.next;
            }
            assert_eq!(events.len(), expected.len(), "{from} to {to} by {limit}");
            assert!(events == expected, "{from} to {to} by {limit}");
        }
    }
    let nobody = WalletId(uuid::Uuid::nil());
    let (from, to) = (When::Position(Position(0)), When::Position(end(&bodies)));
    let none = reads.statement(StatementQuery { wallet: nobody, from, to, limit: 10 }).await;
    assert!(none.expect("a read").is_none());
    reads.close().await;
}
