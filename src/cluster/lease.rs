//! The lease on writing: a port, because it lives where the log lives.

use std::time::Duration;

use futures::future::BoxFuture;
use uuid::Uuid;

/// A process that may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// Its own id, drawn at each start.
    pub id: Uuid,
    /// Where its internal listener is reached, such as `http://10.0.0.7:8081`.
    pub address: Box<str>,
    /// How long its lease lasts without a renewal.
    pub lease: Duration,
}

/// Who has the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    /// Counts holders: every claim that succeeds gets the next number.
    pub epoch: u64,
    /// The holder.
    pub holder: Uuid,
    /// Where the holder is reached.
    pub address: Box<str>,
    /// How much was left when this was read, by the clock of whoever keeps the lease.
    pub left: Duration,
}

/// The lease cannot be read or written now.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the lease cannot be read or written: {0}")]
pub struct LeaseError(pub String);

/// Keeps one ledger's lease. All times are by its own clock, so that those of the processes need not
/// agree.
pub trait Lease: Send + Sync + 'static {
    /// Takes the lease when nobody has it, or when it is the claimant's own of before; tells who has
    /// it then. The claimant may write only when that is itself.
    fn claim<'a>(&'a self, claimant: &'a Claimant) -> BoxFuture<'a, Result<Tenure, LeaseError>>;

    /// Who has the lease now, if anybody.
    fn look(&self) -> BoxFuture<'_, Result<Option<Tenure>, LeaseError>>;

    /// Makes the lease of `epoch` last its full time from now on. False when it is another's, or was
    /// let run out.
    fn renew<'a>(&'a self, claimant: &'a Claimant, epoch: u64) -> BoxFuture<'a, Result<bool, LeaseError>>;

    /// Gives the lease of `epoch` back, so that nobody has to wait until it has run out.
    fn release<'a>(&'a self, claimant: &'a Claimant, epoch: u64) -> BoxFuture<'a, Result<(), LeaseError>>;
}
