//! A vault in which something else happens in the middle of an operation.

use std::sync::{Arc, Mutex};

use credit_ledger::identity::vault::{
    Activity, ActivityCount, ActivityPage, ActivityQuery, Change, Kind, Row, Vault, VaultError,
};
use events::Time;
use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

/// Where in an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// After a row of this kind was read.
    Read(Kind),
    /// Before a row of this kind is written.
    Written(Kind),
}

/// What happens, and before how many more such steps.
type Meddled = (Step, u32, BoxFuture<'static, ()>);

/// Such a vault.
pub(super) struct Meddling {
    vault: Arc<dyn Vault>,
    meddled: Mutex<Option<Meddled>>,
}

impl Meddling {
    /// This vault, where `happens` does at the `nth` such step, counted from 1.
    pub(super) fn new(
        vault: &Arc<dyn Vault>,
        (step, nth): (Step, u32),
        happens: BoxFuture<'static, ()>,
    ) -> Self {
        Self { vault: Arc::clone(vault), meddled: Mutex::new(Some((step, nth, happens))) }
    }

    async fn reached(&self, step: Step) {
        let happens = {
            let mut meddled = self.meddled.lock().expect("a lock");
            match &mut *meddled {
                Some((at, left, _)) if *at == step => {
                    *left -= 1;
                    if *left == 0 { meddled.take() } else { None }
                }
                _ => None,
            }
        };
        if let Some((_, _, happens)) = happens {
            happens.await;
        }
    }
}

impl Vault for Meddling {
    fn get<'a>(
        &'a self,
        kind: Kind,
        id: &'a str,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Row>, VaultError>> {
        async move {
            let row = self.vault.get(kind, id, now).await;
            self.reached(Step::Read(kind)).await;
            row
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
        self.vault.of_owner(kind, owner, after, limit, now)
    }

    fn all<'a>(
        &'a self,
        kind: Kind,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>> {
        self.vault.all(kind, after, limit, now)
    }

    fn commit(&self, changes: Vec<Change>, now: Time) -> BoxFuture<'_, Result<(), VaultError>> {
        async move {
            for change in &changes {
                if let Change::Insert(draft) | Change::Put(draft) | Change::Replace(draft, _) = change {
                    self.reached(Step::Written(draft.kind)).await;
                }
            }
            self.vault.commit(changes, now).await
        }
        .boxed()
    }

    fn expire(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        self.vault.expire(now, limit)
    }

    fn note(&self, activity: Vec<Activity>) -> BoxFuture<'_, Result<(), VaultError>> {
        self.vault.note(activity)
    }

    fn activity(&self, query: ActivityQuery) -> BoxFuture<'_, Result<ActivityPage, VaultError>> {
        self.vault.activity(query)
    }

    fn activity_counts(&self, query: ActivityQuery) -> BoxFuture<'_, Result<Vec<ActivityCount>, VaultError>> {
        self.vault.activity_counts(query)
    }

    fn forget_activity(&self, before: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        self.vault.forget_activity(before, limit)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.vault.close()
    }
}
