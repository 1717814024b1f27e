//! A ledger, opened to be read and checked without its server.

use std::sync::Arc;

use events::{LedgerId, Position};

use super::{
    failure::{Failure, Outcome},
    place::{OpenLog, Place},
};
use crate::{
    log::{Log, ReadError},
    read::{
        Halted, PageFault, StoreFault, StoredReads, postgres,
        replay::{self, Comparison, ReplayFault, Verified, VerifyFault},
        sqlite,
    },
};

/// The log and the projections of a ledger, for reading alone. A server may go on writing them: what
/// the projections are when this is opened, they stay.
pub(super) struct Books {
    /// The log.
    pub(super) log: OpenLog,
    projections: Option<Projections>,
}

/// The projections, wherever they are.
enum Projections {
    File(StoredReads<sqlite::Frozen>),
    Database(StoredReads<postgres::Frozen>),
}

impl Projections {
    async fn open(place: &Place, ledger: LedgerId, log: Arc<dyn Log>) -> Result<Self, String> {
        match place {
            Place::Directory(directory) => {
                let opened = sqlite::frozen(directory, ledger, log).await;
                opened.map(Self::File).map_err(|error| error.to_string())
            }
            Place::Database(database) => {
                let opened = postgres::frozen(database.get(), ledger, log).await;
                opened.map(Self::Database).map_err(|error| error.to_string())
            }
        }
    }
}

impl Books {
    /// Opens them.
    pub(super) async fn open(place: &Place) -> Outcome<Self> {
        let log = place.log().await?;
        let projections = match Projections::open(place, log.ledger, Arc::clone(&log.log)).await {
            Ok(projections) => Some(projections),
            Err(error) => {
                eprintln!("note: the projections are left out: {error}");
                None
            }
        };
        Ok(Self { log, projections })
    }

    /// Closes files and connections.
    pub(super) async fn close(self) {
        match self.projections {
            Some(Projections::File(reads)) => reads.close().await,
            Some(Projections::Database(reads)) => reads.close().await,
            None => {}
        }
        self.log.close().await;
    }

    /// Checks every event, and the projected wallets.
    pub(super) async fn verify(&self, report: impl FnMut(Position, Position) + Send) -> Outcome<Verified> {
        let log = Arc::clone(&self.log.log);
        let result = match &self.projections {
            Some(Projections::File(reads)) => replay::verify(log, Some(reads), report).await,
            Some(Projections::Database(reads)) => replay::verify(log, Some(reads), report).await,
            None => replay::verify(log, None::<&StoredReads<sqlite::Frozen>>, report).await,
        };
        result.map_err(|fault| failed(&fault))
    }

    /// Compares the projections with a fold of the log.
    pub(super) async fn compare(&self, report: impl FnMut(Position, Position) + Send) -> Outcome<Comparison> {
        let (ledger, log) = (self.log.ledger, Arc::clone(&self.log.log));
        let compared = match &self.projections {
            Some(Projections::File(reads)) => replay::compare(ledger, log, reads, report).await,
            Some(Projections::Database(reads)) => replay::compare(ledger, log, reads, report).await,
            None => return Err(anyhow::anyhow!("there is nothing to compare: run `replay --rebuild`").into()),
        };
        compared.map_err(|fault| unreadable(&fault))
    }
}

/// Something wrong is a failed verification; a file that can't be read is not.
fn failed(fault: &VerifyFault) -> Failure {
    match fault {
        VerifyFault::Finding(finding) => Failure::Verification(finding.to_string()),
        VerifyFault::Replay(fault) => unreadable(fault),
    }
}

/// The failure of a replay: damage is a failed verification, a store that doesn't answer is not.
fn unreadable(fault: &ReplayFault) -> Failure {
    let damaged = match fault {
        ReplayFault::Poison(_) => true,
        ReplayFault::Log(fault) => is_damage(fault),
        ReplayFault::Live(fault) => matches!(fault, StoreFault::Corrupt(_)),
        ReplayFault::Moved { .. } => false,
    };
    if damaged {
        Failure::Verification(fault.to_string())
    } else {
        Failure::Other(anyhow::anyhow!("{fault}"))
    }
}

/// Whether projections halted because something stored is wrong.
pub(super) fn is_damaged(halted: Option<&Halted>) -> bool {
    halted.is_some_and(|halted| match halted {
        Halted::Poison(_) | Halted::Ahead { .. } => true,
        Halted::Log(fault) => is_damage(fault),
        Halted::Store(_) => false,
    })
}

/// The failure of a rebuild: damage is a failed verification.
pub(super) fn not_rebuilt(damaged: bool, error: anyhow::Error) -> Failure {
    if damaged { Failure::Verification(error.to_string()) } else { Failure::Other(error) }
}

const fn is_damage(fault: &PageFault) -> bool {
    match fault {
        PageFault::Undecodable { .. } | PageFault::Read(ReadError::Corrupt { .. }) => true,
        PageFault::Read(ReadError::Unavailable(_)) => false,
    }
}
