//! A vault in memory, for tests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use events::Time;
use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    Activity, ActivityCount, ActivityPage, ActivityQuery, Change, Draft, Kind, Recalled, Row, Vault,
    VaultError,
};

const DAY_MICROS: i64 = 86_400_000_000;

type Rows = BTreeMap<(Kind, Box<str>), Row>;

/// A vault that lasts as long as its process.
#[derive(Debug, Default)]
pub struct MemoryVault(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rows: Rows,
    activity: BTreeMap<u64, Activity>,
    noted: u64,
    away: bool,
}

impl MemoryVault {
    /// An empty vault.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes it answer as an unavailable database does, or no longer.
    pub fn set_away(&self, away: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).away = away;
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, VaultError> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.away { Err(VaultError::Unavailable("it is away".to_owned())) } else { Ok(state) }
    }

    fn page(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: usize,
        wanted: impl Fn(&Row) -> bool,
    ) -> Result<Vec<Row>, VaultError> {
        let state = self.state()?;
        let rows =
            state.rows.iter().filter(|((of, id), _)| *of == kind && after.is_none_or(|after| **id > *after));
        Ok(rows.map(|(_, row)| row).filter(|row| wanted(row)).take(limit).cloned().collect())
    }
}

/// Applies one change, or leaves the rows as they are.
fn apply(rows: &mut Rows, change: Change, now: Time) -> Result<(), VaultError> {
    let version = |rows: &Rows, kind: Kind, id: &str| {
        rows.get(&(kind, id.into())).filter(|row| row.is_live(now)).map(|row| row.version)
    };
    let write = |rows: &mut Rows, draft: Draft, version: u64| {
        rows.insert((draft.kind, draft.id.clone()), Row::of(draft, version));
        Ok(())
    };
    match change {
        Change::Insert(draft) => match version(rows, draft.kind, &draft.id) {
            Some(_) => Err(VaultError::Conflict),
            None => write(rows, draft, 1),
        },
        Change::Put(draft) => {
            let next = version(rows, draft.kind, &draft.id).map_or(1, |version| version + 1);
            write(rows, draft, next)
        }
        Change::Replace(draft, expected) => match version(rows, draft.kind, &draft.id) {
            Some(found) if found == expected => write(rows, draft, expected + 1),
            Some(_) | None => Err(VaultError::Conflict),
        },
        Change::Delete { kind, id, version: expected } => {
            if expected.is_some() && version(rows, kind, &id) != expected {
                return Err(VaultError::Conflict);
            }
            rows.remove(&(kind, id));
            Ok(())
        }
        Change::DeleteOf { kind, owner } => {
            rows.retain(|(of, _), row| *of != kind || row.owner != Some(owner));
            Ok(())
        }
    }
}

fn matches(query: &ActivityQuery, number: u64, activity: &Activity) -> bool {
    activity.org == query.org
        && query.user.is_none_or(|user| activity.user == Some(user))
        && query.app.is_none_or(|app| activity.app == Some(app))
        && query.kind.is_none_or(|kind| activity.kind == kind)
        && query.outcome.is_none_or(|outcome| activity.outcome == outcome)
        && query.time.contains(&activity.time)
        && query.before.is_none_or(|before| number < before)
}

impl Vault for MemoryVault {
    fn get<'a>(
        &'a self,
        kind: Kind,
        id: &'a str,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Row>, VaultError>> {
        async move {
            let state = self.state()?;
            Ok(state.rows.get(&(kind, id.into())).filter(|row| row.is_live(now)).cloned())
        }
        .boxed()
    }

    fn of_owner<'a>(
        &'a self,
        kind: Kind,
        owner: Uuid,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>> {
        let wanted = move |row: &Row| row.owner == Some(owner) && row.is_live(now);
        async move { self.page(kind, after, limit, wanted) }.boxed()
    }

    fn all<'a>(
        &'a self,
        kind: Kind,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>> {
        async move { self.page(kind, after, limit, |row| row.is_live(now)) }.boxed()
    }

    fn commit(&self, changes: Vec<Change>, now: Time) -> BoxFuture<'_, Result<(), VaultError>> {
        async move {
            let mut state = self.state()?;
            let mut next = state.rows.clone();
            changes.into_iter().try_for_each(|change| apply(&mut next, change, now))?;
            state.rows = next;
            Ok(())
        }
        .boxed()
    }

    fn expire(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        async move {
            let mut state = self.state()?;
            let over = state.rows.iter().filter(|(_, row)| !row.is_live(now)).take(limit);
            let over: Vec<_> = over.map(|(key, _)| key.clone()).collect();
            over.iter().for_each(|key| drop(state.rows.remove(key)));
            Ok(over.len())
        }
        .boxed()
    }

    fn note(&self, activity: Vec<Activity>) -> BoxFuture<'_, Result<(), VaultError>> {
        async move {
            let mut state = self.state()?;
            for activity in activity {
                state.noted += 1;
                let number = state.noted;
                state.activity.insert(number, activity);
            }
            Ok(())
        }
        .boxed()
    }

    fn activity(&self, query: ActivityQuery) -> BoxFuture<'_, Result<ActivityPage, VaultError>> {
        async move {
            let state = self.state()?;
            let found = state.activity.iter().rev().filter(|(number, a)| matches(&query, **number, a));
            let items = found.take(query.limit);
            let items = items.map(|(&number, activity)| Recalled { number, activity: activity.clone() });
            Ok(ActivityPage::cut(items.collect(), query.limit))
        }
        .boxed()
    }

    fn activity_counts(&self, query: ActivityQuery) -> BoxFuture<'_, Result<Vec<ActivityCount>, VaultError>> {
        async move {
            let state = self.state()?;
            let mut counts = BTreeMap::new();
            for (_, a) in state.activity.iter().filter(|(number, a)| matches(&query, **number, a)) {
                let day = a.time.micros().div_euclid(DAY_MICROS) * DAY_MICROS;
                *counts.entry((day, a.kind.as_str(), a.kind, a.outcome)).or_default() += 1;
            }
            let counts = counts.into_iter().take(query.limit);
            let count = |((day, _, kind, outcome), count)| ActivityCount {
                day: Time::from_micros(day),
                kind,
                outcome,
                count,
            };
            Ok(counts.map(count).collect())
        }
        .boxed()
    }

    fn forget_activity(&self, before: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        async move {
            let mut state = self.state()?;
            let old = state.activity.iter().filter(|(_, a)| a.time < before).take(limit);
            let old: Vec<_> = old.map(|(number, _)| *number).collect();
            old.iter().for_each(|number| drop(state.activity.remove(number)));
            Ok(old.len())
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async move { self.set_away(true) }.boxed()
    }
}
