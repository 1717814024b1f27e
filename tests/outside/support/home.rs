//! A data directory of a test's own, and room beside it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A data directory, which need not exist yet, and a folder for the test's own files.
pub(crate) struct Home {
    beside: TempDir,
    data: PathBuf,
    database: Option<String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let beside = folder();
        let data = beside.path().join("data");
        Self { beside, data, database: None }
    }

    /// A data directory in `disk`; the other files stay off it.
    pub(crate) fn on(disk: &Path) -> Self {
        Self { beside: folder(), data: disk.join("data"), database: None }
    }

    /// The home of a replica on this database.
    pub(crate) fn of_replica(database: &str) -> Self {
        Self { database: Some(database.to_owned()), ..Self::new() }
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    /// The binary, told to use this data directory, in an environment without settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.env_clear().current_dir(self.beside.path()).stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Some(database) = &self.database {
            command.env("CREDIT_LEDGER_DATABASE_URL", database);
        }
        command.arg("--data-dir").arg(&self.data);
        command
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The root of the checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    let built = || checkout().join("target/release/credit-ledger");
    let path = std::env::var_os("CREDIT_LEDGER_BIN").map_or_else(built, PathBuf::from);
    assert!(path.is_file(), "{} is missing: run `cargo build --release` first", path.display());
    path
}
