//! How long something took, and waiting for a condition with a deadline.

use std::time::{Duration, Instant};

/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Measures what a user would wait.
pub(crate) struct Stopwatch(Instant);

#[expect(clippy::disallowed_methods, reason = "what a user waits is real time")]
impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Looks until there is something, and gives it; fails at the deadline.
#[track_caller]
pub(crate) fn eventually<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let seen = tokio::time::timeout(within, async {
            loop {
                if let Some(seen) = look().await {
                    return seen;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        seen.await.unwrap_or_else(|_| panic!("{caller}: not within {within:?}: {what}"))
    }
}
