use std::time::Duration;

use events::{
    Asked, Balances, CommandId, Credits, CreditsChecked, CreditsPurchased, Envelope, Event, EventId,
    LedgerId, OrganizationRegistered, RequestHash, Salt, Slices, Subject, Time, WriterChanged, encode,
};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::log::{Bodies, memory::MemoryLog};

const LONG: Duration = Duration::from_secs(3_600);

fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n))
}

fn ours() -> OrgId {
    OrgId(uuid(1))
}

fn theirs() -> OrgId {
    OrgId(uuid(2))
}

fn wallet(n: u64) -> WalletId {
    WalletId(uuid(100 + n))
}

fn asked() -> Asked {
    Asked { key: None, request: RequestHash([0; 16]) }
}

fn checked() -> Event {
    let cost = Credits::from_micros(1);
    CreditsChecked {
        asked: asked(),
        service: "s".into(),
        cost,
        sufficient: true,
        price: None,
        budget: None,
        hold: None,
        wallet: Balances::default(),
    }
    .into()
}

fn purchased() -> Event {
    let lot = events::LotTerms { class: events::Class::Paid, priority: 100, expires: None };
    let (amount, wallet) = (Credits::from_micros(1), Balances::default());
    let (payment_reference, price_paid) = (Some("clever \"type\":\"auth.x\"".into()), None);
    let settled = Slices::default();
    CreditsPurchased { asked: asked(), amount, lot, payment_reference, price_paid, settled, wallet }.into()
}

/// A log under construction.
#[derive(Default)]
struct World {
    log: Arc<MemoryLog>,
}

impl World {
    async fn add(&self, org: Option<OrgId>, subject: Subject, event: Event) -> Position {
        let position = self.log.head().await.expect("a head");
        let envelope = Envelope {
            id: EventId(uuid(position.get())),
            ledger: LedgerId(uuid(9)),
            subject,
            time: Time::from_micros(0),
            org,
            app: None,
            actor: None,
            position,
            account_seq: None,
            previous: None,
            correlation: None,
            causation: CommandId(uuid(position.get())),
            traceparent: None,
            salt: Salt([0; 16]),
        };
        let mut body = Vec::new();
        encode(&envelope, &event, &mut body).expect("an event");
        self.log.append(position, &[body].into_iter().collect()).await.expect("appended");
        position
    }

    /// One event of each sort, then three pairs for two wallets of ours.
    async fn filled() -> Self {
        let world = Self::default();
        let name = "default".into();
        let registered = OrganizationRegistered { organization: ours(), name }.into();
        world.add(None, Subject::Ledger(LedgerId(uuid(9))), WriterChanged { epoch: 1 }.into()).await;
        world.add(Some(ours()), Subject::Organization(ours()), registered).await;
        world.add(Some(theirs()), Subject::Wallet(wallet(9)), purchased()).await;
        for _ in 0..3 {
            world.add(Some(ours()), Subject::Wallet(wallet(1)), purchased()).await;
            world.add(Some(ours()), Subject::Wallet(wallet(2)), checked()).await;
        }
        world
    }

    fn feed(&self) -> Feed {
        Feed::new(self.log.clone())
    }

    async fn positions(&self, query: &FeedQuery) -> Vec<u64> {
        let page = self.feed().page(query).await.expect("a page");
        assert!(page.is_at_head());
        page.events.iter().map(|event| event.position.get()).collect()
    }
}

fn all() -> FeedQuery {
    FeedQuery { identity: true, limit: LIMIT_MAX, ..FeedQuery::default() }
}

