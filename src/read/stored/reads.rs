//! Reads of the projections.

use std::sync::Arc;

use events::{Credits, OrgId, Position, Time, WalletId};
use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use ledger::Rules;
use tokio::sync::watch;

use super::{
    Database, Snapshot, StoredReads, Tables,
    cold::{self, to_the_end},
    log_events, rows,
};
use crate::read::{
    EntryPage, EntryQuery, Explained, HoldEnd, IdentityRows, LiabilityReport, PeopleQuery, ReadFault, Reads,
    StatementPart, StatementQuery, StoreFault, UsageQuery, UsageReport, WalletView, When,
};

impl<D: Database> Reads for StoredReads<D> {
    fn wallet(&self, wallet: WalletId) -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>> {
        self.reading(move |reads| async move { reads.0.database.single().await?.wallet(wallet).await })
    }

    fn entries(&self, query: EntryQuery) -> BoxFuture<'_, Result<EntryPage, ReadFault>> {
        self.reading(|reads| async move { reads.entry_page(&query).await })
    }

    fn returned(&self, event: Position) -> BoxFuture<'_, Result<Option<(Credits, Position)>, ReadFault>> {
        self.reading(move |reads| async move {
            let mut snapshot = reads.snapshot().await?;
            let found = snapshot.returned(&[event]).await;
            snapshot.end().await?;
            Ok(found?.first().map(|row| (row.total, row.last)))
        })
    }

    fn hold_end(
        &self,
        wallet: WalletId,
        hold: Position,
    ) -> BoxFuture<'_, Result<Option<HoldEnd>, ReadFault>> {
        self.reading(move |reads| async move { reads.hold_ended(wallet, hold).await })
    }

    fn rules(&self, org: OrgId) -> BoxFuture<'_, Result<Arc<Rules>, ReadFault>> {
        self.reading(move |reads| async move {
            let mut snapshot = reads.snapshot().await?;
            let found = rows::rules(&mut snapshot, Some(org)).await;
            snapshot.end().await?;
            Ok(Arc::new(cold::rules_of(&found?, org)))
        })
    }

    fn identity(&self, people: PeopleQuery) -> BoxFuture<'_, Result<IdentityRows, ReadFault>> {
        self.reading(move |reads| async move { reads.identity_now(people).await })
    }

    fn position_at(&self, time: Time) -> BoxFuture<'_, Result<Position, ReadFault>> {
        self.reading(move |reads| async move {
            let log = &reads.0.log;
            let head = log.head().await.map_err(log_events::unread)?;
            log_events::position_at(log, time, head).await
        })
    }

    fn wallet_at(
        &self,
        wallet: WalletId,
        when: When,
    ) -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>> {
        self.reading(move |reads| async move { reads.wallet_then(wallet, when).await })
    }

    fn statement(&self, query: StatementQuery) -> BoxFuture<'_, Result<Option<StatementPart>, ReadFault>> {
        self.reading_long(move |reads| async move { reads.statement_part(query).await })
    }

    fn explanation(
        &self,
        wallet: WalletId,
        when: When,
        events_max: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadFault>> {
        self.reading_long(move |reads| async move { reads.explained(wallet, when, events_max).await })
    }

    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<UsageReport, ReadFault>> {
        self.reading_long(|reads| async move { reads.usage_report(&query).await })
    }

    fn liability(
        &self,
        org: OrgId,
        from: When,
        to: When,
    ) -> BoxFuture<'_, Result<LiabilityReport, ReadFault>> {
        self.reading(move |reads| async move { reads.liability_report(org, from, to).await })
    }

    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.0.progress.checkpoint()
    }

    fn hurry(&self, position: Position) {
        self.0.progress.hurry(position);
    }
}

impl<D: Database> StoredReads<D> {
    /// A read that ends even when nobody waits for it any more.
    fn reading<T, F>(&self, read: impl FnOnce(Self) -> F) -> BoxFuture<'_, Result<T, ReadFault>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreFault>> + Send + 'static,
    {
        to_the_end(read(self.clone())).map_err(ReadFault::from).boxed()
    }

    /// A read that may take seconds: it waits for its turn, without a connection, as long as its caller
    /// waits.
    fn reading_long<T, F>(
        &self,
        read: impl FnOnce(Self) -> F + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadFault>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreFault>> + Send + 'static,
    {
        async move {
            let turn = self.0.long_reads.clone().acquire_owned().await;
            let turn = turn.map_err(|_| ReadFault::Unavailable("it is closed".to_owned()))?;
            let reads = self.clone();
            let reading = to_the_end(async move {
                let found = read(reads).await;
                drop(turn);
                found
            });
            reading.await.map_err(ReadFault::from)
        }
        .boxed()
    }

    async fn identity_now(&self, people: PeopleQuery) -> Result<IdentityRows, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let as_of = snapshot.checkpoint().await;
        let all = rows::identity(&mut snapshot, people).await;
        snapshot.end().await?;
        let (as_of, all) = (as_of?, all?);
        Ok(IdentityRows {
            organizations: all.organizations.into_values().collect(),
            apps: all.apps.into_values().collect(),
            keys: all.keys.into_values().collect(),
            people: all.people.into_rows().collect(),
            as_of,
        })
    }
}
