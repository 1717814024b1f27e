//! Usage and liability.

use std::collections::BTreeMap;

use events::OrgId;
use projections::{RollForward, UsageCounts};

use super::{Database, Snapshot, StoredReads, Tables, liability, usage};
use crate::read::{LiabilityReport, StoreFault, UsageBy, UsageGroup, UsageQuery, UsageReport, When};

impl<D: Database> StoredReads<D> {
    pub(super) async fn usage_report(&self, query: &UsageQuery) -> Result<UsageReport, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let as_of = snapshot.checkpoint().await;
        let rows = usage::of_org(&mut snapshot, query.org, query.from, query.until).await;
        snapshot.end().await?;
        let by = |what| query.by.contains(&what);
        let mut lines: BTreeMap<UsageGroup, UsageCounts> = BTreeMap::new();
        let mut total = UsageCounts::default();
        for (key, counts) in rows? {
            let group = UsageGroup {
                day: by(UsageBy::Day).then_some(key.day),
                app: by(UsageBy::App).then_some(key.app),
                service: by(UsageBy::Service).then_some(key.service),
            };
            lines.entry(group).or_default().add(&counts);
            total.add(&counts);
        }
        Ok(UsageReport { lines: lines.into_iter().collect(), total, as_of: as_of? })
    }

    pub(super) async fn liability_report(
        &self,
        org: OrgId,
        from: When,
        to: When,
    ) -> Result<LiabilityReport, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let report = async {
            let as_of = snapshot.checkpoint().await?;
            let from = self.moment(&mut snapshot, from).await?;
            let mut to = self.moment(&mut snapshot, to).await?;
            if to.position < from.position {
                to = from;
            }
            let opening = liability::totals_at(&mut snapshot, org, from.position).await?;
            let closing = liability::totals_at(&mut snapshot, org, to.position).await?;
            let forward = RollForward::between(&opening, &closing);
            Ok(LiabilityReport { from, to, forward, as_of })
        }
        .await;
        snapshot.end().await?;
        report
    }
}
