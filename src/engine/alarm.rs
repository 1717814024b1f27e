//! Expiry on time: the writer's alarm clock, and what it does when that rings.

use std::{fmt, future::pending};

use events::Time;
use futures::future::BoxFuture;

use super::{core::Rang, gather::gather, guard::ClockGuard, writer::Writer};
use crate::clock::Clock;

/// How long timers rest after a fault.
const REST_MICROS: i64 = 1_000_000;

/// Wakes the writer for the next timer.
#[derive(Default)]
pub(super) struct Alarm {
    set: Option<(Time, BoxFuture<'static, ()>)>,
    /// After a fault: from when, until when.
    rest: Option<(Time, Time)>,
    /// Timers that the group being decided has looked at.
    rung: usize,
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("rung", &self.rung).finish_non_exhaustive()
    }
}

impl Alarm {
    /// Waits for the moment that was set last; for ever when none was.
    pub(super) async fn rings(&mut self) {
        match &mut self.set {
            Some((_, sleep)) => sleep.await,
            None => pending().await,
        }
        self.set = None;
    }

    /// The next group may look at as many timers again.
    pub(super) const fn next_group(&mut self) {
        self.rung = 0;
    }

    /// Leaves timers alone for a while: what is wrong now would be wrong again at once.
    pub(super) fn rest(&mut self, clock: &dyn Clock) {
        let now = clock.now();
        self.rest = Some((now, now.plus_micros(REST_MICROS)));
    }

    /// Until when timers rest. A clock that was set back ends the rest: it was wrong before.
    fn rests_until(&self, now: Time) -> Option<Time> {
        self.rest.filter(|(from, until)| *from <= now && now < *until).map(|(_, until)| until)
    }

    fn set(&mut self, time: Option<Time>, clock: &dyn Clock) {
        let rest = self.rest.and_then(|_| self.rests_until(clock.now()));
        let time = time.map(|time| rest.map_or(time, |rest| rest.max(time)));
        if self.set.as_ref().map(|(set, _)| *set) != time {
            self.set = time.map(|time| (time, clock.sleep_until(time)));
        }
    }
}

impl Writer {
    /// Sets the alarm to the next timer that the group being decided may look at.
    pub(super) fn set_alarm(&mut self) {
        let next = if self.timers_left() > 0 { self.core.timers().next() } else { None };
        self.alarm.set(next, &*self.clock);
    }

    /// Lets expire what is due in wallets that nobody asks anything of.
    pub(super) async fn expire(&mut self, guard: &mut ClockGuard) {
        let left = self.timers_left();
        let Some(next) = self.core.timers().next().filter(|_| left > 0) else { return };
        let wall = self.clock.now();
        if wall < next || self.alarm.rests_until(wall).is_some() {
            return;
        }
        self.alarm.rest = None;
        if let Err(reason) = self.expire_some(left, guard).await {
            tracing::warn!(%reason, "nothing can expire now");
            self.alarm.rest(&*self.clock);
        }
    }

    async fn expire_some(&mut self, limit: usize, guard: &mut ClockGuard) -> Result<(), String> {
        let now = guard.now(&*self.clock, self.core.last_stamp())?;
        if let Some(from) = self.core.timers().missing(now) {
            let page = self.core.timers().page();
            let loaded = self.cold.timers(from, page).await.map_err(|error| error.to_string())?;
            self.core.adopt_timers(loaded);
        }
        let due = self.core.timers().due(now, limit);
        gather(&mut self.core, &[], &due, &*self.cold, &*self.log).await?;
        for timer in due {
            match self.core.ring(timer, now, &mut *self.entropy) {
                Ok(Rang::Expired) => {
                    self.alarm.rung += 1;
                    self.gauges.timer_fired();
                }
                Ok(Rang::InVain) => {}
                Ok(Rang::NoRoom) => {
                    // The rest is for the next group.
                    self.alarm.rung = self.options.group_max;
                    return Ok(());
                }
                Err(error) => {
                    tracing::error!(wallet = %timer.1, %error, "what is due in a wallet cannot expire");
                }
            }
        }
        Ok(())
    }

    /// How many timers the group being decided may still look at: a quarter of a group, beside its
    /// commands.
    fn timers_left(&self) -> usize {
        let quarter = (self.options.group_max / 4).max(1);
        if self.core.has_room() { quarter.saturating_sub(self.alarm.rung) } else { 0 }
    }
}
