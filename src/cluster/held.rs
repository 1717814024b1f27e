//! The lease, held for other work than deciding commands: nobody writes meanwhile.

use std::{sync::Arc, time::Duration};

use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    Claimant, Lease, LeaseError, Options, Tenure, Term,
    keeper::{keep, within},
};
use crate::clock::Clock;

/// The address in the lease of an import, where nobody is reached.
const IMPORT: &str = "import";

/// The lease of an import ends only with the import: what it has stored until then is no ledger that may
/// go on. A hundred years.
const FOR_GOOD: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Names importers by what they import.
const IMPORTERS: Uuid = Uuid::from_u128(0x2c5e_91d8_44b7_4f0a_8f3e_6d0c_b1a7_52e9);

impl Claimant {
    /// Whoever imports the export whose hash tree has this root, also when it was broken off before.
    #[must_use]
    pub fn importing(root: &str) -> Self {
        Self { id: Uuid::new_v5(&IMPORTERS, root.as_bytes()), address: IMPORT.into(), lease: FOR_GOOD }
    }
}

impl Tenure {
    /// Whether the ledger is being imported: it is not whole, and nobody else may write it.
    #[must_use]
    pub fn is_import(&self) -> bool {
        &*self.address == IMPORT
    }
}

/// A lease that is kept until it is given back, or lost.
pub struct Held {
    lease: Arc<dyn Lease>,
    claimant: Arc<Claimant>,
    term: Arc<Term>,
    keeping: AbortOnDropHandle<()>,
}

/// Why the lease could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Somebody else has it.
    #[error("the ledger is written by {}", .0.address)]
    Taken(Tenure),
    /// It cannot be asked for.
    #[error(transparent)]
    Lease(#[from] LeaseError),
}

impl Held {
    /// Takes the lease and renews it from then on.
    ///
    /// # Errors
    /// See [`HoldError`].
    pub async fn take(
        lease: Arc<dyn Lease>,
        claimant: Claimant,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, HoldError> {
        let asked = clock.monotonic();
        let tenure = within(options.lease, lease.claim(&claimant)).await?;
        if tenure.holder != claimant.id {
            return Err(HoldError::Taken(tenure));
        }
        let claimant = Arc::new(claimant);
        let term = Term::new(tenure.epoch, Arc::clone(&clock), asked, claimant.lease, options.margin);
        let term = Arc::new(term);
        let keeping = {
            let (lease, claimant, term) = (Arc::clone(&lease), Arc::clone(&claimant), Arc::clone(&term));
            tokio::spawn(async move {
                let reason = keep(&*lease, &claimant, &term, &*clock, &options).await;
                tracing::warn!(reason, "the lease is lost");
                term.end();
            })
        };
        Ok(Self { lease, claimant, term, keeping: AbortOnDropHandle::new(keeping) })
    }

    /// Resolves when the lease is lost.
    pub async fn lost(&self) {
        self.term.ended().await;
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// When that cannot be told to whoever keeps it: then it runs out.
    pub async fn give_back(self) -> Result<(), LeaseError> {
        let Self { lease, claimant, term, keeping } = self;
        drop(keeping);
        lease.release(&claimant, term.epoch()).await
    }
}
