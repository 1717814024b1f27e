//! Every migration of a PostgreSQL database, in the order in which they run.

use crate::{
    broker, cluster,
    identity::vault::postgres as vault,
    log::postgres::{self, Migration},
    read::postgres as read,
};

/// What `credit-ledger migrate` applies: the log first, then what is computed from it, then what
/// replicas share.
const POSTGRES: &[&[Migration]] = &[
    postgres::MIGRATIONS,
    read::MIGRATIONS,
    broker::postgres::MIGRATIONS,
    cluster::postgres::MIGRATIONS,
    vault::MIGRATIONS,
];

/// All migrations of PostgreSQL.
#[must_use]
pub fn postgres() -> Vec<Migration> {
    POSTGRES.concat()
}
