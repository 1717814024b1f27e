//! A broker that stops, dies, hangs or is short of memory: the log takes what comes meanwhile, and
//! everything arrives in the end.

use std::time::Duration;

use credit_ledger::{
    broker::{RelayHealth, RelayParts, RelayPhase, topology::queue},
    log::Log,
};
use tempfile::TempDir;

use super::{
    inbox::{Inbox, chain},
    relaying::{NERVOUS, PATIENCE, Relaying, broker, parts},
    world::World,
};
use crate::support::rabbit::{self, Lease, VHost};

/// A relay that has relayed something.
struct Scene {
    rabbit: Lease,
    vhost: VHost,
    world: World,
    relaying: Relaying,
    directory: TempDir,
}

impl Scene {
    /// With a relay that soon takes the broker for lost.
    async fn begin(seed: u64) -> Self {
        Self::with(seed, |parts, vhost| {
            parts.broker = broker(vhost, NERVOUS);
            // A window of messages is on its way when the trouble begins.
            parts.options.confirm_max = Duration::from_secs(2);
        })
        .await
    }

    async fn with(seed: u64, set: impl FnOnce(&mut RelayParts, &VHost)) -> Self {
        let rabbit = rabbit::alone().await;
        let mut world = World::new().await;
        let vhost = rabbit.vhost(&world.apps).await;
        world.spend(300, seed).await;
        let directory = tempfile::tempdir().expect("a directory");
        let state = credit_ledger::broker::FileState::new(directory.path());
        let mut parts = parts(world.log(), &vhost, std::sync::Arc::new(state));
        set(&mut parts, &vhost);
        let relaying = Relaying::start(parts);
        relaying.until(|health| health.published > 0).await;
        Self { rabbit, vhost, world, relaying, directory }
    }

    async fn spend(&mut self, seed: u64) {
        self.world.spend(300, seed).await;
    }

    /// Everybody has been told of everything, in order, and `prev` is right.
    async fn end(self) {
        let head = self.world.log.head().await.expect("a head").get();
        self.relaying.confirmed(head).await;
        for (number, app) in self.world.apps.iter().enumerate() {
            let told = self.world.told(number);
            let mut inbox = Inbox::open(&self.vhost.app_url(*app), &queue(*app)).await;
            inbox.until(*told.last().expect("told of something")).await;
            assert_eq!(inbox.once(), chain(told), "app {number}");
        }
        self.relaying.end().await;
        let saved = std::fs::read_to_string(self.directory.path().join("relay.json")).expect("progress");
        assert!(saved.contains(&format!("\"position\":\"{head}\"")), "{saved}");
    }
}

fn retries(phase: &RelayPhase) -> bool {
    matches!(phase, RelayPhase::Retrying { .. } | RelayPhase::Misconfigured { .. })
}

#[tokio::test]
async fn a_broker_that_stops_and_starts() {
    let mut scene = Scene::begin(10).await;
    scene.rabbit.ctl(&["stop_app"]).await;
    scene.spend(11).await;
    let told = |health: &RelayHealth| retries(&health.phase) && health.rewinds > 0;
    scene.relaying.until(|health| told(health) && health.lag_events >= 300).await;
    scene.rabbit.ctl(&["start_app"]).await;
    scene.spend(12).await;
    scene.end().await;
}

#[tokio::test]
async fn a_broker_that_is_killed() {
    let mut scene = Scene::begin(20).await;
    scene.rabbit.kill().await;
    scene.spend(21).await;
    scene.relaying.until(|health| retries(&health.phase)).await;
    scene.rabbit.start_again().await;
    scene.spend(22).await;
    scene.end().await;
}

#[tokio::test]
async fn a_broker_that_hangs() {
    let mut scene = Scene::begin(30).await;
    scene.rabbit.pause();
    scene.spend(31).await;
    // Connections are open and nobody answers: only the relay's own times tell.
    scene.relaying.until(|health| health.rewinds > 1 && retries(&health.phase)).await;
    scene.rabbit.go_on();
    scene.spend(32).await;
    scene.end().await;
}

#[tokio::test]
async fn a_broker_short_of_memory_is_waited_for() {
    let mut scene = Scene::with(40, |parts, _| parts.options.confirm_max = Duration::from_secs(5)).await;
    let head = scene.world.log.head().await.expect("a head").get();
    let before = scene.relaying.confirmed(head).await;
    scene.rabbit.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await;
    scene.spend(41).await;
    let blocked = scene.relaying.until(|health| matches!(health.phase, RelayPhase::Blocked { .. })).await;
    assert!(blocked.obstacle().expect("an obstacle").contains("memory"), "{blocked:?}");
    scene.spend(42).await;
    // Longer than a message may take: the connection is kept all the same.
    let still = scene.relaying.until(|health| health.lag_seconds >= 8).await;
    assert_eq!((still.rewinds, retries(&still.phase)), (before.rewinds, false), "{still:?}");
    scene.rabbit.ctl(&["set_vm_memory_high_watermark", "absolute", "512MB"]).await;
    let after = tokio::time::timeout(PATIENCE, scene.relaying.confirmed(head + 600)).await.expect("in time");
    assert_eq!((after.rewinds, after.phase), (before.rewinds, RelayPhase::Running));
    scene.end().await;
}
