//! The engine's cold state, read from the projections in one snapshot.

use std::collections::BTreeMap;

use events::{CommandId, Event, OrgId, Position, ReturnedSlice};
use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use ledger::{Cap, Lot, Lots, OpenHold, Rules, Special, Terms, Wallet};
use projections::{CapRow, HoldRow, LotRow, WalletRow, fingerprint};
use tokio::sync::watch;

use super::{Database, Snapshot, StoredReads, Tables, rows, segments};
use crate::{
    engine::{ColdError, ColdState, Loaded, LoadedRules, LoadedTimers, Timer, Wanted},
    read::StoreFault,
};

impl<D: Database> ColdState for StoredReads<D> {
    fn may_know(&self, command: CommandId) -> bool {
        self.0.filters.load().may_know(fingerprint(command))
    }

    fn load(&self, wanted: Wanted) -> BoxFuture<'_, Result<Loaded, ColdError>> {
        let reads = self.clone();
        let loading = to_the_end(async move { reads.load_now(&wanted).await });
        loading.map_err(|fault| ColdError(fault.to_string())).boxed()
    }

    fn rules(&self) -> BoxFuture<'_, Result<LoadedRules, ColdError>> {
        let reads = self.clone();
        let loading = to_the_end(async move { reads.rules_now().await });
        loading.map_err(|fault| ColdError(fault.to_string())).boxed()
    }

    fn timers(&self, from: Timer, limit: usize) -> BoxFuture<'_, Result<LoadedTimers, ColdError>> {
        let reads = self.clone();
        let loading = to_the_end(async move { reads.timers_now(from, limit).await });
        loading.map_err(|fault| ColdError(fault.to_string())).boxed()
    }

    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.0.progress.checkpoint()
    }
}

/// Runs a read in a task of its own, so that it ends even when its caller doesn't wait: a transaction
/// given up half-way would stay open in the pool, and its old snapshot would be read by others.
pub(super) async fn to_the_end<T: Send + 'static>(
    read: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
) -> Result<T, StoreFault> {
    let ended = tokio::spawn(read).await;
    ended.unwrap_or_else(|error| Err(StoreFault::Unavailable(error.to_string())))
}

impl<D: Database> StoredReads<D> {
    /// A snapshot of all projections.
    pub(super) async fn snapshot(&self) -> Result<D::Snapshot, StoreFault> {
        self.0.database.snapshot().await
    }

    /// A snapshot for the engine, which waits for no other reader.
    async fn engine_snapshot(&self) -> Result<D::Snapshot, StoreFault> {
        self.0.database.engine_snapshot().await
    }

    async fn load_now(&self, wanted: &Wanted) -> Result<Loaded, StoreFault> {
        let mut snapshot = self.engine_snapshot().await?;
        let loaded = self.load_from(&mut snapshot, wanted).await;
        snapshot.end().await?;
        loaded
    }

    async fn load_from(&self, snapshot: &mut D::Snapshot, wanted: &Wanted) -> Result<Loaded, StoreFault> {
        let mut loaded = Loaded { checkpoint: snapshot.checkpoint().await?, ..Loaded::default() };
        if !wanted.wallets.is_empty() {
            let rows = snapshot.wallets(&wanted.wallets).await?;
            loaded.wallets = rows.into_iter().map(|kept| (kept.row.id, wallet(kept.row))).collect();
        }
        if !wanted.returned.is_empty() {
            let rows = snapshot.returned(&wanted.returned).await?;
            loaded.returned = rows.into_iter().map(|row| (row.of, row.total)).collect();
        }
        if !wanted.commands.is_empty() {
            let fingerprints: Vec<u64> = wanted.commands.iter().copied().map(fingerprint).collect();
            let found = segments::find(snapshot, &self.0.filters.load(), &fingerprints).await?;
            // A fingerprint may be shared: the engine asks the event itself.
            for command in &wanted.commands {
                let of_command = found.iter().filter(|(found, _)| *found == fingerprint(*command));
                loaded.commands.extend(of_command.map(|(_, position)| (*command, Position(*position))));
            }
        }
        Ok(loaded)
    }

    async fn rules_now(&self) -> Result<LoadedRules, StoreFault> {
        let mut snapshot = self.engine_snapshot().await?;
        let checkpoint = snapshot.checkpoint().await;
        let rules = rows::rules(&mut snapshot, None).await;
        snapshot.end().await?;
        let rules = rules?;
        Ok(LoadedRules { checkpoint: checkpoint?, rules: all_rules(&rules) })
    }

    async fn timers_now(&self, from: Timer, limit: usize) -> Result<LoadedTimers, StoreFault> {
        let mut snapshot = self.engine_snapshot().await?;
        let checkpoint = snapshot.checkpoint().await;
        let timers = snapshot.timers(from, true, limit).await;
        snapshot.end().await?;
        Ok(LoadedTimers { checkpoint: checkpoint?, timers: timers? })
    }
}

/// An organization's rules as decisions need them.
pub(super) fn rules_of(rules: &projections::Rules, org: OrgId) -> Rules {
    let mut of_org = Rules { policy: rules.policy_of(org), ..Rules::default() };
    for price in rules.prices_of(org) {
        of_org.apply(&Event::PriceSet(price.set.clone()), price.version);
    }
    of_org
}

/// The rules of every organization that has any, in one pass over all prices.
fn all_rules(rules: &projections::Rules) -> Vec<(OrgId, Rules)> {
    let with_policy = |org: OrgId| Rules { policy: rules.policy_of(org), ..Rules::default() };
    let mut all: BTreeMap<OrgId, Rules> =
        rules.policies.keys().map(|org| (*org, with_policy(*org))).collect();
    for price in rules.prices.values() {
        let of_org = all.entry(price.org).or_insert_with(|| with_policy(price.org));
        of_org.apply(&Event::PriceSet(price.set.clone()), price.version);
    }
    all.into_iter().collect()
}

fn wallet(row: WalletRow) -> Wallet {
    let lot = |lot: LotRow| Lot { id: lot.id, remaining: lot.remaining, terms: lot.terms };
    Wallet {
        org: row.org,
        balance: row.balance,
        reserved: row.reserved,
        debt: row.debt,
        frozen: row.frozen,
        account_seq: row.account_seq,
        last: row.last,
        lots: Lots::new(row.lots.into_iter().map(lot)),
        special: Special::from(Terms {
            limit: row.limit,
            threshold: row.threshold,
            holds: row.holds.into_iter().map(hold).collect(),
            caps: row.caps.into_iter().map(cap).collect(),
        }),
    }
}

fn hold(row: HoldRow) -> OpenHold {
    let slice = |lot: LotRow| ReturnedSlice { lot: lot.id, amount: lot.remaining, terms: lot.terms };
    OpenHold {
        id: row.id,
        app: row.app,
        service: row.service,
        budget: row.budget,
        expires: row.expires,
        cap: row.cap,
        captured: row.captured,
        slices: row.slices.into_iter().map(slice).collect(),
        overdrawn: row.overdrawn,
    }
}

fn cap(row: CapRow) -> Cap {
    let CapRow { app, budget, period, amount, since, used } = row;
    Cap { app, budget, period, amount, since, used }
}
