//! Every migration of a PostgreSQL database, in the order in which they run.

use crate::{
    broker,
    log::postgres::{self, Migration},
};

/// What `credit-ledger migrate` applies: the log first, then what is computed from it.
const POSTGRES: &[&[Migration]] = &[postgres::MIGRATIONS, broker::postgres::MIGRATIONS];

/// All migrations of PostgreSQL.
#[must_use]
pub fn postgres() -> Vec<Migration> {
    POSTGRES.concat()
}
