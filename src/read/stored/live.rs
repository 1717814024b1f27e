//! Whole projections, read to be compared with a replay.

use events::{CommandId, IdSet, Position, Time, WalletId};
use projections::{Basis, EntryRow, Identity, ReturnedRow, Rules, UsageCounts, UsageKey, fingerprint};
use uuid::Uuid;

use super::{
    Database, Snapshot, StoredReads, Tables, entries,
    entry_rows::{self, List},
    liability, rows, segments, usage,
};
use crate::engine::Timer;
use crate::read::{
    Kept, LiabilityMark, Live, PeopleQuery, StoreFault, WalletMark,
    replay::{EntryList, ListDigest},
};

impl<D: Database> StoredReads<D> {
    async fn single(&self) -> Result<D::Single, StoreFault> {
        self.0.database.single().await
    }
}

impl<D: Database> Live for StoredReads<D> {
    async fn applied(&self) -> Result<Position, StoreFault> {
        self.single().await?.checkpoint().await
    }

    async fn entries_are(
        &self,
        from: Position,
        to: Position,
        expected: &[EntryRow],
    ) -> Result<bool, StoreFault> {
        Ok(self.entries_between(from, to).await? == expected)
    }

    async fn entries_between(&self, from: Position, to: Position) -> Result<Vec<EntryRow>, StoreFault> {
        entry_rows::between(&mut self.single().await?, from, to).await
    }

    async fn list_digests(&self) -> Result<Vec<(EntryList, ListDigest)>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let digests = entry_rows::list_digests(&mut snapshot).await;
        snapshot.end().await?;
        digests
    }

    async fn listed(
        &self,
        list: EntryList,
        from: Position,
        to: Position,
    ) -> Result<Vec<Position>, StoreFault> {
        let mut connection = self.single().await?;
        let mut positions = Vec::new();
        if let Some((org, app)) = entries::numbers(&mut connection, list.org, list.app).await? {
            let list = List { org, app, kind: list.kind };
            list.newest(&mut connection, (from, to), usize::MAX, &mut positions).await?;
        }
        Ok(positions)
    }

    async fn wallets_after(&self, after: Option<WalletId>, limit: usize) -> Result<Vec<Kept>, StoreFault> {
        self.single().await?.wallets_after(after, limit).await
    }

    async fn returned_from(&self, from: Position, limit: usize) -> Result<Vec<ReturnedRow>, StoreFault> {
        self.single().await?.returned_from(from, limit).await
    }

    async fn timers_after(&self, after: Option<Timer>, limit: usize) -> Result<Vec<Timer>, StoreFault> {
        let first = (Time::from_micros(i64::MIN), WalletId(Uuid::nil()));
        self.single().await?.timers(after.unwrap_or(first), after.is_none(), limit).await
    }

    async fn wallet_marks_after(
        &self,
        after: Option<(WalletId, Position)>,
        limit: usize,
    ) -> Result<Vec<WalletMark>, StoreFault> {
        self.single().await?.marks_after(after, limit).await
    }

    async fn liability_marks(&self) -> Result<Vec<LiabilityMark>, StoreFault> {
        liability::marks(&mut self.single().await?, false).await
    }

    async fn bases_from(&self, from: Position, limit: usize) -> Result<Vec<(Position, Basis)>, StoreFault> {
        self.single().await?.bases_from(from, limit).await
    }

    async fn usage_rows(&self) -> Result<Vec<(UsageKey, UsageCounts)>, StoreFault> {
        usage::all(&mut self.single().await?).await
    }

    async fn rule_rows(&self) -> Result<Rules, StoreFault> {
        rows::rules(&mut self.single().await?, None).await
    }

    async fn identity_rows(&self) -> Result<Identity, StoreFault> {
        rows::identity(&mut self.single().await?, PeopleQuery::ALL).await
    }

    async fn answers_digest(&self) -> Result<(u64, u128), StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let digest = segments::digest(&mut snapshot).await;
        snapshot.end().await?;
        digest
    }

    async fn answers_missing(
        &self,
        answers: &[(CommandId, Position)],
    ) -> Result<Vec<(CommandId, Position)>, StoreFault> {
        let filters = self.0.filters.load_full();
        let known = |answer: &&(CommandId, Position)| filters.may_know(fingerprint(answer.0));
        let fingerprints: Vec<u64> =
            answers.iter().filter(known).map(|answer| fingerprint(answer.0)).collect();
        let mut snapshot = self.snapshot().await?;
        let found = segments::find(&mut snapshot, &filters, &fingerprints).await;
        snapshot.end().await?;
        let found: IdSet<(u64, u64)> = found?.into_iter().collect();
        let missing =
            answers.iter().filter(|(id, position)| !found.contains(&(fingerprint(*id), position.get())));
        Ok(missing.copied().collect())
    }
}
