//! Long reads, which nobody else may wait for.

use std::{future::Future, sync::Arc, time::Duration};

use credit_ledger::{
    engine::{ColdState, Wanted},
    log::Bodies,
    read::{EntryQuery, Explained, Reads, StatementQuery, StoredReads, When},
};
use events::{OrgId, Position, Recorded, WalletId};
use futures::future::join_all;

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};
use crate::support::gated::GatedLog;

on_every_store!(
    long_reads_take_turns_and_hold_no_connection,
    the_engine_waits_for_no_reader,
    a_life_with_too_many_events_is_not_read,
    a_page_of_long_ago_is_found_without_reading_what_came_later,
);

/// Reads that together have more than there are connections.
const MANY: usize = 8;

struct Ground<P: Place> {
    log: Arc<GatedLog>,
    reads: StoredReads<P::Database>,
    bodies: Bodies,
    wallet: WalletId,
    org: OrgId,
    _place: P,
}

impl<P: Place> Ground<P> {
    async fn new(seed: u64) -> Self {
        let (history, bodies) = everything(seed, 2, 1_500);
        let place = P::new().await;
        let log = Arc::new(GatedLog::new(log_of(&bodies).await));
        let reads = place.project(history.ledger, log.clone()).await;
        let (wallet, org, _) = history.wallets[0].clone();
        Self { log, reads, bodies, wallet, org, _place: place }
    }

    fn events(&self) -> Vec<Recorded> {
        let all = recorded(&self.bodies).into_iter();
        all.filter(|recorded| recorded.wallet() == Some(self.wallet)).collect()
    }

    fn end(&self) -> When {
        When::Position(end(&self.bodies))
    }

    /// No read of an old event comes back any more, only of those that tell the time at the end.
    fn shut(&self) {
        self.log.shut_below(Position(end(&self.bodies).get() - 1));
    }

    async fn wallet_answers(&self) {
        let wallet = at_once(self.reads.wallet(self.wallet)).await.expect("a read");
        assert!(wallet.is_some());
    }

    async fn engine_answers(&self) {
        let wanted = Wanted { wallets: vec![self.wallet], ..Wanted::default() };
        let loaded = at_once(self.reads.load(wanted)).await.expect("a load");
        assert_eq!(loaded.wallets.len(), 1);
        at_once(ColdState::rules(&self.reads)).await.expect("rules");
    }
}

/// The answer, which is not waited for as long as it takes to see that it never comes.
async fn at_once<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), answer).await.expect("an answer while others wait")
}

async fn long_reads_take_turns_and_hold_no_connection<P: Place>() {
    let ground = Ground::<P>::new(171).await;
    let (reads, wallet, to) = (ground.reads.clone(), ground.wallet, ground.end());
    ground.shut();
    let explanations = tokio::spawn({
        let reads = reads.clone();
        async move { join_all((0..MANY).map(|_| reads.explanation(wallet, to, 100_000))).await }
    });
    // Two have their turn, and each of them reads four runs at once.
    ground.log.until_waiting(8).await;
    let statements = tokio::spawn(async move {
        let query = StatementQuery { wallet, from: When::Position(Position(0)), to, limit: 10_000 };
        join_all((0..MANY).map(|_| reads.statement(query))).await
    });
    // Those that look at the past with a connection in hand: all but one are taken.
    let past = tokio::spawn({
        let (reads, then) = (ground.reads.clone(), ground.events()[20].envelope.position);
        async move { join_all((0..3).map(|_| reads.wallet_at(wallet, When::Position(then)))).await }
    });
    ground.log.until_waiting(8 + 3).await;
    ground.wallet_answers().await;
    ground.log.shut_below(Position(0));
    assert!(at_once(past).await.expect("past wallets").into_iter().all(|view| view.is_ok()));
    for told in at_once(explanations).await.expect("explanations") {
        assert!(matches!(told, Ok(Explained::Told(_))), "{told:?}");
    }
    for part in at_once(statements).await.expect("statements") {
        assert_eq!(part.expect("a read").expect("a wallet").events.len(), ground.events().len());
    }
    ground.reads.close().await;
}

async fn the_engine_waits_for_no_reader<P: Place>() {
    let ground = Ground::<P>::new(172).await;
    ground.shut();
    let (reads, wallet) = (ground.reads.clone(), ground.wallet);
    let then = When::Position(ground.events()[20].envelope.position);
    let past = tokio::spawn(async move { join_all((0..MANY).map(|_| reads.wallet_at(wallet, then))).await });
    ground.log.until_waiting(4).await;
    ground.engine_answers().await;
    ground.log.shut_below(Position(0));
    assert!(at_once(past).await.expect("past wallets").into_iter().all(|view| view.is_ok()));
    ground.reads.close().await;
}

async fn a_life_with_too_many_events_is_not_read<P: Place>() {
    let ground = Ground::<P>::new(173).await;
    let events = ground.events();
    let seq = events.last().and_then(|recorded| recorded.envelope.account_seq).expect("a sequence");
    assert!((seq as usize) < events.len(), "checks and refusals count too");
    for count in [1, 64, 65, 300, events.len()] {
        let until = When::Position(events[count - 1].envelope.position.next());
        let told = ground.reads.explanation(ground.wallet, until, count).await.expect("a read");
        assert!(matches!(told, Explained::Told(_)), "{count}: {told:?}");
        let told = ground.reads.explanation(ground.wallet, until, count - 1).await.expect("a read");
        assert_eq!(told, Explained::TooLong, "{count}");
    }
    ground.log.take_reads();
    let told = ground.reads.explanation(ground.wallet, ground.end(), 64).await.expect("a read");
    assert_eq!(told, Explained::TooLong);
    let reads = ground.log.take_reads();
    assert!(reads < 5, "{reads} events were read to learn that there are too many");
    ground.reads.close().await;
}

async fn a_page_of_long_ago_is_found_without_reading_what_came_later<P: Place>() {
    let ground = Ground::<P>::new(174).await;
    let events = ground.events();
    assert!(events.len() > 600, "the history is too short");
    let (early, later) = (events[90].envelope.time, events[100].envelope.time);
    ground.log.take_reads();
    let query = EntryQuery {
        org: ground.org,
        wallet: Some(ground.wallet),
        kinds: Vec::new(),
        app: None,
        from: Some(early),
        until: Some(later),
        before: None,
        limit: 1_000,
    };
    let page = ground.reads.entries(query).await.expect("a page");
    assert_eq!(page.entries.len(), 10);
    assert_eq!(page.next, None);
    // Ten entries, and at most one run of 64 events above them.
    let reads = ground.log.take_reads();
    assert!(reads <= 10 + 65, "{reads} events were read");
    ground.reads.close().await;
}
