//! One lane for each wallet: serial within, side by side with the others.

use std::collections::{HashMap, VecDeque, hash_map::Entry};

use events::Subject;
use futures::future::BoxFuture;
use tokio::{sync::watch, task::JoinSet};

/// Jobs by lane. A lane exists while one of its jobs runs.
pub(super) struct Lanes<J, D> {
    work: Box<dyn Fn(J) -> BoxFuture<'static, D> + Send>,
    running: JoinSet<(Subject, D)>,
    waiting: HashMap<Subject, VecDeque<J>>,
    /// Jobs that run or wait.
    count: watch::Sender<usize>,
}

impl<J, D: Send + 'static> Lanes<J, D> {
    pub(super) fn new(
        count: watch::Sender<usize>,
        work: impl Fn(J) -> BoxFuture<'static, D> + Send + 'static,
    ) -> Self {
        Self { work: Box::new(work), running: JoinSet::new(), waiting: HashMap::new(), count }
    }

    /// Jobs that run or wait.
    pub(super) fn len(&self) -> usize {
        *self.count.borrow()
    }

    /// Starts the job, or lets it wait for those of its lane that came before.
    pub(super) fn push(&mut self, lane: Subject, job: J) {
        self.count.send_modify(|count| *count += 1);
        match self.waiting.entry(lane) {
            Entry::Occupied(mut jobs) => jobs.get_mut().push_back(job),
            Entry::Vacant(idle) => {
                idle.insert(VecDeque::new());
                self.start(lane, job);
            }
        }
    }

    fn start(&mut self, lane: Subject, job: J) {
        let done = (self.work)(job);
        self.running.spawn(async move { (lane, done.await) });
    }

    /// What the next job comes to that is done; none when no job runs.
    pub(super) async fn next(&mut self) -> Option<D> {
        let (lane, done) = match self.running.join_next().await? {
            Ok(done) => done,
            // Handlers' panics are caught in the job: this one is our own.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.count.send_modify(|count| *count -= 1);
        match self.waiting.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some(job) => self.start(lane, job),
            None => drop(self.waiting.remove(&lane)),
        }
        Some(done)
    }

    /// Forgets the jobs that have not started.
    pub(super) fn forget_waiting(&mut self) {
        self.waiting.values_mut().for_each(VecDeque::clear);
        self.count.send_replace(self.running.len());
    }
}
