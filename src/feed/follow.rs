//! Waiting for what is not there yet.

use std::{pin::pin, time::Duration};

use events::Position;
use tokio::{select, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Feed, FeedError, FeedPage, FeedQuery};

/// How often the log is read when nobody tells of new events: the hint may be late or lost, for
/// instance when another process appends.
const POLL: Duration = Duration::from_secs(1);

impl Feed {
    /// The next events that match, as soon as there are any. After `wait`, or once `stop` is
    /// cancelled, an empty page that says how far the search came.
    ///
    /// # Errors
    /// As [`FeedError`] says.
    pub async fn follow(
        &self,
        query: &FeedQuery,
        wait: Duration,
        stop: &CancellationToken,
    ) -> Result<FeedPage, FeedError> {
        let mut query = query.clone();
        let mut deadline = pin!(sleep(wait));
        loop {
            let page = self.page(&query).await?;
            if !page.events.is_empty() {
                return Ok(page);
            }
            query.after = page.after();
            select! {
                biased;
                () = stop.cancelled() => return Ok(page),
                () = &mut deadline => return Ok(page),
                () = self.news(page.is_at_head(), page.next) => {}
            }
        }
    }

    /// Resolves when reading on from `next` may bring something.
    async fn news(&self, is_at_head: bool, next: Position) {
        if is_at_head {
            select! {
                () = self.log.wait_past(next) => {}
                () = sleep(POLL) => {}
            }
        }
    }
}
