//! Building the projections anew.

use credit_ledger::read::{Live, replay};

use super::place::{Place, Refused, on_every_store};
use super::{end, everything, log_of};

on_every_store!(rebuilt_projections_equal_the_live_ones, another_version_is_built_beside_and_swapped_in,);

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
