//! The files of a ledger, opened to be read and checked without its server.

use std::{path::Path, sync::Arc};

use events::{LedgerId, Position};

use super::failure::{Failure, Outcome};
use crate::{
    engine::ledger_id,
    log::{Log, ReadError, sqlite::SqliteLog},
    read::{
        Halted, Live, PageFault, StoreFault,
        replay::{ReplayFault, Verified, VerifyFault, verify},
        sqlite::{self, OpenError, SqliteReads},
    },
};

/// How often projections that went on during a comparison are compared again.
const ATTEMPTS: usize = 3;

/// The log and the projections of a data directory, for reading alone: a server may run meanwhile.
pub(super) struct Books {
    /// The ledger.
    pub(super) ledger: LedgerId,
    /// The log.
    pub(super) log: Arc<SqliteLog>,
    /// The projections; none when there are none of this version.
    pub(super) projections: Option<SqliteReads>,
}

impl Books {
    /// Opens them.
    pub(super) async fn open(data_dir: &Path) -> Outcome<Self> {
        let log = SqliteLog::open_read_only(data_dir).await.map_err(|error| Failure::Other(error.into()))?;
        let log = Arc::new(log);
        let ledger = ledger_id(&*log).await.map_err(|error| Failure::Verification(error.to_string()))?;
        let ledger =
            ledger.ok_or_else(|| anyhow::anyhow!("the log in {} holds no event", data_dir.display()))?;
        let reads: Arc<dyn Log> = log.clone();
        let projections = match sqlite::read_only(data_dir, ledger, reads).await {
            Ok(projections) => Some(projections),
            Err(error) => {
                eprintln!("note: the projections are left out: {error}");
                None
            }
        };
        Ok(Self { ledger, log, projections })
    }

    /// Closes the files.
    pub(super) async fn close(self) {
        if let Some(projections) = self.projections {
            projections.close().await;
        }
        self.log.close().await;
    }

    /// How far the projections are; none when there are none, or when that can't be read.
    async fn applied(&self) -> Option<Position> {
        self.projections.as_ref()?.applied().await.ok()
    }

    /// Checks every event, and the projected wallets, which may go on meanwhile.
    pub(super) async fn verify(
        &self,
        mut report: impl FnMut(Position, Position) + Send,
    ) -> Outcome<Verified> {
        for _ in 0..ATTEMPTS {
            let before = self.applied().await;
            match verify(self.log.clone(), self.projections.as_ref(), &mut report).await {
                Err(VerifyFault::Replay(ReplayFault::Moved { .. })) => {}
                // Rows of a later moment than the one that they are compared with are no finding.
                Err(VerifyFault::Finding(_)) if before != self.applied().await => {}
                result => return result.map_err(|fault| failed(&fault)),
            }
        }
        eprintln!("note: a server goes on writing, so the projections are left out");
        let result = verify(self.log.clone(), None::<&SqliteReads>, &mut report).await;
        result.map_err(|fault| failed(&fault))
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
pub(super) fn unreadable(fault: &ReplayFault) -> Failure {
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

/// The failure of a rebuild, likewise.
pub(super) fn not_rebuilt(error: OpenError) -> Failure {
    let damaged = |halted: &Halted| match halted {
        Halted::Poison(_) | Halted::Ahead { .. } => true,
        Halted::Log(fault) => is_damage(fault),
        Halted::Store(_) => false,
    };
    if matches!(&error, OpenError::Halted(halted) if damaged(halted)) {
        Failure::Verification(error.to_string())
    } else {
        Failure::Other(error.into())
    }
}

const fn is_damage(fault: &PageFault) -> bool {
    match fault {
        PageFault::Undecodable { .. } | PageFault::Read(ReadError::Corrupt { .. }) => true,
        PageFault::Read(ReadError::Unavailable(_)) => false,
    }
}
