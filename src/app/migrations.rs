//! Every migration of a PostgreSQL database, in the order in which they run.

use crate::{
    broker, cluster,
    log::postgres::{self, Migration},
    read::postgres as read,
};

/// What `credit-ledger migrate` applies: the log first, then what is computed from it, then what
/// replicas share.
const POSTGRES: &[&[Migration]] =
    &[postgres::MIGRATIONS, read::MIGRATIONS, broker::postgres::MIGRATIONS, cluster::postgres::MIGRATIONS];

/// All migrations of PostgreSQL.
#[must_use]
pub fn postgres() -> Vec<Migration> {
    POSTGRES.concat()
}
