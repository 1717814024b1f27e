//! When the next request is sent: at once after an answer (closed loop), or at its own time,
//! whatever the answers do (open loop).

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// The pacer sleeps at least this long, so that at high rates it wakes the generator for several
/// requests at once. It bounds how late a request is sent.
const TICK: Duration = Duration::from_micros(100);

/// Leave to send one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    /// Counts the requests of the run from 0.
    pub(super) index: u64,
    /// What latency is measured from.
    pub(super) intended: Instant,
}

/// Hands out the tickets of a run to all its connections.
pub(super) struct Pace {
    next: Cell<u64>,
    requests_max: u64,
    mode: Mode,
}

enum Mode {
    Closed { deadline: Instant },
    Open { start: Instant, interval: Duration, due: Arc<Semaphore> },
}

impl Pace {
    /// As fast as the answers come, until `deadline` or `requests_max`.
    pub(super) fn closed(deadline: Instant, requests_max: u64) -> Self {
        Self { next: Cell::new(0), requests_max, mode: Mode::Closed { deadline } }
    }

    /// One request every `interval` from `start`, `requests_max` of them.
    ///
    /// The runtime's timers count milliseconds, which at 10,000 requests/s would send them in
    /// clumps of ten: a thread with a finer sleep says when requests are due.
    pub(super) fn open(start: Instant, interval: Duration, requests_max: u64) -> Self {
        let due = Arc::new(Semaphore::new(0));
        let permits = Arc::downgrade(&due);
        thread::spawn(move || {
            let mut released = 0;
            while released < requests_max {
                let now = Instant::now();
                let elapsed = now.saturating_duration_since(start).as_nanos();
                let reached = elapsed / interval.as_nanos().max(1) + 1;
                let reached = u64::try_from(reached).unwrap_or(u64::MAX).min(requests_max);
                let Some(permits) = permits.upgrade() else {
                    return;
                };
                permits.add_permits((reached - released) as usize);
                drop(permits);
                released = reached;
                let next = start + nth(interval, released);
                thread::sleep(next.saturating_duration_since(now).max(TICK));
            }
        });
        Self { next: Cell::new(0), requests_max, mode: Mode::Open { start, interval, due } }
    }

    /// Waits for leave to send; `None` when the run is over. `now` spares a clock reading.
    pub(super) async fn ticket(&self, now: Instant) -> Option<Ticket> {
        let index = self.next.get();
        if index >= self.requests_max {
            return None;
        }
        match &self.mode {
            Mode::Closed { deadline } => {
                if now >= *deadline {
                    return None;
                }
                self.next.set(index + 1);
                Some(Ticket { index, intended: now })
            }
            Mode::Open { start, interval, due } => {
                // Claimed before waiting: the semaphore is fair, so permits arrive in this order.
                self.next.set(index + 1);
                due.acquire().await.ok()?.forget();
                Some(Ticket { index, intended: *start + nth(*interval, index) })
            }
        }
    }
}

fn nth(interval: Duration, index: u64) -> Duration {
    Duration::from_nanos((interval.as_nanos() as u64).saturating_mul(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_closed_loop_ends_at_its_deadline_or_count() {
        let now = Instant::now();
        let pace = Pace::closed(now + Duration::from_secs(1), 2);
        assert_eq!(pace.ticket(now).await.map(|ticket| ticket.index), Some(0));
        assert!(pace.ticket(now + Duration::from_secs(1)).await.is_none());
        assert_eq!(pace.ticket(now).await.map(|ticket| ticket.index), Some(1));
        assert!(pace.ticket(now).await.is_none());
    }

    #[tokio::test]
    async fn an_open_loop_keeps_its_schedule_and_never_runs_ahead() {
        let start = Instant::now();
        let pace = Pace::open(start, Duration::from_millis(5), 4);
        for index in 0..4 {
            let ticket = pace.ticket(start).await.expect("four requests are due");
            assert_eq!(ticket.intended, start + Duration::from_millis(5 * index));
            assert!(Instant::now() >= ticket.intended);
        }
        assert!(pace.ticket(start).await.is_none());
    }
}
