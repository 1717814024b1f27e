//! Keeping the lease while this process writes.

use std::{future::Future, time::Duration};

use tokio::time::{sleep, timeout};

use super::{Claimant, Lease, LeaseError, Options, Term};
use crate::clock::Clock;

/// How soon a renewal that failed is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// Renews the lease until it is lost; returns how.
pub(super) async fn keep(
    lease: &dyn Lease,
    claimant: &Claimant,
    term: &Term,
    clock: &dyn Clock,
    options: &Options,
) -> String {
    let mut wait = options.renewal;
    loop {
        // Whoever sleeps too long, finds that nothing is left.
        sleep(wait.min(term.left())).await;
        let left = term.left();
        if left.is_zero() {
            return "the lease ran out".to_owned();
        }
        let asked = clock.monotonic();
        match within(left, lease.renew(claimant, term.epoch())).await {
            Ok(true) => {
                term.renewed(asked, claimant.lease);
                wait = options.renewal;
            }
            Ok(false) => return "another process has the lease".to_owned(),
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed");
                wait = AGAIN.min(options.renewal);
            }
        }
    }
}

/// Asks whoever keeps the lease, and gives up after `time`.
pub(super) async fn within<T>(
    time: Duration,
    asked: impl Future<Output = Result<T, LeaseError>>,
) -> Result<T, LeaseError> {
    timeout(time, asked).await.unwrap_or_else(|_| Err(LeaseError(format!("no answer within {time:?}"))))
}
