//! The lease in PostgreSQL, where the log is: whoever cannot reach it cannot write anyway.

mod connection;
mod processes;

pub use processes::{Listed, PostgresProcesses};

use std::{fmt, time::Duration};

use events::LedgerId;
use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use self::connection::{Connection, interval};
use super::{Claimant, Lease, LeaseError, Tenure};

/// What `credit-ledger migrate` runs for a cluster, after the log's: name and SQL.
pub const MIGRATIONS: &[(&str, &str)] = &[
    ("cluster/0001_leases", include_str!("../../migrations/postgres/cluster/0001_leases.sql")),
    ("cluster/0002_processes", include_str!("../../migrations/postgres/cluster/0002_processes.sql")),
];

const CLAIM: &str = "INSERT INTO credit_ledger.leases AS l (ledger, epoch, holder, address, expires_at) \
     VALUES ($1, 1, $2, $3, clock_timestamp() + $4) ON CONFLICT (ledger) DO UPDATE \
     SET epoch = l.epoch + 1, holder = excluded.holder, address = excluded.address, \
         expires_at = clock_timestamp() + $4 \
     WHERE l.expires_at <= clock_timestamp() OR l.holder = excluded.holder RETURNING epoch";
const LOOK: &str = "SELECT epoch, holder, address, \
     greatest((extract(epoch FROM expires_at - clock_timestamp()) * 1000000)::int8, 0) \
     FROM credit_ledger.leases WHERE ledger = $1";
const RENEW: &str = "UPDATE credit_ledger.leases SET expires_at = clock_timestamp() + $4 \
     WHERE ledger = $1 AND epoch = $2 AND holder = $3 AND expires_at > clock_timestamp()";
const RELEASE: &str = "UPDATE credit_ledger.leases SET expires_at = clock_timestamp() \
     WHERE ledger = $1 AND epoch = $2 AND holder = $3 AND expires_at > clock_timestamp()";
const RELEASE_ABOVE: &str = "UPDATE credit_ledger.leases SET epoch = greatest(epoch, $4), \
     expires_at = clock_timestamp() WHERE ledger = $1 AND epoch = $2 AND holder = $3";
const SET_PEPPER: &str = "INSERT INTO credit_ledger.peppers (ledger, fingerprint) VALUES ($1, $2) \
     ON CONFLICT (ledger) DO NOTHING";
const PEPPER: &str = "SELECT fingerprint = $2 FROM credit_ledger.peppers WHERE ledger = $1";

/// One ledger's lease, over a connection of its own that nothing else makes wait.
pub struct PostgresLease {
    ledger: LedgerId,
    connection: Connection,
}

impl PostgresLease {
    /// The lease of `ledger` in the database at `url`, which is not reached yet.
    ///
    /// # Errors
    /// When the URL is none. The text of the error does not hold it.
    pub fn new(url: &str, ledger: LedgerId) -> Result<Self, LeaseError> {
        Ok(Self { ledger, connection: Connection::new(url)? })
    }

    /// Whether the replicas of the ledger agree on this fingerprint of their pepper: the first one's
    /// counts.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn has_pepper(&self, fingerprint: [u8; 16]) -> Result<bool, LeaseError> {
        let (ledger, fingerprint) = (self.ledger.0, fingerprint.to_vec());
        self.connection
            .with(async move |connection| {
                let set = sqlx::query(SET_PEPPER).bind(ledger).bind(&fingerprint);
                set.execute(&mut *connection).await?;
                sqlx::query_scalar(PEPPER).bind(ledger).bind(&fingerprint).fetch_one(connection).await
            })
            .await
    }

    /// Gives the lease of `epoch` back; from now on epochs are above `above` as well. Whether it was still
    /// the claimant's.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn release_above(
        &self,
        claimant: &Claimant,
        epoch: u64,
        above: u64,
    ) -> Result<bool, LeaseError> {
        let signed = |epoch: u64| i64::try_from(epoch).unwrap_or(i64::MAX);
        let (ledger, holder) = (self.ledger.0, claimant.id);
        self.connection
            .with(async move |connection| {
                let query = sqlx::query(RELEASE_ABOVE).bind(ledger).bind(signed(epoch)).bind(holder);
                Ok(query.bind(signed(above)).execute(connection).await?.rows_affected() > 0)
            })
            .await
    }

    async fn seen(&self) -> Result<Option<Tenure>, LeaseError> {
        let ledger = self.ledger.0;
        let row: Option<(i64, Uuid, String, i64)> = self
            .connection
            .with(async move |connection| sqlx::query_as(LOOK).bind(ledger).fetch_optional(connection).await)
            .await?;
        Ok(row.map(|(epoch, holder, address, left)| Tenure {
            epoch: epoch.unsigned_abs(),
            holder,
            address: address.into(),
            left: Duration::from_micros(left.unsigned_abs()),
        }))
    }

    /// Whether a statement about this epoch found its row.
    async fn change(
        &self,
        sql: &'static str,
        claimant: &Claimant,
        epoch: u64,
        lease: Option<Duration>,
    ) -> Result<bool, LeaseError> {
        let (ledger, holder, epoch) = (self.ledger.0, claimant.id, i64::try_from(epoch).unwrap_or(i64::MAX));
        self.connection
            .with(async move |connection| {
                let mut query = sqlx::query(sql).bind(ledger).bind(epoch).bind(holder);
                if let Some(lease) = lease {
                    query = query.bind(interval(lease));
                }
                Ok(query.execute(connection).await?.rows_affected() > 0)
            })
            .await
    }
}

impl Lease for PostgresLease {
    fn claim<'a>(&'a self, claimant: &'a Claimant) -> BoxFuture<'a, Result<Tenure, LeaseError>> {
        async move {
            let (ledger, id) = (self.ledger.0, claimant.id);
            let (address, lease) = (claimant.address.clone(), interval(claimant.lease));
            let claimed: Option<i64> = self
                .connection
                .with(async move |connection| {
                    let claim = sqlx::query_scalar(CLAIM).bind(ledger).bind(id).bind(&*address).bind(lease);
                    claim.fetch_optional(connection).await
                })
                .await?;
            match claimed {
                Some(epoch) => Ok(Tenure {
                    epoch: epoch.unsigned_abs(),
                    holder: claimant.id,
                    address: claimant.address.clone(),
                    left: claimant.lease,
                }),
                None => self.seen().await?.ok_or_else(|| LeaseError("the lease has vanished".to_owned())),
            }
        }
        .boxed()
    }

    fn look(&self) -> BoxFuture<'_, Result<Option<Tenure>, LeaseError>> {
        async move { Ok(self.seen().await?.filter(|tenure| !tenure.left.is_zero())) }.boxed()
    }

    fn renew<'a>(&'a self, claimant: &'a Claimant, epoch: u64) -> BoxFuture<'a, Result<bool, LeaseError>> {
        self.change(RENEW, claimant, epoch, Some(claimant.lease)).boxed()
    }

    fn release<'a>(&'a self, claimant: &'a Claimant, epoch: u64) -> BoxFuture<'a, Result<(), LeaseError>> {
        async move { self.change(RELEASE, claimant, epoch, None).await.map(drop) }.boxed()
    }
}

impl fmt::Debug for PostgresLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLease").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}
