//! Pages of the audit against a list of everything and a plain filter.

use std::collections::HashMap;

use credit_ledger::read::{Database, Entry, EntryQuery, PeopleQuery, Reads, StoredReads};
use events::{AppId, OrgId, Position, Time, WalletId};
use projections::{EntryKind, EntryRow, Parts, ReturnedRow, reference};
use uuid::Uuid;

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};
use crate::support::history::History;

on_every_store!(
    every_combination_of_filters_pages_through_what_a_plain_filter_finds,
    pages_of_any_size_make_the_same_list,
    wallets_returned_amounts_and_identity_are_read,
);

/// An entry and whose it is.
struct Known {
    org: OrgId,
    entry: Entry,
}

fn all_entries(bodies: &credit_ledger::log::Bodies) -> Vec<Known> {
    let events = recorded(bodies);
    let rows: Vec<EntryRow> =
        events.iter().filter_map(|event| EntryRow::of(event, Parts::default())).collect();
    let mut undone: HashMap<Position, Position> = HashMap::new();
    for event in &events {
        undone.extend(ReturnedRow::undone_by(&event.event).map(|of| (of, event.envelope.position)));
    }
    let known = rows.iter().map(|row| {
        let recorded = &events[row.position.get() as usize];
        let entry = Entry {
            position: row.position,
            time: row.time,
            wallet: row.wallet,
            app: row.app,
            kind: row.kind,
            amount: row.amount,
            balance: row.balance,
            reference: reference(&recorded.event),
            key: recorded.event.asked().and_then(|asked| asked.key.as_deref()).map(str::to_owned),
            reversed_by: undone.get(&row.position).copied(),
        };
        Known { org: row.org, entry }
    });
    known.collect()
}

/// What a query asks for, by looking at every entry.
fn expected(all: &[Known], query: &EntryQuery) -> Vec<Entry> {
    let asked = |known: &&Known| {
        let entry = &known.entry;
        known.org == query.org
            && query.wallet.is_none_or(|wallet| wallet == entry.wallet)
            && (query.kinds.is_empty() || query.kinds.contains(&entry.kind))
            && query.app.is_none_or(|app| entry.app == Some(app))
            && query.from.is_none_or(|from| entry.time >= from)
            && query.until.is_none_or(|until| entry.time < until)
            && query.before.is_none_or(|before| entry.position < before)
    };
    all.iter().rev().filter(asked).map(|known| known.entry.clone()).collect()
}

/// All pages of a query, one after the other.
async fn pages<D: Database>(reads: &StoredReads<D>, query: &EntryQuery, as_of: Position) -> Vec<Entry> {
    let mut query = query.clone();
    let mut entries = Vec::new();
    loop {
        let page = reads.entries(query.clone()).await.expect("a page");
        assert!(page.entries.len() <= query.limit && page.as_of == as_of);
        entries.extend(page.entries);
        match page.next {
            Some(next) => query.before = Some(next),
            None => return entries,
        }
    }
}

fn query(org: OrgId, limit: usize) -> EntryQuery {
    EntryQuery {
        org,
        wallet: None,
        kinds: Vec::new(),
        app: None,
        from: None,
        until: None,
        before: None,
        limit,
    }
}

/// Every combination of the filters, with some that nothing matches.
fn combinations(history: &History, all: &[Known]) -> Vec<EntryQuery> {
    let org = history.orgs[0];
    let of_other = history.wallets[1].0;
    let wallets = [None, Some(history.wallets[0].0), Some(of_other), Some(WalletId(Uuid::nil()))];
    let apps = [None, Some(history.apps[0].0), Some(history.apps[2].0), Some(AppId(Uuid::nil()))];
    let kinds = [
        vec![],
        vec![EntryKind::Deduction],
        vec![EntryKind::Refusal, EntryKind::Check, EntryKind::Refusal],
        EntryKind::ALL.to_vec(),
    ];
    let middle = all[all.len() / 2].entry.time;
    let times = [
        (None, None),
        (Some(middle), None),
        (None, Some(middle)),
        (Some(middle.plus_micros(-40_000)), Some(middle.plus_micros(40_001))),
        (Some(middle), Some(middle)),
        (Some(Time::from_micros(0)), Some(Time::from_micros(i64::MAX))),
    ];
    let mut queries = Vec::new();
    for wallet in wallets {
        for app in apps {
            for kinds in &kinds {
                for (from, until) in times {
                    queries.push(EntryQuery {
                        wallet,
                        app,
                        kinds: kinds.clone(),
                        from,
                        until,
                        ..query(org, 17)
                    });
                }
            }
        }
    }
    queries
}

async fn every_combination_of_filters_pages_through_what_a_plain_filter_finds<P: Place>() {
    let (history, bodies) = everything(21, 6, 350);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let all = all_entries(&bodies);
    let mut matches = 0;
    for query in combinations(&history, &all) {
        let expected = expected(&all, &query);
        matches += usize::from(!expected.is_empty());
        assert_eq!(pages(&reads, &query, end(&bodies)).await, expected, "{query:?}");
    }
    assert!(matches > 60, "only {matches} queries match anything");
    reads.close().await;
}

async fn pages_of_any_size_make_the_same_list<P: Place>() {
    let (history, bodies) = everything(22, 4, 200);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let all = all_entries(&bodies);
    for wallet in [None, Some(history.wallets[0].0)] {
        for limit in [1, 2, 1_000] {
            for before in
                [None, Some(Position(0)), Some(Position(90)), Some(Position(91)), Some(Position(10_000))]
            {
                let query = EntryQuery { wallet, before, ..query(history.orgs[0], limit) };
                assert_eq!(pages(&reads, &query, end(&bodies)).await, expected(&all, &query), "{query:?}");
            }
        }
    }
    let reversed = all.iter().filter(|known| known.entry.reversed_by.is_some()).count();
    assert!(reversed > 3, "the history has no rollbacks");
    reads.close().await;
}

async fn wallets_returned_amounts_and_identity_are_read<P: Place>() {
    let (history, bodies) = everything(23, 5, 400);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    for (id, org, wallet) in &history.wallets {
        let view = reads.wallet(*id).await.expect("a read");
        assert_eq!(view.is_some(), wallet.is_some());
        if let (Some(view), Some(wallet)) = (view, wallet) {
            assert_eq!((view.row.org, view.row.balance, view.as_of), (*org, wallet.balance, end(&bodies)));
        }
    }
    for known in all_entries(&bodies) {
        let returned = reads.returned(known.entry.position).await.expect("a read");
        assert_eq!(returned.map(|(_, last)| last), known.entry.reversed_by);
    }
    let identity = reads.identity(PeopleQuery::ALL).await.expect("a read");
    assert_eq!((identity.organizations.len(), identity.apps.len(), identity.as_of), (2, 4, end(&bodies)));
    assert!(identity.apps.iter().all(|app| history.apps.contains(&(app.id, app.org))));
    reads.close().await;
}
