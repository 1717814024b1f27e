//! A lease in memory, for several nodes in one process.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use credit_ledger::{
    clock::{Clock, SystemClock},
    cluster::{Claimant, Lease, LeaseError, Tenure},
};
use futures::{FutureExt, future::BoxFuture};

/// Where the lease is kept.
#[derive(Default)]
pub(super) struct Table(Mutex<Option<(Tenure, Duration)>>);

/// One node's way to the table.
pub(super) struct MemoryLease {
    table: Arc<Table>,
    cut: AtomicBool,
    hanging: AtomicBool,
}

impl MemoryLease {
    pub(super) fn new(table: Arc<Table>) -> Self {
        Self { table, cut: AtomicBool::new(false), hanging: AtomicBool::new(false) }
    }

    /// From now on nothing gets through, and the node is told so.
    pub(super) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    /// From now on nothing gets through, and nobody says so.
    pub(super) fn hang(&self) {
        self.hanging.store(true, Ordering::Relaxed);
    }

    async fn row(&self) -> Result<MutexGuard<'_, Option<(Tenure, Duration)>>, LeaseError> {
        if self.hanging.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        if self.cut.load(Ordering::Relaxed) {
            return Err(LeaseError("scripted fault".to_owned()));
        }
        Ok(self.table.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The row with what is left of it now.
fn seen((tenure, until): &(Tenure, Duration)) -> Tenure {
    Tenure { left: until.saturating_sub(now()), ..tenure.clone() }
}

fn now() -> Duration {
    SystemClock::new().monotonic()
}

impl Lease for MemoryLease {
    fn claim<'a>(&'a self, claimant: &'a Claimant) -> BoxFuture<'a, Result<Tenure, LeaseError>> {
        async move {
            let mut row = self.row().await?;
            let (mut epoch, now) = (1, now());
            if let Some((tenure, until)) = &*row {
                if *until > now && tenure.holder != claimant.id {
                    return Ok(seen(&(tenure.clone(), *until)));
                }
                epoch = tenure.epoch + 1;
            }
            let (holder, address) = (claimant.id, claimant.address.clone());
            let tenure = Tenure { epoch, holder, address, left: claimant.lease };
            *row = Some((tenure.clone(), now + claimant.lease));
            Ok(tenure)
        }
        .boxed()
    }

    fn look(&self) -> BoxFuture<'_, Result<Option<Tenure>, LeaseError>> {
        async move { Ok(self.row().await?.as_ref().filter(|(_, until)| *until > now()).map(seen)) }.boxed()
    }

    fn renew<'a>(&'a self, claimant: &'a Claimant, epoch: u64) -> BoxFuture<'a, Result<bool, LeaseError>> {
        async move {
            let mut row = self.row().await?;
            let own = |(tenure, until): &&mut (Tenure, Duration)| {
                tenure.holder == claimant.id && tenure.epoch == epoch && *until > now()
            };
            let Some((_, until)) = row.as_mut().filter(own) else { return Ok(false) };
            *until = now() + claimant.lease;
            Ok(true)
        }
        .boxed()
    }

    fn release<'a>(&'a self, claimant: &'a Claimant, epoch: u64) -> BoxFuture<'a, Result<(), LeaseError>> {
        async move {
            let mut row = self.row().await?;
            if let Some((tenure, until)) = &mut *row
                && tenure.holder == claimant.id
                && tenure.epoch == epoch
            {
                *until = Duration::ZERO;
            }
            Ok(())
        }
        .boxed()
    }
}
