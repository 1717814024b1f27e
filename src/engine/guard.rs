//! Watches the wall clock: events are stamped with it, expiry depends on it.

use std::time::Duration;

use events::Time;

use crate::clock::Clock;

/// How far the wall clock may be off.
const TOLERANCE_MICROS: i64 = 1_000_000;

/// Compares the wall clock with the last stamp and with the monotonic clock.
#[derive(Debug)]
pub(super) struct ClockGuard {
    wall: Time,
    monotonic: Duration,
}

impl ClockGuard {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    /// The time, or why it cannot be trusted. Small steps are followed, so that a clock that is
    /// slewed for days passes; a jump is not, so that it stops writing until it is undone.
    pub(super) fn now(&mut self, clock: &dyn Clock, last_stamp: Time) -> Result<Time, String> {
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let behind = last_stamp.micros().saturating_sub(wall.micros());
        if behind > TOLERANCE_MICROS {
            return Err(format!(
                "the clock says {wall}, but the last event was stamped {last_stamp}; set the clock"
            ));
        }
        let passed = i64::try_from(monotonic.saturating_sub(self.monotonic).as_micros()).unwrap_or(i64::MAX);
        let jumped = wall.micros().saturating_sub(self.wall.plus_micros(passed).micros());
        if jumped.abs() > TOLERANCE_MICROS {
            return Err(format!(
                "the clock jumped by {jumped} microseconds; set it right, or restart when it is right"
            ));
        }
        (self.wall, self.monotonic) = (wall, monotonic);
        Ok(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_jump_stops_writing_until_it_is_undone() {
        let start = Time::from_micros(1_000_000_000);
        let clock = ManualClock::at(start);
        let mut guard = ClockGuard::new(&clock);
        clock.advance(Duration::from_secs(3_600));
        let later = clock.now();
        assert_eq!(guard.now(&clock, start), Ok(later));
        clock.set_wall(later.plus_micros(1_500_000));
        assert!(guard.now(&clock, start).is_err(), "forward");
        clock.set_wall(later.plus_micros(-1_500_000));
        assert!(guard.now(&clock, start).is_err(), "backward");
        clock.set_wall(later.plus_micros(900_000));
        assert!(guard.now(&clock, start).is_ok(), "within the tolerance");
    }

    #[test]
    fn a_clock_behind_the_last_stamp_stops_writing() {
        let clock = ManualClock::at(Time::from_micros(5_000_000));
        let mut guard = ClockGuard::new(&clock);
        assert!(guard.now(&clock, Time::from_micros(5_900_000)).is_ok());
        assert!(guard.now(&clock, Time::from_micros(6_100_000)).is_err());
    }
}
