//! Many callers in one process, each waiting for its answer before it asks again.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::{Duration, Instant};

use events::{AppId, Asked, Class, Credits, OrgId, WalletId};
use futures::future::try_join_all;
use ledger::{Amount, Charge, Command, Deduct, NewLot, Purchase};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::load::wallet_id;
use crate::engine::{Ask, Commands, EngineError, command_id, request_hash};

/// When the callers stop.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// After so much time.
    Elapsed(Duration),
    /// After so many deductions together.
    Count(u64),
}

/// Who spends from what.
#[derive(Clone)]
pub(super) struct Callers {
    pub(super) commands: Arc<dyn Commands>,
    pub(super) org: OrgId,
    /// Who is said to ask.
    pub(super) app: AppId,
    pub(super) wallets: Arc<[WalletId]>,
    /// Makes the keys of this run differ from those of other runs.
    pub(super) run: u64,
}

impl Callers {
    pub(super) fn new(commands: Arc<dyn Commands>, org: OrgId, wallets: u32, run: u64) -> Self {
        let wallets = (0..wallets.max(1)).map(|number| WalletId(wallet_id(number))).collect();
        Self { commands, org, app: AppId(Uuid::from_u128(1)), wallets, run }
    }

    /// Puts a million credits into each wallet.
    pub(super) async fn fund(&self) -> Result<(), EngineError> {
        const AT_ONCE: usize = 512;
        for chunk in self.wallets.chunks(AT_ONCE) {
            let purchases = chunk.iter().map(|&wallet| {
                let lot = NewLot { class: Class::Paid, priority: 50, expiry: None };
                let purchase = Purchase {
                    amount: credits(1_000_000_000_000),
                    lot,
                    payment_reference: None,
                    price_paid: None,
                };
                let key = format!("fund-{}-{wallet}", self.run);
                self.commands.submit(self.ask(wallet, key, Command::Purchase(purchase)))
            });
            try_join_all(purchases).await?;
        }
        Ok(())
    }

    /// Runs `waiting` callers; returns the deductions made and the time that they took.
    pub(super) async fn deduct(&self, waiting: usize, until: Until) -> Result<(u64, Duration), EngineError> {
        let started = Instant::now();
        let asked = Arc::new(AtomicU64::new(0));
        let callers = (0..waiting.max(1)).map(|caller| {
            let (callers, asked) = (self.clone(), Arc::clone(&asked));
            tokio::spawn(async move { callers.one(caller as u64, started, until, &asked).await })
        });
        let mut made = 0;
        for caller in callers.collect::<Vec<_>>() {
            made += caller.await.unwrap_or(Err(EngineError::Stopping))?;
        }
        Ok((made, started.elapsed()))
    }

    async fn one(
        &self,
        caller: u64,
        started: Instant,
        until: Until,
        asked: &AtomicU64,
    ) -> Result<u64, EngineError> {
        let mut random = caller.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.run;
        let mut made = 0;
        loop {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            let done = match until {
                Until::Elapsed(length) => started.elapsed() >= length,
                Until::Count(count) => number >= count,
            };
            if done {
                return Ok(made);
            }
            random = next(random);
            self.spend(random, number).await?;
            made += 1;
        }
    }

    /// Asks for `each` deductions every `tick`, whether those before are answered or not.
    pub(super) async fn steadily(&self, each: u64, tick: Duration, ticks: u64) -> Result<(), EngineError> {
        let (mut random, mut asked) = (self.run, JoinSet::new());
        let mut due = interval(tick);
        due.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for number in 0..ticks * each {
            if number % each == 0 {
                due.tick().await;
            }
            random = next(random);
            let callers = self.clone();
            asked.spawn(async move { callers.spend(random, number).await });
        }
        while let Some(answered) = asked.join_next().await {
            answered.unwrap_or(Err(EngineError::Stopping))?;
        }
        Ok(())
    }

    async fn spend(&self, random: u64, number: u64) -> Result<(), EngineError> {
        let wallet = self.wallets[(random >> 33) as usize % self.wallets.len()];
        let key = Uuid::from_u64_pair(random, self.run ^ number.rotate_left(32)).to_string();
        let charge = Charge::Cost(credits(1_000));
        let deduct = Deduct { service: "chat".into(), charge, budget: None, metadata: None };
        self.commands.submit(self.ask(wallet, key, Command::Deduct(deduct))).await.map(drop)
    }

    fn ask(&self, wallet: WalletId, key: String, command: Command) -> Ask {
        let app = Some(self.app);
        Ask {
            id: command_id(self.org, app, command.operation(), &key),
            wallet,
            org: self.org,
            app,
            actor: None,
            correlation: None,
            traceparent: None,
            asked: Asked { request: request_hash(wallet, &command), key: Some(key.into()) },
            command,
            dry_run: false,
        }
    }
}

/// The next number of a linear congruential generator.
const fn next(random: u64) -> u64 {
    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

fn credits(micros: i64) -> Amount {
    Amount::new(Credits::from_micros(micros)).expect("the amounts above are positive")
}
