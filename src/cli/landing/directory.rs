//! An import into a data directory: the log gets its name there when it is whole.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use events::Position;

use crate::{
    cli::{
        failure::{Failure, Outcome},
        imported::STAGING,
    },
    log::{
        Log,
        sqlite::{Closed, LOG_FILE, SqliteLog},
    },
    read::sqlite::READ_FILE,
};

/// The log while it is not whole.
pub(in crate::cli) struct Staged {
    /// The log.
    pub(in crate::cli) log: SqliteLog,
    data_dir: PathBuf,
}

impl Staged {
    /// Opens what an interrupted import has left, or begins.
    pub(in crate::cli) async fn open(data_dir: &Path) -> Outcome<Self> {
        let log = SqliteLog::open(&data_dir.join(STAGING)).await;
        let log = log.map_err(|error| Failure::Other(error.into()))?;
        Ok(Self { log, data_dir: data_dir.to_owned() })
    }

    /// Gives the log of `count` events its name, unless storing it failed.
    pub(in crate::cli) async fn finish(self, stored: Outcome, count: u64) -> Outcome {
        let staging = self.data_dir.join(STAGING);
        let closed = self.log.close().await;
        stored?;
        must_be_whole(&staging, closed, count).await?;
        put_in_place(&staging, &self.data_dir)?;
        if !self.data_dir.join("pepper").exists() {
            eprintln!(
                "note: API keys of this ledger are void until its `pepper` is copied to {}",
                self.data_dir.display()
            );
        }
        Ok(())
    }
}

/// The write-ahead log beside the file goes with the folder, so that the file alone must hold every
/// event before it gets its name.
pub(in crate::cli) async fn must_be_whole(staging: &Path, closed: Closed, count: u64) -> Outcome {
    let file = staging.join(LOG_FILE);
    let beside = file.with_extension("db-wal");
    if closed != Closed::InOneFile || beside.metadata().is_ok_and(|beside| beside.len() > 0) {
        let what = "its last events could not be moved into it: there is an error of the disk, or another program \
                    reads it; the same command goes on with it";
        return Err(Failure::Other(anyhow::anyhow!("{}: {what}", file.display())));
    }
    let log = SqliteLog::open_read_only(staging).await.map_err(|error| Failure::Other(error.into()))?;
    let head = log.head().await;
    log.close().await;
    let head = head.map_err(|error| Failure::Other(error.into()))?;
    if head == Position(count) {
        return Ok(());
    }
    let what = format!("{} holds {head} of {count} events; the same command goes on with it", file.display());
    Err(Failure::Other(anyhow::anyhow!(what)))
}

/// Refuses a data directory with a ledger in it, or with what is left of one.
pub(in crate::cli) fn must_be_free(data_dir: &Path) -> Outcome {
    for file in [LOG_FILE, READ_FILE] {
        if data_dir.join(file).exists() {
            return Err(Failure::Usage(format!(
                "{} holds a ledger already ({file}); import into a directory without one",
                data_dir.display()
            )));
        }
    }
    Ok(())
}

/// Gives the whole log its name in the data directory, unless a ledger came to be there meanwhile.
fn put_in_place(staging: &Path, data_dir: &Path) -> Outcome {
    let placed = fs::hard_link(staging.join(LOG_FILE), data_dir.join(LOG_FILE));
    if placed.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        return must_be_free(data_dir);
    }
    placed?;
    // The log is there after a loss of power, and so is a data directory that is new.
    let above = data_dir.canonicalize()?;
    for directory in [data_dir, above.parent().unwrap_or(data_dir)] {
        File::open(directory)?.sync_all()?;
    }
    Ok(fs::remove_dir_all(staging)?)
}
