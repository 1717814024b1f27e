//! The processes of the cluster, as they tell each other in PostgreSQL.

use std::{collections::BTreeSet, fmt, sync::Arc};

use events::LedgerId;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::connection::{Connection, interval};
use crate::{
    clock::Clock,
    cluster::{LeaseError, Options, Overview, Spread, keeper::within},
};

const FORGET_DEAD: &str = "DELETE FROM credit_ledger.processes WHERE alive_until < clock_timestamp()";
const ANNOUNCE: &str = "INSERT INTO credit_ledger.processes (id, ledgers, alive_until) \
     VALUES ($1, $2, clock_timestamp() + $3) ON CONFLICT (id) DO UPDATE \
     SET ledgers = excluded.ledgers, alive_until = excluded.alive_until";
const LEAVE: &str = "DELETE FROM credit_ledger.processes WHERE id = $1";
const LIVE: &str = "SELECT id, ledgers FROM credit_ledger.processes WHERE alive_until > clock_timestamp()";
const HOLDERS: &str = "SELECT ledger, holder FROM credit_ledger.leases WHERE expires_at > clock_timestamp()";
const LEDGERS: &str = "SELECT l.number, l.id, s.address, s.epoch FROM credit_ledger.ledgers l \
     LEFT JOIN credit_ledger.leases s ON s.ledger = l.id AND s.expires_at > clock_timestamp() \
     ORDER BY l.number";

/// What one process tells the others of the cluster, and hears of them.
pub struct PostgresProcesses {
    connection: Connection,
    ledgers: Vec<LedgerId>,
    options: Options,
}

/// A ledger of a database, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number in the database; the lowest is that of the default ledger.
    pub number: i16,
    /// Its id.
    pub ledger: LedgerId,
    /// Where the process is reached that writes it, if one does.
    pub writer: Option<Box<str>>,
    /// That process's epoch.
    pub epoch: Option<u64>,
}

impl PostgresProcesses {
    /// A process that could write these ledgers of the database at `url`, which is not reached yet.
    ///
    /// # Errors
    /// When the URL is none. The text of the error does not hold it.
    pub fn new(url: &str, ledgers: Vec<LedgerId>, options: Options) -> Result<Self, LeaseError> {
        Ok(Self { connection: Connection::new(url)?, ledgers, options })
    }

    /// Tells that the process of `spread` lives, and tells `spread` of the others, as often as leases
    /// are renewed, until `stop` is cancelled. While that can't be done, `spread` knows nobody.
    pub async fn follow(self, spread: Arc<Spread>, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let time = self.options.lease;
        let following = async {
            let _ = within(time, self.forget_dead()).await;
            let mut failing = false;
            loop {
                let able = spread.is_able(clock.monotonic());
                let overview = within(time, self.exchange(spread.process(), able)).await;
                if let Err(error) = overview.as_ref()
                    && !failing
                {
                    tracing::warn!(%error, "the other processes can't be followed: writers are not spread");
                }
                failing = overview.is_err();
                spread.saw(overview.unwrap_or_default());
                sleep(self.options.renewal).await;
            }
        };
        let _ = stop.run_until_cancelled(following).await;
        spread.saw(Overview::default());
        let _ = within(time, self.leave(spread.process())).await;
    }

    /// Every ledger of the database, and who writes it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn list(url: &str) -> Result<Vec<Listed>, LeaseError> {
        let rows: Vec<(i16, Uuid, Option<String>, Option<i64>)> = Connection::new(url)?
            .with(async |connection| sqlx::query_as(LEDGERS).fetch_all(connection).await)
            .await?;
        let listed = |(number, id, writer, epoch): (i16, Uuid, Option<String>, Option<i64>)| Listed {
            number,
            ledger: LedgerId(id),
            writer: writer.map(Into::into),
            epoch: epoch.map(i64::unsigned_abs),
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    async fn exchange(&self, process: Uuid, able: bool) -> Result<Overview, LeaseError> {
        if !able {
            self.leave(process).await?;
        }
        let ledgers: Vec<Uuid> = self.ledgers.iter().map(|ledger| ledger.0).collect();
        let lives = interval(self.options.lease);
        let known = |ledgers: Vec<Uuid>| ledgers.into_iter().map(LedgerId).collect::<BTreeSet<_>>();
        self.connection
            .with(async move |connection| {
                if able {
                    let announce = sqlx::query(ANNOUNCE).bind(process).bind(ledgers).bind(lives);
                    announce.execute(&mut *connection).await?;
                }
                let live: Vec<(Uuid, Vec<Uuid>)> = sqlx::query_as(LIVE).fetch_all(&mut *connection).await?;
                let holders: Vec<(Uuid, Uuid)> = sqlx::query_as(HOLDERS).fetch_all(connection).await?;
                Ok(Overview {
                    live: live.into_iter().map(|(id, ledgers)| (id, known(ledgers))).collect(),
                    holders: holders.into_iter().map(|(ledger, holder)| (LedgerId(ledger), holder)).collect(),
                })
            })
            .await
    }

    async fn forget_dead(&self) -> Result<(), LeaseError> {
        let forget = async |connection: &mut sqlx::PgConnection| {
            sqlx::query(FORGET_DEAD).execute(connection).await.map(drop)
        };
        self.connection.with(forget).await
    }

    async fn leave(&self, process: Uuid) -> Result<(), LeaseError> {
        let leave = async |connection: &mut sqlx::PgConnection| {
            sqlx::query(LEAVE).bind(process).execute(connection).await.map(drop)
        };
        self.connection.with(leave).await
    }
}

impl fmt::Debug for PostgresProcesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresProcesses").field("ledgers", &self.ledgers).finish_non_exhaustive()
    }
}
