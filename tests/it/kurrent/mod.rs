//! The event log in KurrentDB, played by a double of its protocol.
//!
//! The log contract and the scenarios run on the double as well, or on a real store when
//! `CREDIT_LEDGER_TEST_EVENTSTORE` has its connection string; what is here needs a store that fails on
//! demand.

mod auditing;
mod double;
mod engine;
mod faults;
mod named;
mod nodes;
mod opening;

use std::time::Duration;

use credit_ledger::{
    clock::{Generator, sixteen},
    log::kurrent::{KurrentLog, Waits},
};
use events::LedgerId;

pub(crate) use self::double::Double;

/// Names a real store that tests use instead of a double.
const NAMED: &str = "CREDIT_LEDGER_TEST_EVENTSTORE";

/// A store, and a ledger of the test's own in it.
pub(crate) struct Store {
    url: String,
    ledger: LedgerId,
    _double: Option<Double>,
}

impl Store {
    /// The real one if there is one, else a double.
    pub(crate) async fn start() -> Self {
        let ledger = new_ledger();
        match std::env::var(NAMED) {
            Ok(url) => Self { url, ledger, _double: None },
            Err(_) => {
                let double = Double::start().await;
                Self { url: double.url(), ledger, _double: Some(double) }
            }
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn open(&self) -> KurrentLog {
        KurrentLog::connect(&self.url, self.ledger).await.expect("a log that can be opened")
    }
}

fn new_ledger() -> LedgerId {
    LedgerId(uuid::Builder::from_random_bytes(sixteen(&mut Generator::from_system())).into_uuid())
}

const LEDGER: LedgerId = LedgerId(uuid::Uuid::from_u128(7));

/// For stores that don't answer: long enough for one that does.
const SHORT: Waits = Waits { answer: Duration::from_secs(3), patience: Duration::from_secs(60) };

async fn open(url: &str) -> KurrentLog {
    KurrentLog::connect(url, LEDGER).await.expect("a log that can be opened")
}
