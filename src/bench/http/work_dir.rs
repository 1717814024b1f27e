//! A directory for the run: ledger, key file, server log. Removed when the run is over.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::HttpBenchError;

#[derive(Debug)]
pub(super) struct WorkDir(PathBuf);

impl WorkDir {
    pub(super) fn create(seed: u64) -> Result<Self, HttpBenchError> {
        let path = std::env::temp_dir().join(format!("credit-ledger-bench-{seed:016x}"));
        fs::create_dir(&path).map_err(HttpBenchError::io(format!("create {}", path.display())))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file that only this user can read.
    pub(super) fn write_secret(&self, name: &str, secret: &str) -> Result<PathBuf, HttpBenchError> {
        let path = self.0.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(secret.as_bytes()))
            .map_err(HttpBenchError::io(format!("write {}", path.display())))?;
        Ok(path)
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn secrets_are_private_and_nothing_stays() {
        use std::os::unix::fs::PermissionsExt;

        let directory = WorkDir::create(u64::from(std::process::id())).expect("a directory");
        let path = directory.write_secret("key", "secret").expect("a file");
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(directory);
        assert!(!path.exists());
    }
}
