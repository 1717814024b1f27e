//! Tokens, against small servers on this machine and with a clock that is moved by hand.

mod claims;
mod hostile;
mod keys;
mod manager;
mod sent;
mod server;
mod signer;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use credit_ledger_client::auth::Clock;

/// 2026-11-21T00:00:00Z.
const START: u64 = 1_795_219_200;

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    fn advance_s(&self, seconds: u64) {
        *self.0.lock().expect("no panic") += Duration::from_secs(seconds);
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        *self.0.lock().expect("no panic")
    }

    fn unix_s(&self) -> u64 {
        START + self.monotonic().as_secs()
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client")
}
