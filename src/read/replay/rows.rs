//! Rows that a fold holds in memory, against the live ones.

use std::collections::HashMap;

use events::{IdMap, OrgId, Position, WalletId};
use projections::{Identity, Rules};

use super::{Differences, compare::compare_all, footing::Footing};
use crate::{
    engine::Timer,
    read::{Kept, LiabilityMark, Live, StoreFault, WalletMark, fold::Rows},
};

/// Rows read at once.
const ROWS: usize = 2_000;

/// Marks that the log makes.
#[derive(Debug, Default)]
pub(super) struct Marks {
    wallets: HashMap<(WalletId, Position), WalletMark>,
    liability: HashMap<(OrgId, Position), LiabilityMark>,
}

impl Marks {
    /// Takes in the next marks.
    pub(super) fn add(&mut self, (wallets, liability): (&[WalletMark], &[LiabilityMark])) {
        self.wallets.extend(wallets.iter().map(|mark| ((mark.wallet, mark.last), mark.clone())));
        self.liability.extend(liability.iter().map(|mark| ((mark.org, mark.position), mark.clone())));
    }
}

/// Compares every row as of `until`, and the flows with what the wallets hold; the result is by name of
/// the projection.
pub(super) async fn compare(
    live: &impl Live,
    folded: Rows,
    marks: Marks,
    until: Position,
) -> Result<Vec<(&'static str, Differences)>, StoreFault> {
    let (mut wallets, mut footing) = (Differences::default(), Footing::default());
    let timers = folded.wallets.values().filter_map(|kept| Some((kept.row.due()?, kept.row.id))).collect();
    compare_wallets(live, folded.wallets, &mut wallets, &mut footing).await?;
    compare_timers(live, timers, &mut wallets).await?;
    compare_wallet_marks(live, marks.wallets, &mut wallets).await?;
    let mut liability = compare_liability(live, marks.liability).await?;
    footing.faults(live, until).await?.into_iter().for_each(|fault| liability.note(|| fault));
    Ok(vec![
        ("identity", compare_identity(&live.identity_rows().await?, &folded.identity)),
        ("returned", compare_returned(live, folded.returned).await?),
        ("wallets", wallets),
        ("bases", compare_bases(live, folded.bases).await?),
        ("liability", liability),
        ("rules", compare_rules(&live.rule_rows().await?, &folded.rules)),
        ("usage", compare_usage(live, folded.usage).await?),
    ])
}

fn compare_identity(live: &Identity, folded: &Identity) -> Differences {
    let mut differences = Differences::default();
    let organizations = folded.organizations.iter().map(|(id, row)| (*id, row));
    compare_all(&mut differences, live.organizations.iter().map(|(id, row)| (*id, row)), organizations);
    let apps = folded.apps.iter().map(|(id, row)| (*id, row));
    compare_all(&mut differences, live.apps.iter().map(|(id, row)| (*id, row)), apps);
    let keys = folded.keys.iter().map(|(id, row)| (*id, row));
    compare_all(&mut differences, live.keys.iter().map(|(id, row)| (*id, row)), keys);
    compare_all(&mut differences, live.people.iter(), folded.people.iter());
    differences
}

fn compare_rules(live: &Rules, folded: &Rules) -> Differences {
    let mut differences = Differences::default();
    let prices = folded.prices.iter().map(|(version, row)| (*version, row));
    compare_all(&mut differences, live.prices.iter().map(|(version, row)| (*version, row)), prices);
    let policies = folded.policies.iter().map(|(org, row)| (*org, row));
    compare_all(&mut differences, live.policies.iter().map(|(org, row)| (*org, row)), policies);
    differences
}

async fn compare_returned(
    live: &impl Live,
    mut folded: IdMap<Position, projections::ReturnedRow>,
) -> Result<Differences, StoreFault> {
    let (mut differences, mut from) = (Differences::default(), Position(0));
    loop {
        let rows = live.returned_from(from, ROWS).await?;
        for row in &rows {
            differences.compare(Some(row), folded.remove(&row.of).as_ref());
            from = row.of.next();
        }
        if rows.is_empty() {
            break;
        }
    }
    folded.values().for_each(|row| differences.compare(None, Some(row)));
    Ok(differences)
}

async fn compare_bases(live: &impl Live, mut folded: projections::Bases) -> Result<Differences, StoreFault> {
    let (mut differences, mut from) = (Differences::default(), Position(0));
    loop {
        let rows = live.bases_from(from, ROWS).await?;
        for row in &rows {
            let (lot, _) = row;
            differences.compare(Some(row), folded.remove_entry(lot).as_ref());
            from = lot.next();
        }
        if rows.is_empty() {
            break;
        }
    }
    folded.into_iter().for_each(|row| differences.compare(None, Some(&row)));
    Ok(differences)
}

async fn compare_wallets(
    live: &impl Live,
    mut folded: IdMap<WalletId, Kept>,
    differences: &mut Differences,
    footing: &mut Footing,
) -> Result<(), StoreFault> {
    let mut after = None;
    loop {
        let rows = live.wallets_after(after, ROWS).await?;
        for kept in &rows {
            footing.add(&kept.row);
            differences.compare(Some(kept), folded.remove(&kept.row.id).as_ref());
            after = Some(kept.row.id);
        }
        if rows.is_empty() {
            break;
        }
    }
    folded.values().for_each(|row| differences.compare(None, Some(row)));
    Ok(())
}

async fn compare_timers(
    live: &impl Live,
    mut folded: Vec<Timer>,
    differences: &mut Differences,
) -> Result<(), StoreFault> {
    folded.sort_unstable();
    let mut stored = Vec::new();
    loop {
        let timers = live.timers_after(stored.last().copied(), ROWS).await?;
        if timers.is_empty() {
            break;
        }
        stored.extend(timers);
    }
    compare_all(
        differences,
        stored.iter().map(|timer| (timer, timer)),
        folded.iter().map(|timer| (timer, timer)),
    );
    Ok(())
}

async fn compare_wallet_marks(
    live: &impl Live,
    mut folded: HashMap<(WalletId, Position), WalletMark>,
    differences: &mut Differences,
) -> Result<(), StoreFault> {
    let mut after = None;
    loop {
        let marks = live.wallet_marks_after(after, ROWS).await?;
        for mark in &marks {
            let key = (mark.wallet, mark.last);
            differences.compare(Some(mark), folded.remove(&key).as_ref());
            after = Some(key);
        }
        if marks.is_empty() {
            break;
        }
    }
    folded.values().for_each(|mark| differences.compare(None, Some(mark)));
    Ok(())
}

async fn compare_liability(
    live: &impl Live,
    mut folded: HashMap<(OrgId, Position), LiabilityMark>,
) -> Result<Differences, StoreFault> {
    let mut differences = Differences::default();
    for mark in live.liability_marks().await? {
        differences.compare(Some(&mark), folded.remove(&(mark.org, mark.position)).as_ref());
    }
    folded.values().for_each(|mark| differences.compare(None, Some(mark)));
    Ok(differences)
}

async fn compare_usage(
    live: &impl Live,
    mut folded: HashMap<projections::UsageKey, projections::UsageCounts>,
) -> Result<Differences, StoreFault> {
    let mut differences = Differences::default();
    for row in live.usage_rows().await? {
        differences.compare(Some(&row), folded.remove_entry(&row.0).as_ref());
    }
    folded.into_iter().for_each(|row| differences.compare(None, Some(&row)));
    Ok(differences)
}
