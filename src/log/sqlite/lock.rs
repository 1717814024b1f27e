//! One process at a time: an advisory lock of the operating system, which ends with its process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use super::open::{LOCK_FILE, OpenError};

/// Holds the data directory for as long as it lives.
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    pub(super) fn take(directory: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Directory { directory: directory.to_owned(), source };
        let path = directory.join(LOCK_FILE);
        // The file stays after use: if it were removed, two processes could lock two files of one name.
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { directory: directory.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
