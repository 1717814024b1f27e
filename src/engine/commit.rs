//! Appending one group, whatever becomes of the append.

use events::Position;
use ledger::planted::{self, Bug};

use crate::log::{AppendError, Bodies, Log};

/// How often an append whose answer was lost is repeated before the writer gives up.
const ATTEMPTS: usize = 5;

/// What became of a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is durable; so is everything that its answers rest on.
    Stored,
    /// Nothing was written, and later groups may be.
    NotStored(String),
    /// Nothing was written, because another writer has taken over.
    StandDown(String),
    /// Nobody knows: memory is worth nothing now, and only a restart can tell.
    Unknown(String),
}

/// Appends `group` at `head`. A group without events only makes sure that its answers, which come
/// from memory, are still the log's.
pub(super) async fn commit(log: &dyn Log, mut head: Position, group: &Bodies) -> Outcome {
    if group.is_empty() {
        return match log.head().await {
            Ok(now) if now == head => Outcome::Stored,
            Ok(now) => {
                Outcome::StandDown(format!("the log is at {now}, not at {head}: another writer has it"))
            }
            Err(error) => Outcome::NotStored(error.to_string()),
        };
    }
    let mut reason = String::new();
    for _ in 0..ATTEMPTS {
        match log.append(head, group).await {
            Ok(_) => return Outcome::Stored,
            Err(AppendError::HeadMoved { head: now }) if planted::is(Bug::HeadNotCompared) => head = now,
            Err(AppendError::HeadMoved { head: now }) => return ours(log, head, group, now).await,
            Err(error @ (AppendError::Unavailable(_) | AppendError::TooLarge { .. })) => {
                // After a lost answer, "nothing written" speaks of this attempt alone.
                return if reason.is_empty() {
                    Outcome::NotStored(error.to_string())
                } else {
                    Outcome::Unknown(reason)
                };
            }
            Err(AppendError::Indeterminate(error)) => reason = error,
        }
        match log.head().await {
            Ok(now) if now == head => {}
            Ok(now) => return ours(log, head, group, now).await,
            Err(error) => return Outcome::Unknown(format!("{reason}; then: {error}")),
        }
    }
    Outcome::Unknown(reason)
}

/// The head has moved to `now`: by this very group, or by another writer's.
async fn ours(log: &dyn Log, head: Position, group: &Bodies, now: Position) -> Outcome {
    let mut seen = 0;
    while seen < group.len() {
        // A page may hold less than was asked for.
        let page = match log.read(head.plus(seen as u64), group.len() - seen).await {
            Ok(page) => page,
            Err(error) => return Outcome::Unknown(error.to_string()),
        };
        let same = page.bodies.iter().eq(group.iter().skip(seen).take(page.bodies.len()));
        if page.is_empty() || !same {
            return Outcome::StandDown(format!("another writer appended at {head}; the log is at {now}"));
        }
        seen += page.bodies.len();
    }
    Outcome::Stored
}
