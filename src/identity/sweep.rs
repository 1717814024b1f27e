//! Cleaning up behind identity: rows that have expired, and activity that is old enough.
//!
//! What expired counts as absent anyway, so nothing waits for this. Several replicas may sweep at once:
//! each deletes what it finds.

use std::{sync::Arc, time::Duration};

use events::Time;
use tokio_util::sync::CancellationToken;

use super::vault::{Vault, VaultError};
use crate::clock::Clock;

/// How long a sweep is over before the next begins.
pub const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Rows of one transaction: others write between two of them.
const BATCH: usize = 500;

const DAY_MICROS: i64 = 86_400_000_000;

/// Which vault is swept, and how long activity is kept.
pub struct Sweeper {
    /// The vault.
    pub vault: Arc<dyn Vault>,
    /// Tells when something has expired.
    pub clock: Arc<dyn Clock>,
    /// Days for which activity is kept.
    pub activity_days: u32,
}

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rows.
    pub rows: usize,
    /// Things that happened.
    pub activity: usize,
}

impl Sweeper {
    /// Sweeps now and again every [`SWEEP_EVERY`], until `stop`. A sweep that fails is tried again at the
    /// next turn.
    pub async fn run(self, stop: CancellationToken) {
        let sweeping = async {
            loop {
                match self.sweep().await {
                    Ok(Swept { rows: 0, activity: 0 }) => {}
                    Ok(Swept { rows, activity }) => tracing::debug!(rows, activity, "identity was swept"),
                    Err(error) => tracing::warn!(%error, "identity can't be swept now"),
                }
                let due = self.clock.now().plus_micros(micros(SWEEP_EVERY));
                // A clock may wake early.
                while self.clock.now() < due {
                    self.clock.sleep_until(due).await;
                }
            }
        };
        let _: Option<()> = stop.run_until_cancelled(sweeping).await;
    }

    /// Takes away all that has expired by now, batch by batch.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`]; what was swept before stays swept.
    pub async fn sweep(&self) -> Result<Swept, VaultError> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        loop {
            let rows = self.vault.expire(now, BATCH).await?;
            swept.rows += rows;
            if rows < BATCH {
                break;
            }
        }
        let before = self.kept_since(now);
        loop {
            let activity = self.vault.forget_activity(before, BATCH).await?;
            swept.activity += activity;
            if activity < BATCH {
                return Ok(swept);
            }
        }
    }

    fn kept_since(&self, now: Time) -> Time {
        now.plus_micros(-i64::from(self.activity_days).saturating_mul(DAY_MICROS))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use events::OrgId;
    use uuid::Uuid;

    use super::*;
    use crate::{
        clock::ManualClock,
        identity::vault::{
            Activity, ActivityKind, ActivityQuery, Change, Draft, Kind, Outcome, memory::MemoryVault,
        },
    };

    const ORG: OrgId = OrgId(Uuid::nil());

    fn start() -> Time {
        Time::from_micros(1_800_000_000_000_000)
    }

    fn draft(number: i64, expires: Option<Time>) -> Change {
        let id = number.to_string().into();
        Change::Insert(Draft { kind: Kind::Code, id, owner: None, expires, body: "{}".into() })
    }

    async fn left(vault: &MemoryVault) -> (usize, usize) {
        let rows = vault.all(Kind::Code, None, 9_999, Time::from_micros(0)).await.expect("rows").len();
        let page = vault.activity(ActivityQuery::of(ORG, 9_999)).await.expect("activity");
        (rows, page.items.len())
    }

    /// 1,200 rows that expire a second apart, one that does not, and as many things that happened.
    async fn vault() -> Arc<MemoryVault> {
        let vault = Arc::new(MemoryVault::new());
        let later = |n| start().plus_micros(n * 1_000_000);
        let mut rows: Vec<_> = (0..1_200).map(|n| draft(n, Some(later(n)))).collect();
        rows.push(draft(-1, None));
        vault.commit(rows, Time::from_micros(0)).await.expect("rows");
        let happened = |n| Activity::new(ActivityKind::SignIn, Outcome::Done, ORG, later(n));
        vault.note((0..1_200).map(happened).collect()).await.expect("activity");
        vault
    }

    #[tokio::test]
    async fn what_is_over_goes_and_the_rest_stays() {
        let vault = vault().await;
        let clock = Arc::new(ManualClock::at(start().plus_micros(1_099 * 1_000_000)));
        let sweeper = Sweeper { vault: vault.clone(), clock: clock.clone(), activity_days: 7 };
        assert_eq!(sweeper.sweep().await, Ok(Swept { rows: 1_100, activity: 0 }));
        assert_eq!(left(&vault).await, (101, 1_200));
        clock.set_wall(start().plus_micros(7 * DAY_MICROS + 1_000 * 1_000_000));
        assert_eq!(sweeper.sweep().await, Ok(Swept { rows: 100, activity: 1_000 }));
        assert_eq!(left(&vault).await, (1, 200));
        assert_eq!(sweeper.sweep().await, Ok(Swept::default()));
    }

    #[tokio::test]
    async fn it_sweeps_again_and_again_until_it_is_stopped() {
        let vault = vault().await;
        vault.set_away(true);
        let clock = Arc::new(ManualClock::at(start()));
        let sweeper = Sweeper { vault: vault.clone(), clock: clock.clone(), activity_days: 1 };
        let stop = CancellationToken::new();
        let running = tokio::spawn(sweeper.run(stop.clone()));
        tokio::task::yield_now().await;
        vault.set_away(false);
        assert_eq!(left(&vault).await, (1_201, 1_200), "the first sweep failed");
        clock.advance(SWEEP_EVERY);
        while left(&vault).await != (900, 1_200) {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.expect("it ends");
    }
}
