//! Relays that end, die and are superseded.

use std::{sync::Arc, time::Duration};

use credit_ledger::{
    broker::{FileState, Progress, RelayEnd, RelayState, topology::queue},
    log::Log,
};
use events::Position;

use super::{
    inbox::{Inbox, chain},
    relaying::{Relaying, parts, quick},
    world::{ADMIN, World},
};
use crate::support::rabbit;

#[tokio::test]
async fn a_relay_that_dies_before_it_saved_sends_the_same_again() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let directory = tempfile::tempdir().expect("a directory");
    world.spend(100, 1).await;
    let first = Relaying::of(world.log(), &vhost, &directory);
    first.until(|health| health.saved.get() == 104).await;
    first.end().await;
    // The second one confirms what comes and is gone before it has saved any of it.
    world.spend(100, 2).await;
    let state = Arc::new(FileState::new(directory.path()));
    let mut forgetful = parts(world.log(), &vhost, state);
    forgetful.options.save_every = Duration::from_secs(3_600);
    let second = Relaying::start(forgetful);
    second.confirmed(204).await;
    second.kill().await;
    world.spend(10, 3).await;
    let third = Relaying::of(world.log(), &vhost, &directory);
    third.confirmed(214).await;
    let app = world.apps[ADMIN];
    let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
    inbox.until(*world.told(ADMIN).last().expect("told")).await;
    // `once` fails for a repetition with another `prev` or body.
    assert_eq!(inbox.once(), chain(world.told(ADMIN)));
    let between = world.told(ADMIN).iter().filter(|position| (104..204).contains(*position)).count();
    assert_eq!(inbox.arrived.len(), world.told(ADMIN).len() + between);
    third.end().await;
}

#[tokio::test]
async fn a_relay_of_an_older_epoch_gives_way() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let directory = tempfile::tempdir().expect("a directory");
    let state = Arc::new(FileState::new(directory.path()));
    let older = Relaying::start(parts(world.log(), &vhost, state.clone()));
    older.confirmed(4).await;
    let newer = Relaying::start(credit_ledger::broker::RelayParts {
        epoch: 2,
        ..parts(world.log(), &vhost, state.clone())
    });
    newer.confirmed(4).await;
    world.spend(20, 4).await;
    assert_eq!(older.ended().await, RelayEnd::Superseded { epoch: 2 });
    newer.confirmed(24).await;
    newer.end().await;
    let late = Relaying::start(parts(world.log(), &vhost, state));
    assert_eq!(late.ended().await, RelayEnd::Superseded { epoch: 2 });
}

#[tokio::test]
async fn a_relay_ahead_of_its_log_ends() {
    let rabbit = rabbit::shared().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let directory = tempfile::tempdir().expect("a directory");
    let state = Arc::new(FileState::new(directory.path()));
    let ahead = Progress { position: Position(5), prevs: [].into() };
    state.save(&ahead, 1).await.expect("saved");
    let relaying = Relaying::start(parts(world.log(), &vhost, state));
    let (position, head) = (Position(5), world.log.head().await.expect("a head"));
    assert_eq!(relaying.ended().await, RelayEnd::AheadOfLog { position, head });
    assert!(quick().wind_down > Duration::ZERO);
}
