//! The engine: with everything in memory, with nothing in memory, or started anew for each command.
//! When time passes, its timers let expire what is due, with nobody asking.

use std::{sync::Arc, time::Duration};

use credit_ledger::{
    clock::Clock,
    engine::{Ask, EngineError, Fact, Receipt},
};
use events::{CommandId, Event, Position, Subject, WalletId};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    follower::Follower,
    told::{inside, rejected, told},
    world::{Answer, App, Refused, Request, Rule, State, World},
};
use crate::support::{
    ground::{Ground, Ledger},
    logs::{FreshLog, Home},
    words::ask_by,
};

/// No timer is as late; a test that waits so long has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

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
    follower: Follower,
    rules: u128,
    home: Home,
}

/// Everything stays in memory.
pub(super) async fn hot() -> EngineWorld {
    on(FreshLog::memory()).await
}

/// Nothing stays in memory.
pub(super) async fn cold() -> EngineWorld {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    EngineWorld::start(ground, Between::Forgets, Home::Nowhere).await
}

/// Each command meets a new engine.
pub(super) async fn restarted() -> EngineWorld {
    EngineWorld::start(Ground::memory(), Between::Restarts, Home::Nowhere).await
}

/// On this log.
pub(super) async fn on(FreshLog { log, home }: FreshLog) -> EngineWorld {
    EngineWorld::start(Ground::on(log), Between::Nothing, home).await
}

impl EngineWorld {
    async fn start(ground: Ground, between: Between, home: Home) -> Self {
        let ledger = Some(ground.start().await);
        Self { ledger, between, follower: Follower::default(), rules: 0, home }
    }

    /// All events as they are stored.
    pub(super) async fn bytes(&self) -> Vec<Vec<u8>> {
        self.ledger().ground.bytes().await
    }

    /// Ends in good order, and gives what the log lives in.
    pub(super) async fn end_at_home(self) -> Home {
        self.ledger.expect("an engine that runs").end().await;
        self.home
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

    async fn follow(&mut self) {
        let store = Arc::clone(&self.ledger().ground.store);
        self.follower.catch_up(store.as_ref()).await;
    }
}

fn ask(request: Request) -> Ask {
    let Request { app, wallet, key, command, dry, .. } = request;
    let ask = ask_by(app.caller(), wallet, &key, command);
    Ask { actor: Some(app.actor().into()), dry_run: dry, ..ask }
}

fn answer(receipt: Result<Receipt, EngineError>) -> Answer {
    match receipt {
        Ok(receipt) => {
            let (recorded, all) = (&receipt.recorded, receipt.events().map(|recorded| &recorded.event));
            let result = told(&recorded.event, recorded.envelope.position, all);
            Answer { result, replayed: receipt.replayed }
        }
        Err(EngineError::KeyReused) => {
            Answer { result: Err(Refused::because("idempotency-key-reused")), replayed: false }
        }
        Err(EngineError::Rejected(rejection)) => {
            Answer { result: Err(rejected(&rejection)), replayed: false }
        }
        Err(other) => panic!("{other}"),
    }
}

impl World for EngineWorld {
    async fn ask(&mut self, request: Request) -> Answer {
        self.next().await;
        let (head, dry) = (self.ledger().ground.head().await, request.dry);
        let answer = answer(self.ledger().submit(ask(request)).await);
        assert!(!dry || self.ledger().ground.head().await == head, "a dry run has stored something");
        answer
    }

    async fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Answer> {
        self.next().await;
        let asks = requests.into_iter().map(ask).collect();
        self.ledger().engine.submit_all(asks).await.into_iter().map(answer).collect()
    }

    async fn rule(&mut self, app: &App, rule: Rule) -> Position {
        self.next().await;
        self.rules += 1;
        let org = app.caller().org;
        let event = match rule {
            Rule::Price(price) => Event::from(price),
            Rule::Policy(policy) => Event::from(policy),
        };
        let id = CommandId(Uuid::from_u128(self.rules));
        let actor = Some(app.actor().into());
        let fact = Fact { id, subject: Subject::Organization(org), org: Some(org), app: None, actor, event };
        self.ledger().engine.record(fact).await.expect("a rule that is kept").envelope.position
    }

    async fn pass(&mut self, time: Duration) {
        self.next().await;
        self.ledger().pass(time);
        let now = self.ledger().ground.clock.now();
        let store = Arc::clone(&self.ledger().ground.store);
        let waiting = self.follower.wait_until_nothing_is_due(store.as_ref(), now);
        timeout(PATIENCE, waiting).await.expect("what is due expires by itself");
    }

    async fn settle(&mut self, _: WalletId) {
        // The timers have done it when time passed.
    }

    async fn news(&mut self, _: &App, wallet: WalletId) -> Vec<Event> {
        self.follow().await;
        self.follower.take_news(wallet)
    }

    async fn state(&mut self, _: &App, wallet: WalletId) -> State {
        self.follow().await;
        inside(self.follower.wallet(wallet))
    }

    async fn end(self) {
        self.end_at_home().await;
    }
}
