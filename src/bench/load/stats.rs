//! What is counted while the load runs.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Latencies are kept from 1 µs to 100 s, to three significant digits.
const LATENCY_NS_MIN: u64 = 1_000;
const LATENCY_NS_MAX: u64 = 100_000_000_000;
const LATENCY_DIGITS: u8 = 3;

const STATUS_END: usize = 600;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// A lost connection could not be opened again.
    Connect,
    /// The server closed the connection before it had answered.
    Closed,
    /// Sending or receiving failed.
    Broken,
    /// The answer was no HTTP/1.1 response with a `Content-Length`.
    Malformed,
}

impl Failure {
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::Connect, "connect"),
        (Self::Closed, "closed"),
        (Self::Broken, "broken"),
        (Self::Malformed, "malformed"),
    ];
}

/// The counts of one run, shared by its connections.
pub(super) struct Stats {
    pub(super) latencies_ns: Histogram<u64>,
    pub(super) sent: u64,
    pub(super) answered: u64,
    pub(super) answered_in_time: u64,
    /// Items of batches that were not done.
    pub(super) items_refused: u64,
    pub(super) last_answer: Instant,
    statuses: [u64; STATUS_END],
    failures: [u64; Failure::ALL.len()],
    start: Instant,
    deadline: Instant,
}

impl Stats {
    pub(super) fn new(start: Instant, deadline: Instant) -> Self {
        let latencies_ns = Histogram::new_with_bounds(LATENCY_NS_MIN, LATENCY_NS_MAX, LATENCY_DIGITS)
            .expect("1 µs to 100 s in three digits are valid bounds");
        Self {
            latencies_ns,
            sent: 0,
            answered: 0,
            answered_in_time: 0,
            items_refused: 0,
            last_answer: start,
            statuses: [0; STATUS_END],
            failures: [0; Failure::ALL.len()],
            start,
            deadline,
        }
    }

    pub(super) fn answer(&mut self, status: u16, intended: Instant, now: Instant) {
        let latency = now.saturating_duration_since(intended);
        self.latencies_ns.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        self.answered += 1;
        self.answered_in_time += u64::from(now <= self.deadline);
        self.last_answer = now;
        if let Some(count) = self.statuses.get_mut(usize::from(status)) {
            *count += 1;
        }
    }

    pub(super) fn failure(&mut self, failure: Failure) {
        self.failures[failure as usize] += 1;
    }

    /// Time from the start to the last answer, at most to the deadline.
    pub(super) fn elapsed(&self) -> Duration {
        self.last_answer.min(self.deadline).saturating_duration_since(self.start)
    }

    /// Statuses that came, with their counts.
    pub(super) fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        (0..).zip(self.statuses).filter(|(_, count)| *count > 0)
    }

    /// Failures that happened, with their counts.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Failure::ALL
            .into_iter()
            .map(|(failure, name)| (name, self.failures[failure as usize]))
            .filter(|(_, count)| *count > 0)
    }

    /// Requests that were sent and neither answered nor failed when the run was cut off.
    pub(super) fn unanswered(&self) -> u64 {
        self.sent.saturating_sub(self.answered + self.failures.iter().sum::<u64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_sent_is_answered_failed_or_unanswered() {
        let start = Instant::now();
        let deadline = start + Duration::from_secs(1);
        let mut stats = Stats::new(start, deadline);
        stats.sent = 4;
        stats.answer(201, start, start + Duration::from_millis(2));
        stats.answer(402, start, deadline + Duration::from_millis(1));
        stats.failure(Failure::Malformed);

        assert_eq!(stats.statuses().collect::<Vec<_>>(), [(201, 1), (402, 1)]);
        assert_eq!(stats.failures().collect::<Vec<_>>(), [("malformed", 1)]);
        assert_eq!((stats.answered, stats.answered_in_time, stats.unanswered()), (2, 1, 1));
        assert_eq!(stats.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn latencies_are_kept_within_a_thousandth() {
        let start = Instant::now();
        let mut stats = Stats::new(start, start + Duration::from_secs(1));
        stats.answer(200, start, start + Duration::from_micros(1_234));
        let kept = stats.latencies_ns.value_at_quantile(0.5);
        assert!(kept.abs_diff(1_234_000) <= 1_234, "{kept}");
    }
}
