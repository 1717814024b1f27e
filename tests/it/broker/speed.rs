//! How fast messages go out and how late they come in. It prints its figures and asserts none, because a
//! test shares its cores with others.

use std::time::{Duration, Instant};

use credit_ledger::{
    broker::topology::queue,
    log::{Bodies, Log},
};
use events::{Position, Subject, WalletId};
use uuid::Uuid;

use super::{
    inbox::Inbox,
    relaying::Relaying,
    world::{SPENDER, World, body, checked},
};
use crate::support::rabbit;

const MESSAGES: u64 = if cfg!(debug_assertions) { 10_000 } else { 30_000 };
/// Events in one append: the log in memory takes no more bytes at once.
const CHUNK: u64 = 5_000;

/// So many events of an app whose organization nobody reads: one message each.
async fn many(world: &World, count: u64, at: impl Fn(u64) -> events::Time) {
    let first = world.log.head().await.expect("a head");
    let app = world.apps[SPENDER];
    let wallet = Subject::Wallet(WalletId(Uuid::from_u128(1)));
    let lone = (events::OrgId(Uuid::from_u128(5)), app);
    let bodies: Bodies = (0..count).map(|n| body(first.plus(n), at(n), lone, wallet, &checked())).collect();
    world.log.append(first, &bodies).await.expect("appended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "it measures")]
async fn ten_thousand_messages_a_second_are_the_aim() {
    let rabbit = rabbit::alone().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    for chunk in 0..MESSAGES / CHUNK {
        many(&world, CHUNK, |n| events::Time::from_micros(1_000_000 + (chunk * CHUNK + n) as i64)).await;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let began = Instant::now();
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    let health = relaying.confirmed(4 + MESSAGES).await;
    let rate = u128::from(health.published) * 1_000 / began.elapsed().as_millis();
    eprintln!("{} messages confirmed, {rate} a second", health.published);
    assert_eq!(health.rewinds, 0);
    relaying.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "it measures")]
async fn messages_come_soon() {
    let rabbit = rabbit::alone().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let app = world.apps[SPENDER];
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
    inbox.next().await;
    // Ten events every 10 ms, as many as a writer's group has at 1,000 deductions a second.
    let (rounds, each) = (500_u64, 10_u64);
    let (told, mut made) = tokio::sync::mpsc::unbounded_channel();
    let log = world.log.clone();
    let writer = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        for round in 0..rounds {
            ticks.tick().await;
            let now = events::Time::from_micros(1_000_000 + (round * each) as i64);
            let first = log.head().await.expect("a head");
            let wallet = Subject::Wallet(WalletId(Uuid::from_u128(1)));
            let lone = (events::OrgId(Uuid::from_u128(5)), app);
            let bodies: Bodies = (0..each)
                .map(|n| body(first.plus(n), now.plus_micros(n as i64), lone, wallet, &checked()))
                .collect();
            log.append(first, &bodies).await.expect("appended");
            told.send((first, Instant::now())).expect("a listener");
        }
    });
    let mut late = Vec::new();
    while let Some((first, at)) = made.recv().await {
        inbox.until(first.plus(each - 1).get()).await;
        late.push(at.elapsed());
    }
    writer.await.expect("no panic");
    late.sort_unstable();
    let (half, p99) = (late[late.len() / 2], late[late.len() * 99 / 100]);
    eprintln!(
        "from append to consumer at 1,000 events/s: p50 {half:?}, p99 {p99:?}, most {:?}",
        late[late.len() - 1]
    );
    assert_eq!(world.log.head().await, Ok(Position(4 + rounds * each)));
    relaying.end().await;
}
