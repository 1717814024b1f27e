//! The live projections, row by row, against a fold of the log.

use std::{collections::BTreeMap, fmt::Debug, pin::pin, sync::Arc};

use events::{LedgerId, Position};
use futures::{StreamExt, join};
use projections::{EntryRow, answer};

use super::{
    Differences, ReplayFault, answer_digest,
    lists::{END, Lists},
    rows::{self, Marks},
};
use crate::{
    log::Log,
    read::{Fold, Live, StoreFault, decoded},
};

/// How the live projections differ from the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Events folded: all below the checkpoint.
    pub events: u64,
    /// By name of the projection.
    pub projections: Vec<(&'static str, Differences)>,
}

impl Comparison {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.projections.iter().all(|(_, differences)| differences.differing == 0)
    }
}

/// Entries of a page that wait to be compared.
struct Waiting {
    from: Position,
    to: Position,
    entries: Vec<EntryRow>,
}

/// Folds the log up to the live checkpoint and compares every row of every projection. `report` is
/// told the position and the checkpoint after each page.
///
/// # Errors
/// When there is no result; differences are a result.
pub async fn compare(
    ledger: LedgerId,
    log: Arc<dyn Log>,
    live: &impl Live,
    mut report: impl FnMut(Position, Position) + Send,
) -> Result<Comparison, ReplayFault> {
    let until = live.applied().await?;
    let mut fold = Fold::of_everything(ledger);
    let mut entries = Differences::default();
    let (mut count, mut digest) = (0_u64, 0_u128);
    let (mut lists, mut marks) = (Lists::default(), Marks::default());
    let mut pages = pin!(decoded(log.clone(), Position(0), until));
    let mut waiting = None;
    loop {
        // The page before is compared while this one is read and decoded.
        let (page, compared) = join!(pages.next(), compare_entries(live, waiting.take(), &mut entries));
        compared?;
        let Some(page) = page else { break };
        let page = page?;
        for recorded in &page.events {
            fold.apply(recorded)?;
        }
        for (fingerprint, position) in fold.answers() {
            count += 1;
            digest = digest.wrapping_add(answer_digest(*fingerprint, position.get()));
        }
        lists.add(fold.entries());
        marks.add(fold.marks());
        waiting = Some(Waiting { from: page.first, to: fold.next(), entries: fold.entries().to_vec() });
        fold.clear();
        report(fold.next(), until);
    }
    let above = Waiting { from: until, to: END, entries: Vec::new() };
    compare_entries(live, Some(above), &mut entries).await?;
    lists.compare(live, log.clone(), until, &mut entries).await?;
    let commands = compare_answers(live, log, until, count, digest).await?;
    let mut projections = vec![("commands", commands), ("entries", entries)];
    projections.extend(rows::compare(live, fold.into_rows(), marks, until).await?);
    unmoved(live, until).await?;
    Ok(Comparison { events: until.get(), projections })
}

/// Fails when the projections went on since `before`: rows of two checkpoints can't be compared.
pub(super) async fn unmoved(live: &impl Live, before: Position) -> Result<(), ReplayFault> {
    let after = live.applied().await?;
    if after == before { Ok(()) } else { Err(ReplayFault::Moved { before, after }) }
}

async fn compare_entries(
    live: &impl Live,
    waiting: Option<Waiting>,
    differences: &mut Differences,
) -> Result<(), StoreFault> {
    let Some(Waiting { from, to, entries }) = waiting else {
        return Ok(());
    };
    if live.entries_are(from, to, &entries).await? {
        differences.rows += entries.len() as u64;
        return Ok(());
    }
    let stored = live.entries_between(from, to).await?;
    let stored = stored.iter().map(|entry| (entry.position, entry));
    compare_all(differences, stored, entries.iter().map(|entry| (entry.position, entry)));
    Ok(())
}

/// Compares rows by key, with what either side lacks.
pub(super) fn compare_all<'a, K: Ord, R: PartialEq + Debug + 'a>(
    differences: &mut Differences,
    live: impl Iterator<Item = (K, &'a R)>,
    folded: impl Iterator<Item = (K, &'a R)>,
) {
    let mut live: BTreeMap<K, &R> = live.collect();
    for (key, row) in folded {
        differences.compare(live.remove(&key), Some(row));
    }
    for row in live.into_values() {
        differences.compare(Some(row), None);
    }
}

/// Compares the whole command index by count and digest, and when they differ, look-up by look-up.
async fn compare_answers(
    live: &impl Live,
    log: Arc<dyn Log>,
    until: Position,
    count: u64,
    digest: u128,
) -> Result<Differences, ReplayFault> {
    let mut differences = Differences { rows: count, ..Differences::default() };
    let (stored, stored_digest) = live.answers_digest().await?;
    if (stored, stored_digest) == (count, digest) {
        return Ok(differences);
    }
    let mut pages = pin!(decoded(log, Position(0), until));
    while let Some(page) = pages.next().await {
        let page = page?;
        let answers: Vec<_> = page.events.iter().filter_map(answer).collect();
        for (command, position) in live.answers_missing(&answers).await? {
            differences.note(|| format!("the answer to command {command} at {position} is not in the index"));
        }
    }
    if differences.differing == 0 || stored != count {
        differences.note(|| format!("the index holds {stored} answers, the log {count}"));
    }
    Ok(differences)
}
