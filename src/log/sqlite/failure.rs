//! What an error of SQLite means for the events of an append.

use std::sync::{Arc, OnceLock};

use crate::log::{AppendError, ReadError};

/// Result codes, <https://www.sqlite.org/rescode.html>.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const IOERR_WRITE: i32 = 778;

/// What to do about a statement that surely wrote nothing, or `None` when it may have written.
///
/// Only errors from before the commit's sync are named here. A failed sync is not: the commit record
/// is in the file already, and is found there if the process dies before it is overwritten.
pub(super) fn remedy(error: &sqlx::Error) -> Option<&'static str> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    match (code & 0xff, code) {
        (FULL, _) => Some("make room on the disk"),
        (READONLY, _) => Some("make the data directory and its disk writable"),
        (CANTOPEN, _) => Some("check the owner and the permissions of the data directory"),
        (BUSY | LOCKED, _) => Some("end the other program that has log.db locked"),
        (_, IOERR_WRITE) => Some("check the disk and the system log"),
        _ => None,
    }
}

/// The error in SQLite's own words, without the driver's.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(sqlite) => sqlite.message().to_owned(),
        None => error.to_string(),
    }
}

/// The error and what to do about it, where that is known.
pub(super) fn advice(error: &sqlx::Error) -> String {
    match remedy(error) {
        Some(remedy) => format!("{}; {remedy}", words(error)),
        None => words(error),
    }
}

/// Set once an append ended without anyone knowing how: nothing may be believed any more.
#[derive(Clone, Default)]
pub(super) struct Halt(Arc<OnceLock<String>>);

impl Halt {
    /// Halts the log for `reason`; the first reason stays.
    pub(super) fn halt(&self, reason: String) -> AppendError {
        tracing::error!(%reason, "the event log stops: its state must be read from disk by a new process");
        AppendError::Indeterminate(self.0.get_or_init(|| reason).clone())
    }

    pub(super) fn check_append(&self) -> Result<(), AppendError> {
        match self.0.get() {
            None => Ok(()),
            Some(reason) => Err(AppendError::Indeterminate(reason.clone())),
        }
    }

    pub(super) fn check_read(&self) -> Result<(), ReadError> {
        match self.0.get() {
            None => Ok(()),
            Some(reason) => Err(ReadError::Unavailable(format!(
                "it stopped and must be opened by a new process: {reason}"
            ))),
        }
    }
}
