//! What one app is told of: exactly the events that the relay sends it, so that it can fill a gap.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use events::{AppId, OrgId, Position, Subject, Time, decode};
use projections::{Audience, KeyRow, Occurrence, PersonRow};

use super::{FeedError, READ_AT_ONCE, header::Header};
use crate::log::Log;

/// An app, and who may read what as far as that is known. Clones share what they learn from the
/// events that they pass.
#[derive(Debug, Clone)]
pub struct Told {
    app: AppId,
    learnt: Arc<Mutex<Learnt>>,
}

#[derive(Debug)]
struct Learnt {
    audience: Audience,
    /// Every fact before this position is in the audience.
    known: Position,
}

impl Told {
    /// What `app` is told of. `keys` are those of a checkpoint of at least `known`, revoked ones too, and
    /// `people` what was granted to the app by then.
    pub fn new<'a>(
        app: AppId,
        known: Position,
        keys: impl IntoIterator<Item = &'a KeyRow>,
        people: impl IntoIterator<Item = &'a PersonRow>,
    ) -> Self {
        let learnt = Learnt { audience: Audience::of_rows(keys, people), known };
        Self { app, learnt: Arc::new(Mutex::new(learnt)) }
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the event at `position`, if nothing before it is missing.
    pub(super) fn learn(&self, position: Position, header: &Header<'_>, body: &[u8]) {
        let mut learnt = self.learnt();
        if position != learnt.known {
            return;
        }
        learnt.known = position.next();
        if header.event_type.starts_with("auth.")
            && let Ok(fact) = decode(body)
        {
            learnt.audience.apply(&fact);
        }
    }

    /// Takes in every fact before `start`: the projections may be behind a reader who is at the head.
    pub(super) async fn catch_up(&self, log: &dyn Log, start: Position) -> Result<(), FeedError> {
        loop {
            let known = self.learnt().known;
            let read = match start.get().checked_sub(known.get()) {
                None | Some(0) => return Ok(()),
                Some(missing) => {
                    let limit = usize::try_from(missing).unwrap_or(READ_AT_ONCE).min(READ_AT_ONCE);
                    log.read(known, limit).await?
                }
            };
            if read.is_empty() {
                return Ok(());
            }
            for (position, body) in read.iter() {
                self.learn(position, &Header::read(position, body)?, body);
            }
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn takes(&self, header: &Header<'_>) -> bool {
        let Some((subject, time)) = Subject::parse(&header.subject).zip(time(header)) else { return false };
        let org = header.org.as_deref().and_then(|org| org.parse::<OrgId>().ok());
        let app = header.app.as_deref().and_then(|app| app.parse::<AppId>().ok());
        let is_auth = header.event_type.starts_with("auth.");
        let occurrence = Occurrence { org, app, subject, member: header.member, is_auth, time };
        self.learnt().audience.includes(self.app, &occurrence)
    }
}

fn time(header: &Header<'_>) -> Option<Time> {
    header.time.as_deref()?.parse().ok()
}
