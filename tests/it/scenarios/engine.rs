//! The engine: with everything in memory, with nothing in memory, or started anew for each command.

use std::{sync::Arc, time::Duration};

use credit_ledger::{engine::EngineError, log::sqlite::SqliteLog};
use events::Position;
use tempfile::TempDir;

use super::world::{Answer, Refused, Request, World, expired, rejected, told};
use crate::support::{
    ground::{Ground, Ledger},
    words::ask_by,
};

/// What happens between commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    /// The projections catch up, so that the engine may forget everything.
    Forgets,
    /// The engine ends and another one starts, with the projections half way.
    Restarts,
}

/// An engine on a log.
pub(super) struct EngineWorld {
    /// Taken only while it restarts.
    ledger: Option<Ledger>,
    between: Between,
    _directory: Option<TempDir>,
}

/// Everything stays in memory.
pub(super) async fn hot() -> EngineWorld {
    EngineWorld::start(Ground::memory(), Between::Nothing, None).await
}

/// Nothing stays in memory.
pub(super) async fn cold() -> EngineWorld {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    EngineWorld::start(ground, Between::Forgets, None).await
}

/// Each command meets a new engine.
pub(super) async fn restarted() -> EngineWorld {
    EngineWorld::start(Ground::memory(), Between::Restarts, None).await
}

/// On SQLite.
pub(super) async fn sqlite() -> EngineWorld {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = SqliteLog::open(directory.path()).await.expect("a log that can be opened");
    EngineWorld::start(Ground::on(Arc::new(log)), Between::Nothing, Some(directory)).await
}

impl EngineWorld {
    async fn start(ground: Ground, between: Between, directory: Option<TempDir>) -> Self {
        Self { ledger: Some(ground.start().await), between, _directory: directory }
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().expect("an engine that runs")
    }

    async fn next(&mut self) {
        match self.between {
            Between::Nothing => {}
            Between::Forgets => self.ledger().ground.cold.catch_up().await,
            Between::Restarts => {
                let ground = self.ledger.take().expect("an engine that runs").end().await;
                let half = ground.head().await.get() / 2;
                ground.cold.advance(Position(half)).await;
                self.ledger = Some(ground.start().await);
            }
        }
    }
}

impl World for EngineWorld {
    async fn ask(&mut self, request: Request) -> Answer {
        self.next().await;
        let Request { app, wallet, key, command } = request;
        let ground = &self.ledger().ground;
        let before = ground.head().await;
        let receipt = self.ledger().submit(ask_by(app.caller(), wallet, &key, command)).await;
        let (result, replayed) = match receipt {
            Ok(receipt) => {
                let position = receipt.recorded.envelope.position;
                (told(&receipt.recorded.event, position), receipt.replayed)
            }
            Err(EngineError::KeyReused) => (Err(Refused::because("idempotency-key-reused")), false),
            Err(EngineError::Rejected(rejection)) => (Err(rejected(&rejection)), false),
            Err(other) => panic!("{key}: {other}"),
        };
        let page = ground.store.read(before, 1_000).await.expect("a page");
        let new = page.bodies.iter().map(|body| events::decode(body).expect("an event"));
        let expired = new.filter_map(|recorded| expired(&recorded.event)).collect();
        Answer { result, replayed, expired }
    }

    fn pass(&mut self, time: Duration) {
        self.ledger().pass(time);
    }

    async fn end(self) {
        self.ledger.expect("an engine that runs").end().await;
    }
}
