//! An app that uses the client crate, on a real broker: whatever happens, every event is in its own
//! table once, in the order of its wallet.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use credit_ledger::{
    broker::{Broken, FileState, Tap, TapError, TapKind},
    log::Log,
};
use credit_ledger_client::{Amqp, Consumer, Feed, FeedError, FeedPage, Options};
use events::{AppId, Position};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    relaying::{PATIENCE, Relaying, parts},
    table::{Keep, Table},
    world::{ADMIN, READER, World},
};
use crate::support::rabbit::{self, VHost};

/// What `GET /v1/events?audience=app` gives.
struct ToldFeed {
    log: Arc<dyn Log>,
    told: Vec<u64>,
}

impl Feed for ToldFeed {
    fn after(&self, position: Option<Position>) -> BoxFuture<'_, Result<FeedPage, FeedError>> {
        async move {
            let later = self.told.iter().filter(|at| position.is_none_or(|after| **at > after.get()));
            let mut page = FeedPage { events: Vec::new(), next: position };
            for at in later.take(50) {
                let read = self.log.read(Position(*at), 1).await.expect("a page");
                page.events.push(Bytes::copy_from_slice(read.bodies.get(0)));
                page.next = Some(Position(*at));
            }
            Ok(page)
        }
        .boxed()
    }
}

/// The app, running.
struct App {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl App {
    fn start(world: &World, vhost: &VHost, table: &Table) -> Self {
        let app = world.apps[ADMIN];
        let url = format!("{}?heartbeat=2", vhost.app_url(app));
        let feed = ToldFeed { log: world.log(), told: world.told(ADMIN).to_vec() };
        let options =
            Options { pauses: (Duration::from_millis(20), Duration::from_millis(300)), ..Options::default() };
        let consumer = Consumer::new(Amqp::new(&url, app).expect("a URL"), table.clone(), Keep);
        let stop = CancellationToken::new();
        let task = tokio::spawn(consumer.with_feed(feed).with_options(options).run(stop.clone()));
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("an end in time").expect("no panic");
    }
}

/// Waits until all is in the table, and looks whether it is there once and in order.
async fn everything_once(table: &Table, world: &World) {
    let told = world.told(ADMIN);
    let waited = timeout(PATIENCE, table.until(told.len())).await;
    let handled = table.handled().await;
    assert!(waited.is_ok(), "only {} of {}", handled.len(), told.len());
    let mut positions: Vec<u64> = handled.iter().map(|(_, position)| *position).collect();
    positions.sort_unstable();
    assert_eq!(positions, told);
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for (subject, position) in &handled {
        let before = last.insert(subject, *position);
        assert!(before.is_none_or(|before| before < *position), "{subject}: {position} after {before:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_restarts_of_broker_relay_and_app_every_event_is_handled_once() {
    let rabbit = rabbit::alone().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let folder = tempfile::tempdir().expect("a directory");
    let table = Table::open(folder.path()).await;
    let app = App::start(&world, &vhost, &table);
    world.spend(300, 1).await;
    // It never saves, so the next one sends all of this again.
    let mut forgetful = parts(world.log(), &vhost, Arc::new(FileState::new(folder.path())));
    forgetful.options.save_every = Duration::from_secs(3_600);
    let relay = Relaying::start(forgetful);
    relay.confirmed(304).await;
    relay.kill().await;
    let relay = Relaying::of(world.log(), &vhost, &folder);
    rabbit.ctl(&["stop_app"]).await;
    world.spend(300, 2).await;
    rabbit.ctl(&["start_app"]).await;
    relay.confirmed(604).await;
    everything_once(&table, &world).await;
    app.end().await;
    // Some of what comes while the app is away is lost: the feed has it.
    world.spend(200, 3).await;
    relay.confirmed(804).await;
    let queue = credit_ledger::broker::topology::queue(world.apps[ADMIN]);
    rabbit.api("DELETE", &format!("queues/{}/{queue}/contents", vhost.name), None).await;
    world.spend(10, 4).await;
    let app = App::start(&world, &vhost, &table);
    everything_once(&table, &world).await;
    rabbit.kill().await;
    world.spend(100, 5).await;
    rabbit.start_again().await;
    everything_once(&table, &world).await;
    app.end().await;
    relay.end().await;
}

async fn bodies(tap: &mut Tap, count: usize) -> Vec<u64> {
    let mut positions = Vec::new();
    while positions.len() < count {
        let body = timeout(PATIENCE, tap.next()).await.expect("a message in time").expect("a message");
        positions.push(events::decode(&body).expect("an event").envelope.position.get());
    }
    positions
}

#[tokio::test]
async fn a_tap_copies_or_takes() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let app: AppId = world.apps[READER];
    let open = async |user: &str, kind| Tap::open(&vhost.url(user), app, kind).await;
    let own = credit_ledger::broker::topology::user(app);
    let refused = open(&own, TapKind::Copy).await.expect_err("apps declare nothing");
    assert!(matches!(refused, TapError::Broken(Broken::Setup(_))), "{refused}");
    let onlooker = json!({ "password": "secret", "tags": "" });
    rabbit.api("PUT", "users/onlooker", Some(&onlooker)).await;
    let permissions = json!({ "configure": "^amq\\.gen", "write": "^amq\\.gen", "read": ".*" });
    rabbit.api("PUT", &format!("permissions/{}/onlooker", vhost.name), Some(&permissions)).await;
    let mut copy = open("onlooker", TapKind::Copy).await.expect("a tap");
    let folder = tempfile::tempdir().expect("a directory");
    world.spend(50, 1).await;
    let relay = Relaying::of(world.log(), &vhost, &folder);
    let told = world.told(READER).to_vec();
    assert_eq!(bodies(&mut copy, told.len()).await, told);
    let mut take = open(&own, TapKind::Take).await.expect("a tap");
    assert_eq!(bodies(&mut take, told.len()).await, told, "the copy took nothing");
    relay.end().await;
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let url = "amqp://u:p@127.0.0.1:1/v";
    let app = AppId(uuid::Uuid::nil());
    let error = Tap::open(url, app, TapKind::Copy).await.expect_err("nobody listens");
    assert!(matches!(error, TapError::Broken(Broken::Lost(_))), "{error}");
    assert!(matches!(Tap::open("http://x", app, TapKind::Take).await, Err(TapError::Url(_))));
}
