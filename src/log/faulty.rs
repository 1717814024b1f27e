//! A log that fails as its test says, for tests of what happens above the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use events::Position;
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;

use super::{AppendError, Bodies, Capabilities, Log, Page, ReadError};

/// What happens to one append.
#[derive(Debug)]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// Nothing is written, and the caller is told so.
    Unavailable,
    /// The group is written, but the caller only learns that it may be.
    LostAnswer,
    /// Nothing is written, but the caller only learns that it may be.
    LostRequest,
    /// The caller learns that the group may be written. It is written later: when the next append
    /// arrives, and before that one is tried.
    LateTwin,
    /// A rival appends these events first, so that the append finds another head.
    Rival(Bodies),
    /// The append waits until the sender is used or dropped, then goes on undisturbed.
    Held(oneshot::Receiver<()>),
}

#[derive(Debug, Default)]
struct Script {
    appends: VecDeque<Fault>,
    failing_reads: usize,
    late: Option<(Position, Bodies)>,
}

/// Wraps a log; appends meet the scripted faults in turn and succeed when there is none left.
pub struct FaultyLog {
    inner: Arc<dyn Log>,
    script: Mutex<Script>,
}

impl FaultyLog {
    /// A log that does as `inner` until faults are added.
    #[must_use]
    pub fn new(inner: Arc<dyn Log>) -> Self {
        Self { inner, script: Mutex::default() }
    }

    /// Lets the appends to come meet `faults`, one each, after those already scripted.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().appends.extend(faults);
    }

    /// Lets the next `count` calls of [`Log::read`] and [`Log::head`] fail.
    pub fn fail_reads(&self, count: usize) {
        self.lock().failing_reads = count;
    }

    /// How many scripted faults no append has met yet.
    #[must_use]
    pub fn faults_left(&self) -> usize {
        self.lock().appends.len()
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn append_late_twin(&self) {
        let late = self.lock().late.take();
        if let Some((expected_head, group)) = late {
            // It may lose, as any append: that is what the expected head is for.
            let _ = self.inner.append(expected_head, &group).await;
        }
    }

    async fn append_with_fault(
        &self,
        expected_head: Position,
        group: &Bodies,
        fault: Fault,
    ) -> Result<Position, AppendError> {
        match fault {
            Fault::None => {}
            Fault::Unavailable => {
                return Err(AppendError::Unavailable("scripted fault".to_owned()));
            }
            Fault::LostAnswer => {
                self.inner.append(expected_head, group).await?;
                return Err(AppendError::Indeterminate("scripted fault: the answer was lost".to_owned()));
            }
            Fault::LostRequest => {
                return Err(AppendError::Indeterminate("scripted fault: the request was lost".to_owned()));
            }
            Fault::LateTwin => {
                self.lock().late = Some((expected_head, group.clone()));
                return Err(AppendError::Indeterminate("scripted fault: the request is late".to_owned()));
            }
            Fault::Rival(events) => {
                self.inner.append(expected_head, &events).await?;
            }
            Fault::Held(released) => {
                // A dropped sender releases as well.
                let _ = released.await;
            }
        }
        self.inner.append(expected_head, group).await
    }

    fn reading(&self) -> Result<(), ReadError> {
        let mut script = self.lock();
        match script.failing_reads.checked_sub(1) {
            None => Ok(()),
            Some(left) => {
                script.failing_reads = left;
                Err(ReadError::Unavailable("scripted fault".to_owned()))
            }
        }
    }
}

impl Log for FaultyLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        async move {
            self.append_late_twin().await;
            let fault = self.lock().appends.pop_front().unwrap_or(Fault::None);
            self.append_with_fault(expected_head, group, fault).await
        }
        .boxed()
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        async move {
            self.reading()?;
            self.inner.read(from, limit).await
        }
        .boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        async move {
            self.reading()?;
            self.inner.head().await
        }
        .boxed()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        self.inner.wait_past(position)
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}
