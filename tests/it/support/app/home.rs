//! What a served ledger lives in, from one start to the next.

use credit_ledger::config::Config;
use tempfile::TempDir;

use crate::support::postgres::Database;

/// Files and databases, removed with this value.
pub(crate) struct Home {
    pub(crate) config: Config,
    _dir: TempDir,
    /// Its database, when it has one.
    pub(crate) database: Option<Database>,
}

impl Home {
    /// SQLite files in a directory of its own.
    pub(crate) fn embedded() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let config = Config { data_dir: dir.path().join("data"), ..Config::default() };
        Self { config, _dir: dir, database: None }
    }

    /// A PostgreSQL database of its own.
    pub(crate) async fn postgres() -> Self {
        let (mut home, database) = (Self::embedded(), Database::migrated().await);
        home.config.database_url = database.url().as_str().into();
        Self { database: Some(database), ..home }
    }
}
