//! Totals of organizations: marks, and the entries behind them.

use events::{OrgId, Position};
use projections::Totals;

use super::{
    corrupt, entry_rows,
    rows::position,
    tables::{Stored, Tables},
};
use crate::read::{LiabilityMark, mark_below};

/// The last mark of each organization, or every mark.
pub(in crate::read) async fn marks(tables: &mut impl Tables, only_last: bool) -> Stored<Vec<LiabilityMark>> {
    let stored = tables.liability(only_last).await?;
    let mark = |(org, at, totals): (uuid::Uuid, i64, Vec<u8>)| {
        let (org, position) = (OrgId(org), position(at));
        Ok(LiabilityMark { org, position, totals: unpacked(&totals, org, position)? })
    };
    stored.into_iter().map(mark).collect()
}

/// The totals of a mark as they are stored.
pub(in crate::read) fn packed(totals: &Totals) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    totals.pack(&mut bytes);
    bytes
}

/// All that had flowed through an organization's wallets at `position`, which is at most the
/// checkpoint.
pub(super) async fn totals_at(tables: &mut impl Tables, org: OrgId, position: Position) -> Stored<Totals> {
    let Some(number) = tables.number(org.0).await? else {
        return Ok(Totals::default());
    };
    let marked = mark_below(position);
    let mut totals = match tables.totals(number, marked).await? {
        Some(bytes) => unpacked(&bytes, org, marked)?,
        None => Totals::default(),
    };
    // Had it had entries between that mark and `marked`, there would be a later one.
    let entries = entry_rows::between(tables, marked, position).await?;
    entries.iter().filter(|entry| entry.org == org).for_each(|entry| totals.add(entry));
    Ok(totals)
}

fn unpacked(bytes: &[u8], org: OrgId, near: Position) -> Stored<Totals> {
    Totals::unpack(bytes)
        .ok_or_else(|| corrupt(format!("the totals of organization {org} near {near} can't be read")))
}
