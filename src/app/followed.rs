//! Reads of a replica: always of what the database has, whoever writes it.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use events::{Credits, OrgId, Position, Time, WalletId};
use futures::future::BoxFuture;
use ledger::Rules;
use tokio::sync::watch;

use crate::read::{
    EntryPage, EntryQuery, Explained, HoldEnd, IdentityRows, LiabilityReport, PeopleQuery, ReadFault, Reads,
    StatementPart, StatementQuery, UsageQuery, UsageReport, WalletView, When, postgres::PostgresReads,
};

/// The projections as they are followed; while this process keeps them up to date, it hurries itself.
pub(super) struct Followed {
    pub(super) reads: PostgresReads,
    /// The projections that this process writes.
    pub(super) writing: ArcSwapOption<PostgresReads>,
}

impl Followed {
    pub(super) fn new(reads: PostgresReads) -> Arc<Self> {
        Arc::new(Self { reads, writing: ArcSwapOption::empty() })
    }
}

impl Reads for Followed {
    fn wallet(&self, wallet: WalletId) -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>> {
        self.reads.wallet(wallet)
    }

    fn entries(&self, query: EntryQuery) -> BoxFuture<'_, Result<EntryPage, ReadFault>> {
        self.reads.entries(query)
    }

    fn returned(&self, event: Position) -> BoxFuture<'_, Result<Option<(Credits, Position)>, ReadFault>> {
        self.reads.returned(event)
    }

    fn hold_end(
        &self,
        wallet: WalletId,
        hold: Position,
    ) -> BoxFuture<'_, Result<Option<HoldEnd>, ReadFault>> {
        self.reads.hold_end(wallet, hold)
    }

    fn rules(&self, org: OrgId) -> BoxFuture<'_, Result<Arc<Rules>, ReadFault>> {
        self.reads.rules(org)
    }

    fn identity(&self, people: PeopleQuery) -> BoxFuture<'_, Result<IdentityRows, ReadFault>> {
        self.reads.identity(people)
    }

    fn position_at(&self, time: Time) -> BoxFuture<'_, Result<Position, ReadFault>> {
        self.reads.position_at(time)
    }

    fn wallet_at(
        &self,
        wallet: WalletId,
        when: When,
    ) -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>> {
        self.reads.wallet_at(wallet, when)
    }

    fn statement(&self, query: StatementQuery) -> BoxFuture<'_, Result<Option<StatementPart>, ReadFault>> {
        self.reads.statement(query)
    }

    fn explanation(
        &self,
        wallet: WalletId,
        when: When,
        events_max: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadFault>> {
        self.reads.explanation(wallet, when, events_max)
    }

    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<UsageReport, ReadFault>> {
        self.reads.usage(query)
    }

    fn liability(
        &self,
        org: OrgId,
        from: When,
        to: When,
    ) -> BoxFuture<'_, Result<LiabilityReport, ReadFault>> {
        self.reads.liability(org, from, to)
    }

    fn checkpoint(&self) -> watch::Receiver<Position> {
        Reads::checkpoint(&self.reads)
    }

    fn hurry(&self, position: Position) {
        if let Some(writing) = &*self.writing.load() {
            writing.hurry(position);
        }
    }
}
