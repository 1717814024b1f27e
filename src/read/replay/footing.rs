//! What the reports of liability come to, against what the wallets hold: two sums by different ways.

use events::{IdMap, OrgId, Position};
use projections::{Held, Totals, WalletRow};

use crate::read::{Live, StoreFault, mark_below};

/// What the wallets of each organization hold.
#[derive(Debug, Default)]
pub(super) struct Footing(IdMap<OrgId, Held>);

impl Footing {
    /// Adds a wallet.
    pub(super) fn add(&mut self, row: &WalletRow) {
        self.0.entry(row.org).or_default().add(row);
    }

    /// Where the stored marks, and the entries after them, do not come to what the wallets hold at
    /// `until`, in words for a person.
    pub(super) async fn faults(
        mut self,
        live: &impl Live,
        until: Position,
    ) -> Result<Vec<String>, StoreFault> {
        let mut totals: IdMap<OrgId, Totals> = IdMap::default();
        let mut marks = live.liability_marks().await?;
        marks.sort_unstable_by_key(|mark| mark.position);
        totals.extend(marks.into_iter().map(|mark| (mark.org, mark.totals)));
        for entry in live.entries_between(mark_below(until), until).await? {
            totals.entry(entry.org).or_default().add(&entry);
        }
        let mut faults = Vec::new();
        for (org, totals) in totals {
            let held = self.0.remove(&org).unwrap_or_default();
            if !held.equals(&totals) || !totals.foots() {
                faults
                    .push(format!("organization {org}: the flows are {totals:?}, the wallets hold {held:?}"));
            }
        }
        let nothing = Totals::default();
        let unknown = self.0.iter().filter(|(_, held)| !held.equals(&nothing));
        faults.extend(
            unknown.map(|(org, held)| format!("organization {org}: no flows, the wallets hold {held:?}")),
        );
        Ok(faults)
    }
}
