//! The way of activity into the vault: nobody waits for it, and it comes in batches.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::vault::{Activity, Vault};

/// Activity that may wait for the database. More is counted, and lost.
const WAITING_MAX: usize = 8_192;

/// Activity of one write.
const BATCH: usize = 256;

/// Things that happened, by kind and outcome.
const ACTIVITY_TOTAL: &str = "credit_ledger_identity_activity_total";
/// Things that happened and could not be kept.
const ACTIVITY_LOST_TOTAL: &str = "credit_ledger_identity_activity_lost_total";

/// What looks like an attack, by kind.
const ALERTS_TOTAL: &str = "credit_ledger_security_alerts_total";

enum Step {
    Note(Box<Activity>),
    /// Answered once everything before it was tried.
    Mark(oneshot::Sender<()>),
}

/// Raises the alarm about what looks like an attack, in the log and in the metrics.
pub fn alarm(kind: &'static str, address: Option<IpAddr>) {
    let address = address.map(tracing::field::display);
    tracing::warn!(security_alert = kind, address, "this looks like an attack");
    metrics::counter!(ALERTS_TOTAL, "kind" => kind).increment(1);
}

/// Takes activity in and has it kept. Clones share it; the task ends when all are dropped.
#[derive(Debug, Clone)]
pub struct Trail {
    steps: mpsc::Sender<Step>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Trail {
    /// Starts the task that writes to this vault.
    #[must_use]
    pub fn start(vault: Arc<dyn Vault>) -> Self {
        metrics::describe_counter!(ACTIVITY_TOTAL, "Sign-ins, tokens and the like, by kind and outcome");
        metrics::describe_counter!(ACTIVITY_LOST_TOTAL, "Activity that could not be kept");
        metrics::describe_counter!(ALERTS_TOTAL, "What looks like an attack, by kind");
        let (steps, received) = mpsc::channel(WAITING_MAX);
        let task = tokio::spawn(write(vault, received));
        Self { steps, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Notes what happened. It is kept soon; when more comes than the database takes, it is counted as
    /// lost.
    pub fn note(&self, activity: Activity) {
        let (kind, outcome) = (activity.kind.as_str(), activity.outcome.as_str());
        metrics::counter!(ACTIVITY_TOTAL, "kind" => kind, "outcome" => outcome).increment(1);
        if self.steps.try_send(Step::Note(Box::new(activity))).is_err() {
            metrics::counter!(ACTIVITY_LOST_TOTAL).increment(1);
        }
    }

    /// Waits until what was noted before is kept, or could not be.
    pub async fn flush(&self) {
        let (mark, marked) = oneshot::channel();
        if self.steps.send(Step::Mark(mark)).await.is_ok() {
            let _ = marked.await;
        }
    }

    /// Has everything kept that was noted, and ends the task. What is noted later is lost.
    pub async fn close(&self) {
        self.flush().await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            let _ = task.await;
        }
    }
}

async fn write(vault: Arc<dyn Vault>, mut received: mpsc::Receiver<Step>) {
    let mut steps = Vec::with_capacity(BATCH);
    // So that a database that is away fills no log with it.
    let mut failing = false;
    while received.recv_many(&mut steps, BATCH).await > 0 {
        let (mut batch, mut marks) = (Vec::with_capacity(steps.len()), Vec::new());
        for step in steps.drain(..) {
            match step {
                Step::Note(activity) => batch.push(*activity),
                Step::Mark(mark) => marks.push(mark),
            }
        }
        let count = batch.len() as u64;
        let result = if batch.is_empty() { Ok(()) } else { vault.note(batch).await };
        if let Err(error) = &result {
            metrics::counter!(ACTIVITY_LOST_TOTAL).increment(count);
            if !failing {
                tracing::warn!(%error, "activity can't be kept now");
            }
        }
        failing = result.is_err();
        for mark in marks {
            let _ = mark.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use events::{OrgId, Time};
    use uuid::Uuid;

    use super::*;
    use crate::identity::vault::{ActivityKind, ActivityQuery, Outcome, memory::MemoryVault};

    const ORG: OrgId = OrgId(Uuid::nil());

    fn happened(second: i64) -> Activity {
        Activity::new(ActivityKind::Token, Outcome::Done, ORG, Time::from_micros(second))
    }

    #[tokio::test]
    async fn what_was_noted_is_kept_in_its_order() {
        let vault = Arc::new(MemoryVault::new());
        let trail = Trail::start(vault.clone());
        (0..1_000).for_each(|second| trail.note(happened(second)));
        trail.flush().await;
        let page = vault.activity(ActivityQuery::of(ORG, 2_000)).await.expect("a page");
        let times: Vec<_> =
            page.items.into_iter().rev().map(|recalled| recalled.activity.time.micros()).collect();
        assert_eq!(times, (0..1_000).collect::<Vec<_>>());
        // What a database that is away did not take is lost, and later activity is kept again.
        vault.set_away(true);
        trail.note(happened(1_000));
        trail.flush().await;
        vault.set_away(false);
        trail.note(happened(1_001));
        trail.close().await;
        trail.note(happened(1_002));
        let page = vault.activity(ActivityQuery::of(ORG, 2)).await.expect("a page");
        let times: Vec<_> = page.items.into_iter().map(|recalled| recalled.activity.time.micros()).collect();
        assert_eq!(times, [1_001, 999]);
    }
}
