//! Reads that must see a position: read-your-writes across commands and projections.

use std::time::Duration;

use events::Position;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    app::Shared,
    extract::seconds,
    problem::{Code, Problem},
};

const WAIT_DEFAULT_S: u32 = 5;
/// The longest wait of any request.
pub(super) const WAIT_MAX_S: u32 = 30;

/// With more events than this outstanding, reads without a position don't hurry the projections.
const FRESH_EVENTS_MAX: u64 = 1_000;
/// The longest that such a read waits.
const FRESH_WAIT_MAX: Duration = Duration::from_millis(500);

/// What a read must have seen.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AtLeast {
    /// The answer must include the event at this position: the `position` of an earlier answer.
    pub(super) min_position: Option<u64>,
    /// How many seconds to wait for it, 0 to 30; 5 when absent.
    pub(super) wait: Option<u32>,
}

impl Shared {
    /// Waits until the projections include what the caller must see.
    pub(super) async fn reached(&self, at_least: &AtLeast) -> Result<(), Problem> {
        let Some(wanted) = at_least.min_position.map(Position) else {
            self.freshen().await;
            return Ok(());
        };
        let wait = seconds(at_least.wait, WAIT_DEFAULT_S, WAIT_MAX_S);
        self.wait_for(wanted, wait).await
    }

    /// While little is going on, whoever reads without a position sees what was answered before.
    async fn freshen(&self) {
        let (head, checkpoint) = (self.commands.head(), *self.reads.checkpoint().borrow());
        let Some(last) = head.get().checked_sub(1).map(Position) else { return };
        if (1..=FRESH_EVENTS_MAX).contains(&head.get().saturating_sub(checkpoint.get())) {
            // Late is no error here: the answer says as of when it is.
            let _ = self.wait_for(last, FRESH_WAIT_MAX).await;
        }
    }

    async fn wait_for(&self, wanted: Position, wait: Duration) -> Result<(), Problem> {
        let mut checkpoint = self.reads.checkpoint();
        // The checkpoint counts applied events, so it must be past the position.
        if *checkpoint.borrow_and_update() > wanted {
            return Ok(());
        }
        self.reads.hurry(wanted);
        let waited = tokio::select! {
            biased;
            reached = tokio::time::timeout(wait, checkpoint.wait_for(|now| *now > wanted)) => reached.is_ok_and(|seen| seen.is_ok()),
            () = self.stopping.cancelled() => false,
        };
        if waited {
            return Ok(());
        }
        let now = *self.reads.checkpoint().borrow();
        let detail = format!("projections are at position {now}, {wanted} was asked for");
        Err(Problem::new(Code::PositionNotReached, detail).with("position", now).with("min_position", wanted))
    }
}
