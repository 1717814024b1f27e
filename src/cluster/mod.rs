//! Several processes on one ledger: who writes, and how the others reach it.
//!
//! A [`Lease`] says who writes; the expected head of the log makes a wrong belief harmless. [`run`]
//! keeps a process a standby until it gets the lease, lets it take up its [`Duties`], and stands down
//! when the lease or the log is lost. Of several ledgers, each has its own lease, node and router;
//! [`Spread`] says how their writers are spread over the processes. Every process answers through its [`Router`], which hands
//! commands to the engine here or to the writer elsewhere, with the same id until the answer is true.

mod fence;
mod forward;
mod gauges;
mod held;
mod keeper;
mod lease;
mod local;
mod node;
mod obstacles;
mod pending;
pub mod postgres;
mod role;
mod router;
mod secret;
mod spread;
pub mod wire;

pub use fence::{Fenced, Term};
pub use held::{Held, HoldError};
pub use lease::{Claimant, Lease, LeaseError, Tenure};
pub use node::{Duties, Duty, Node, run};
pub use role::{Peer, Role, Status};
pub use router::{Here, Router};
pub use secret::{PeerToken, SecretError};
pub use spread::{Overview, Spread};

use std::time::Duration;

use events::LedgerId;

/// The address of a process that no other one reaches.
pub const NOWHERE: &str = "http://127.0.0.1:1";

/// Times and sizes of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a lease lasts that is not renewed.
    pub lease: Duration,
    /// How often it is renewed, and how often the others look whether it is free.
    pub renewal: Duration,
    /// The writer stops to append when less than this is left of its lease.
    pub margin: Duration,
    /// How long a command is asked again while nobody gives a true answer.
    pub deadline: Duration,
    /// How long the writer may take to answer one request of another process.
    pub request: Duration,
    /// Commands that may wait here for the writer elsewhere; more are told to come back.
    pub waiting_max: usize,
    /// How long a process that could not write leaves the lease to others. Doubled each time.
    pub rest: Duration,
    /// The ledger that metrics name; none where the process serves one alone.
    pub label: Option<LedgerId>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(2),
            renewal: Duration::from_millis(500),
            margin: Duration::from_millis(500),
            deadline: Duration::from_secs(10),
            request: Duration::from_secs(5),
            waiting_max: 8_192,
            rest: Duration::from_millis(250),
            label: None,
        }
    }
}