#[tokio::test]
async fn filters_take_what_they_name() {
    let world = World::filled().await;
    let types = |text: &str| vec![text.parse().expect("a filter")];
    let of_ours = FeedQuery { org: Some(ours()), ..all() };
    let cases = [
        (all(), vec![0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (FeedQuery { identity: false, ..all() }, vec![0, 2, 3, 4, 5, 6, 7, 8]),
        (of_ours.clone(), vec![1, 3, 4, 5, 6, 7, 8]),
        (FeedQuery { identity: false, ..of_ours.clone() }, vec![3, 4, 5, 6, 7, 8]),
        (FeedQuery { org: Some(OrgId(uuid(3))), ..all() }, vec![]),
        (FeedQuery { wallet: Some(wallet(1)), ..of_ours.clone() }, vec![3, 5, 7]),
        (FeedQuery { wallet: Some(wallet(9)), ..of_ours.clone() }, vec![]),
        (FeedQuery { types: types("credits.checked.v1"), ..of_ours.clone() }, vec![4, 6, 8]),
        (FeedQuery { types: types("credits.*"), ..all() }, vec![2, 3, 4, 5, 6, 7, 8]),
        (FeedQuery { types: types("auth.*"), identity: false, ..all() }, vec![]),
        (FeedQuery { after: Some(Position(6)), ..of_ours }, vec![7, 8]),
        (FeedQuery { after: Some(Position(8)), ..all() }, vec![]),
        (FeedQuery { after: Some(Position(u64::MAX)), ..all() }, vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(world.positions(&query).await, expected, "{query:?}");
    }
}

#[tokio::test]
async fn events_are_delivered_as_they_are_stored() {
    let world = World::filled().await;
    let page = world.feed().page(&all()).await.expect("a page");
    let stored = world.log.read(Position(0), LIMIT_MAX).await.expect("a page");
    for (event, (position, body)) in page.events.iter().zip(stored.iter()) {
        assert_eq!((event.position, &*event.body), (position, body));
        let document: serde_json::Value = serde_json::from_slice(body).expect("json");
        assert_eq!(document["type"], *event.event_type);
    }
}

#[tokio::test]
async fn small_pages_add_up_to_the_large_one() {
    let world = World::filled().await;
    for query in [all(), FeedQuery { wallet: Some(wallet(2)), ..all() }] {
        let whole = world.feed().page(&query).await.expect("a page").events;
        for limit in 0..=10 {
            let mut query = FeedQuery { limit, ..query.clone() };
            let mut events = Vec::new();
            loop {
                let page = world.feed().page(&query).await.expect("a page");
                assert!(page.events.len() <= limit.max(1));
                query.after = page.after();
                let ended = page.events.is_empty();
                events.extend(page.events);
                if ended {
                    break;
                }
            }
            assert_eq!(events, whole, "{limit}");
        }
    }
}

#[tokio::test]
async fn a_call_looks_at_a_bounded_number_of_events() {
    let world = World::filled().await;
    let stored = world.log.read(Position(3), 1).await.expect("a page");
    let rare = world.log.read(Position(4), 1).await.expect("a page");
    let half: Bodies = (0..SCAN_MAX / 2 + 250).map(|_| stored.bodies.get(0)).collect();
    for count in 0..2 {
        world.log.append(Position(9 + count * half.len() as u64), &half).await.expect("appended");
    }
    world.log.append(Position(9 + SCAN_MAX + 500), &rare.bodies).await.expect("appended");
    let query = FeedQuery { wallet: Some(wallet(2)), after: Some(Position(8)), ..all() };
    let first = world.feed().page(&query).await.expect("a page");
    assert_eq!((first.events.len(), first.next, first.is_at_head()), (0, Position(9 + SCAN_MAX), false));
    let second =
        world.feed().page(&FeedQuery { after: first.after(), ..query.clone() }).await.expect("a page");
    assert_eq!((second.events.len(), second.is_at_head()), (1, true));
    // Whoever waits isn't stopped by the bound.
    let followed = world.feed().follow(&query, LONG, &CancellationToken::new()).await.expect("a page");
    assert_eq!(followed.events, second.events);
}

#[tokio::test]
async fn an_empty_log_has_an_empty_page() {
    let page = World::default().feed().page(&all()).await.expect("a page");
    assert_eq!(page, FeedPage::default());
    assert_eq!(page.after(), None);
    assert!(page.is_at_head());
}

#[tokio::test]
async fn a_follower_is_woken_by_a_match_and_only_by_a_match() {
    let world = World::filled().await;
    let query = FeedQuery { wallet: Some(wallet(2)), after: Some(Position(8)), ..all() };
    let (feed, never) = (world.feed(), CancellationToken::new());
    let mut follower = Box::pin(feed.follow(&query, LONG, &never));
    assert!((&mut follower).now_or_never().is_none(), "nothing is there yet");
    world.add(Some(ours()), Subject::Wallet(wallet(1)), purchased()).await;
    assert!((&mut follower).now_or_never().is_none(), "another wallet's event");
    let position = world.add(Some(ours()), Subject::Wallet(wallet(2)), checked()).await;
    let page = follower.await.expect("a page");
    assert_eq!(page.events.iter().map(|event| event.position).collect::<Vec<_>>(), [position]);
}

#[tokio::test]
async fn a_follower_gives_up_at_its_deadline_or_when_told_to_stop() {
    let world = World::filled().await;
    let query = FeedQuery { org: Some(OrgId(uuid(3))), ..all() };
    let stop = CancellationToken::new();
    let late = world.feed().follow(&query, Duration::from_millis(1), &stop).await.expect("a page");
    assert!(late.events.is_empty());
    assert_eq!(late.next, Position(9), "the next call need not search again");
    stop.cancel();
    let stopped = world.feed().follow(&query, LONG, &stop).await.expect("a page");
    assert_eq!(stopped, late);
    // What is there already is delivered all the same.
    assert_eq!(world.feed().follow(&all(), Duration::ZERO, &stop).await.expect("a page").events.len(), 9);
}

#[tokio::test]
async fn what_is_no_event_stops_the_feed_where_it_stands() {
    let world = World::filled().await;
    world.log.append(Position(9), &["not json"].into_iter().collect()).await.expect("appended");
    let before = world.feed().page(&all()).await.expect("a page");
    assert_eq!((before.events.len(), before.next, before.is_at_head()), (9, Position(9), false));
    let rest = FeedQuery { after: before.after(), ..all() };
    let error = world.feed().page(&rest).await.expect_err("malformed");
    assert!(matches!(error, FeedError::Malformed { position: Position(9), .. }), "{error}");
    let waiting = world.feed().follow(&rest, LONG, &CancellationToken::new()).await;
    assert_eq!(waiting, Err(error));
}

#[tokio::test]
async fn a_newer_type_is_passed_on() {
    let world = World::filled().await;
    let newer = r#"{"type":"credits.deducted.v9","subject":"wallet/x","org":"x","data":{}}"#;
    world.log.append(Position(9), &[newer].into_iter().collect()).await.expect("appended");
    let query = FeedQuery { types: vec!["credits.deducted".parse().expect("a filter")], ..all() };
    let page = world.feed().page(&query).await.expect("a page");
    assert_eq!(page.events[0].event_type, "credits.deducted.v9");
    assert_eq!(&*page.events[0].body, newer.as_bytes());
}
