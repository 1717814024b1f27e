//! The one home of clocks and randomness: everything else takes them as parameters.

use std::{fmt, time::Duration};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use events::Time;
use futures::{FutureExt, future::BoxFuture};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::watch;

/// The longest sleep, after which a sleeper looks at the wall clock again: it may have been set, and
/// the timers of the machine stand still while it is asleep itself.
const NAP: Duration = Duration::from_secs(60);

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The wall clock, UTC.
    fn now(&self) -> Time;
    /// Time since some fixed moment; it never runs backwards.
    fn monotonic(&self) -> Duration;
    /// Waits until the wall clock is at `time`; it may return before, so look at the clock then.
    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()>;
}

/// The machine's clocks.
#[derive(Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The machine's clocks.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one home of the clock")]
    fn now(&self) -> Time {
        jiff::Timestamp::now().into()
    }

    /// Since the machine started. Unlike `Instant`, it counts the time that the machine slept, so
    /// that waking up does not look as if the wall clock had jumped.
    fn monotonic(&self) -> Duration {
        let since = rustix::time::clock_gettime(BOOT);
        Duration::try_from(since).unwrap_or_default()
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        let micros = time.micros().saturating_sub(self.now().micros());
        let left = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        tokio::time::sleep(left.min(NAP)).boxed()
    }
}

#[cfg(target_os = "linux")]
const BOOT: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const BOOT: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// A clock that stands still until it is moved, which wakes whoever sleeps until then.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<(Time, Duration)>);

impl ManualClock {
    /// Stands at `now`.
    #[must_use]
    pub fn at(now: Time) -> Self {
        Self(watch::Sender::new((now, Duration::ZERO)))
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.send_modify(|clock| *clock = (clock.0.plus_micros(micros), clock.1 + by));
    }

    /// Sets the wall clock alone, as an operator or a time server might.
    pub fn set_wall(&self, now: Time) {
        self.0.send_modify(|clock| clock.0 = now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        self.0.borrow().0
    }

    fn monotonic(&self) -> Duration {
        self.0.borrow().1
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        let (mut clock, since) = (self.0.subscribe(), self.now());
        // A clock that was set back, or is gone, wakes everyone.
        async move { drop(clock.wait_for(|(now, _)| *now >= time || *now < since).await.ok()) }.boxed()
    }
}

/// Draws random bytes.
pub trait Entropy: Send + 'static {
    /// Fills `bytes` with random ones.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// 16 random bytes, for ids and salts.
pub fn sixteen(entropy: &mut dyn Entropy) -> [u8; 16] {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    bytes
}

/// A cryptographic generator (ChaCha12) seeded by the operating system, or by a test.
#[derive(Debug)]
pub struct Generator(StdRng);

impl Generator {
    /// Seeded by the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness: nothing secure could be done then.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of randomness")]
    pub fn from_system() -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).expect("the operating system must supply randomness");
        Self(StdRng::from_seed(seed))
    }

    /// The same bytes for the same seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
}

impl Entropy for Generator {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}
