//! Building the projections anew.

use credit_ledger::read::{Live, PeopleQuery, Reads, replay};
use projections::PersonRow;

use super::place::{Place, Refused, on_every_store};
use super::{end, everything, log_of};

on_every_store!(
    rebuilt_projections_equal_the_live_ones,
    another_version_is_built_beside_and_swapped_in,
    the_projections_of_the_release_before_are_built_anew,
);

async fn rebuilt_projections_equal_the_live_ones<P: Place>() {
    let (history, bodies) = everything(61, 30, 9_500);
    let log = log_of(&bodies).await;
    let place = P::new().await;
    let live = place.project(history.ledger, log.clone()).await;
    let before = live.wallets_after(None, 1_000).await.expect("wallets");
    live.close().await;
    assert!(place.tamper("UPDATE wallets SET events = events + 1").await > 20);
    let mut reported = Vec::new();
    let report = |at, head| reported.push((at, head));
    place.rebuild(history.ledger, log.clone(), report).await.expect("a rebuild");
    assert_eq!(reported.last(), Some(&(end(&bodies), end(&bodies))));
    let rebuilt = place.opened(history.ledger, log.clone()).await;
    assert_eq!(rebuilt.wallets_after(None, 1_000).await.expect("wallets"), before);
    let comparison = replay::compare(history.ledger, log, &rebuilt, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal(), "{comparison:?}");
    rebuilt.close().await;
    assert!(place.is_tidy().await);
}

async fn another_version_is_built_beside_and_swapped_in<P: Place>() {
    for (change, told) in P::OUTDATED {
        let (history, bodies) = everything(62, 10, 500);
        let log = log_of(&bodies).await;
        let place = P::new().await;
        place.project(history.ledger, log.clone()).await.close().await;
        assert!(place.tamper("DELETE FROM entries").await > 0, "rows of another version");
        assert_eq!(place.tamper(*change).await, 1);
        if *told {
            let refused = place.frozen(history.ledger, log.clone()).await;
            assert!(matches!(refused, Err(Refused::NotCurrent)), "{change}");
        }
        place.leave_over().await;
        let reads = place.project(history.ledger, log.clone()).await;
        let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
        assert!(
            comparison.is_equal() && comparison.events == bodies.len() as u64,
            "{change}: {comparison:?}"
        );
        reads.close().await;
        assert!(place.is_tidy().await, "{change}");
    }
}

/// A database from before there were people in it, as an upgrade finds it.
async fn the_projections_of_the_release_before_are_built_anew<P: Place>() {
    let (history, bodies) = everything(64, 10, 1_500);
    let log = log_of(&bodies).await;
    let place = P::new().await;
    place.project(history.ledger, log.clone()).await.close().await;
    for statement in P::BEFORE_PEOPLE {
        place.tamper(*statement).await;
    }
    place.migrate().await;
    let reads = place.project(history.ledger, log.clone()).await;
    let rows = reads.identity(PeopleQuery::ALL).await.expect("rows").people;
    assert!(rows.len() > 10, "{} rows about people", rows.len());
    let last = rows.iter().map(PersonRow::changed).max().expect("a row");
    let since = reads.identity(PeopleQuery::Since(last)).await.expect("rows").people;
    let expected: Vec<_> = rows.iter().filter(|row| row.changed() >= last).cloned().collect();
    assert!(since == expected && !since.is_empty());
    for (app, _) in &history.apps {
        let granted = reads.identity(PeopleQuery::GrantedTo(*app)).await.expect("rows").people;
        let of_app = |row: &&PersonRow| matches!(row, PersonRow::Access(row) if row.app == *app);
        let expected: Vec<_> = rows.iter().filter(of_app).cloned().collect();
        assert_eq!(granted, expected);
    }
    let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal(), "{comparison:?}");
    reads.close().await;
}
