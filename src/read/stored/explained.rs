//! The whole life of a wallet, read from the log.

use events::{OrgId, Position, WalletId};
use futures::TryStreamExt;

use super::{
    Database, Snapshot, StoredReads, Tables, corrupt,
    past::{Part, RUN, Run, read_runs, runs},
};
use crate::read::{Explained, Explanation, StoreFault, When};

/// Where the whole life of a wallet is.
struct Life {
    org: OrgId,
    until: Position,
    runs: Vec<Run>,
}

impl<D: Database> StoredReads<D> {
    pub(super) async fn explained(
        &self,
        wallet: WalletId,
        when: When,
        events_max: usize,
    ) -> Result<Explained, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let found = self.life(&mut snapshot, wallet, when, events_max).await;
        snapshot.end().await?;
        let Some(Life { org, until, runs }) = found? else {
            return Ok(Explained::Unknown);
        };
        // The first run has one event at least, the last one perhaps none, all others as many.
        if runs.len().saturating_sub(2) * RUN >= events_max {
            return Ok(Explained::TooLong);
        }
        // The log does not change, so that nobody has to wait for a snapshot while it is read.
        let mut explanation = Explanation::new(wallet, org, until);
        let (mut runs, mut count) = (read_runs(&self.0.log, runs, until), 0);
        while let Some(run) = runs.try_next().await? {
            count += run.len();
            if count > events_max {
                return Ok(Explained::TooLong);
            }
            for recorded in &run {
                let position = recorded.envelope.position;
                let lost = || corrupt(format!("event {position} names a lot that the wallet never had"));
                explanation.follow(recorded).ok_or_else(lost)?;
            }
        }
        Ok(if count == 0 { Explained::Unknown } else { Explained::Told(Box::new(explanation)) })
    }

    async fn life(
        &self,
        snapshot: &mut D::Snapshot,
        wallet: WalletId,
        when: When,
        events_max: usize,
    ) -> Result<Option<Life>, StoreFault> {
        let until = self.moment(snapshot, when).await?.position;
        let Some(now) = snapshot.wallet(wallet).await? else {
            return Ok(None);
        };
        // One run more than there may be, which tells without a look at the log.
        let limit = events_max.saturating_add(RUN);
        let part = Part { wallet, last: now.row.last, from: Position(0), until, limit };
        Ok(Some(Life { org: now.row.org, until, runs: runs(snapshot, part).await? }))
    }
}
