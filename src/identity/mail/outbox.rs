//! Mails that wait to be handed over. They are kept in memory: a crash loses those under way, and their
//! readers ask for another.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Mail, MailError, Mailer};
use crate::clock::Clock;

/// Mails that may wait or be under way.
const ROOM: usize = 1_000;
/// Mails handed over at once.
const AT_ONCE: usize = 4;
/// How long to wait after each attempt that failed; then a mail is given up.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1_200),
];

/// Takes mails and hands them over in the background, with retries. Clones share it.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

struct Shared {
    mailer: Box<dyn Mailer>,
    clock: Arc<dyn Clock>,
    room: Arc<Semaphore>,
    turns: Semaphore,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// Too many mails wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many mails wait to be sent: try again in a moment")]
pub struct OutboxFull;

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("under_way", &self.0.tasks.len()).finish_non_exhaustive()
    }
}

impl Outbox {
    /// Hands mails over by `mailer` until `stopping` is cancelled.
    #[must_use]
    pub fn new(mailer: Box<dyn Mailer>, clock: Arc<dyn Clock>, stopping: CancellationToken) -> Self {
        let (room, turns) = (Arc::new(Semaphore::new(ROOM)), Semaphore::new(AT_ONCE));
        Self(Arc::new(Shared { mailer, clock, room, turns, stopping, tasks: TaskTracker::new() }))
    }

    /// Takes a mail, and returns at once. To be called in a Tokio runtime.
    ///
    /// # Errors
    /// When too many wait already.
    pub fn post(&self, mail: Mail) -> Result<(), OutboxFull> {
        let place = Arc::clone(&self.0.room).try_acquire_owned().map_err(|_| OutboxFull)?;
        let shared = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            let delivering = shared.deliver(&mail);
            if shared.stopping.run_until_cancelled(delivering).await.is_none() {
                tracing::warn!(mail = %mail.id, "a mail was not sent, because the service stops");
            }
            drop(place);
        });
        Ok(())
    }

    /// Waits until nothing is under way, for tests and for a stop in good order.
    pub async fn drained(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.tasks.reopen();
    }
}

impl Shared {
    async fn deliver(&self, mail: &Mail) {
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            match (self.attempt(mail).await, pause) {
                (Ok(()), _) => return,
                (Err(MailError::Unreachable(error)), Some(pause)) => {
                    tracing::info!(mail = %mail.id, error, "a mail was not taken and is tried again");
                    self.sleep(pause).await;
                }
                (Err(error @ (MailError::Unreachable(_) | MailError::Refused(_))), _) => {
                    tracing::warn!(mail = %mail.id, %error, "a mail is given up");
                    return;
                }
            }
        }
    }

    async fn attempt(&self, mail: &Mail) -> Result<(), MailError> {
        let turn = self.turns.acquire().await;
        let sent = self.mailer.send(mail).await;
        drop(turn);
        sent
    }

    async fn sleep(&self, pause: Duration) {
        let until = self.clock.now().plus_micros(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX));
        while self.clock.now() < until {
            self.clock.sleep_until(until).await;
        }
    }
}
