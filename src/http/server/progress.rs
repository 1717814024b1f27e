//! What one connection is doing, shared by its socket, its service and its watchdog.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// All of these run in one task, so no ordering between the fields is needed.
#[derive(Debug, Default)]
pub(super) struct Progress {
    busy: AtomicBool,
    half_read: AtomicBool,
    transfers: AtomicU32,
}

impl Progress {
    /// A whole head was read; its request is being answered.
    pub(super) fn request_started(&self) {
        self.busy.store(true, Relaxed);
        self.half_read.store(false, Relaxed);
    }

    /// The head of the answer is there; its body may still be written.
    pub(super) fn request_answered(&self) {
        self.busy.store(false, Relaxed);
    }

    /// Bytes came in. Between requests they start a head.
    pub(super) fn bytes_read(&self) {
        self.transfers.fetch_add(1, Relaxed);
        if !self.busy.load(Relaxed) {
            self.half_read.store(true, Relaxed);
        }
    }

    /// Bytes went out.
    pub(super) fn bytes_written(&self) {
        self.transfers.fetch_add(1, Relaxed);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Relaxed)
    }

    fn is_half_read(&self) -> bool {
        self.half_read.load(Relaxed)
    }
}

/// What to do with a connection after another second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Keep,
    /// A head did not become complete in time.
    TooSlow,
    /// Nobody has used it for long.
    Idle,
}

/// Looks at a connection once a second. Cheaper than a timer that each request sets and clears.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    seen_transfers: u32,
    head_s: u32,
    idle_s: u32,
}

impl Watchdog {
    pub(super) fn look(&mut self, progress: &Progress, head_max_s: u32, idle_max_s: u32) -> Verdict {
        let transfers = progress.transfers.load(Relaxed);
        let moved = transfers != self.seen_transfers;
        self.seen_transfers = transfers;
        self.idle_s = if progress.is_busy() || moved { 0 } else { self.idle_s + 1 };
        self.head_s = if progress.is_half_read() && !progress.is_busy() { self.head_s + 1 } else { 0 };
        if self.head_s > head_max_s {
            Verdict::TooSlow
        } else if self.idle_s > idle_max_s {
            Verdict::Idle
        } else {
            Verdict::Keep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(progress: &Progress, seconds: u32, each_second: impl Fn(&Progress)) -> Vec<Verdict> {
        let mut watchdog = Watchdog::default();
        let look = |_| {
            each_second(progress);
            watchdog.look(progress, 5, 10)
        };
        (0..seconds).map(look).collect()
    }

    #[test]
    fn a_head_that_trickles_in_is_too_slow() {
        let seen = verdicts(&Progress::default(), 6, Progress::bytes_read);
        assert_eq!(seen[4..], [Verdict::Keep, Verdict::TooSlow]);
    }

    #[test]
    fn an_unused_connection_becomes_idle() {
        let seen = verdicts(&Progress::default(), 11, |_| {});
        assert_eq!(seen[9..], [Verdict::Keep, Verdict::Idle]);
    }

    #[test]
    fn a_request_under_way_or_a_stream_is_left_alone() {
        let busy = Progress::default();
        busy.request_started();
        assert!(verdicts(&busy, 100, |_| {}).iter().all(|verdict| *verdict == Verdict::Keep));
        let streaming = Progress::default();
        assert!(
            verdicts(&streaming, 100, Progress::bytes_written)
                .iter()
                .all(|verdict| *verdict == Verdict::Keep)
        );
    }
}
