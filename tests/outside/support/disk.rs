//! A small disk of a test's own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// Set in the second run of a test, inside a namespace.
const INSIDE: &str = "CREDIT_LEDGER_TEST_IN_NAMESPACE";

/// A file system in memory, which goes with the test.
pub(crate) struct SmallDisk {
    at: TempDir,
}

impl SmallDisk {
    pub(crate) fn new(mebibytes: u32) -> Self {
        let at = tempfile::tempdir().expect("a temporary folder");
        if let Err(error) = mount(at.path(), &format!("size={mebibytes}m")) {
            panic!("this test needs a file system of its own, as root or in a user namespace: {error}");
        }
        Self { at }
    }

    pub(crate) fn path(&self) -> &Path {
        self.at.path()
    }

    /// As the system does it after a disk error.
    pub(crate) fn make_read_only(&self) {
        mount(self.path(), "remount,ro").expect("a file system that can become read-only");
    }

    pub(crate) fn make_writable(&self) {
        mount(self.path(), "remount,rw").expect("a file system that can become writable");
    }

    /// Writes a file that takes room.
    pub(crate) fn ballast(&self, mebibytes: usize) -> PathBuf {
        let path = self.path().join("ballast");
        std::fs::write(&path, vec![1; mebibytes << 20]).expect("room for the ballast");
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, for a server that is just ending may hold it.
        if let Err(error) = command("umount", &["-l".as_ref(), self.path().as_os_str()]) {
            eprintln!("{} stays mounted: {error}", self.path().display());
        }
    }
}

fn mount(at: &Path, options: &str) -> Result<(), String> {
    command(
        "mount",
        &["-t".as_ref(), "tmpfs".as_ref(), "-o".as_ref(), options.as_ref(), "tmpfs".as_ref(), at.as_os_str()],
    )
}

fn command(name: &str, words: &[&std::ffi::OsStr]) -> Result<(), String> {
    let output = Command::new(name).args(words).output().map_err(|error| format!("{name}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// Runs the named test again where it may mount, when it may not here: in a user namespace. Whether
/// that was done; the second run decides about the test.
pub(crate) fn ran_elsewhere(test: &str) -> bool {
    let probe = tempfile::tempdir().expect("a temporary folder");
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    if mount(probe.path(), "size=1m").is_ok() {
        command("umount", &[probe.path().as_os_str()]).expect("unmounted");
        return false;
    }
    let own = std::env::current_exe().expect("the test binary");
    let mut again = Command::new("unshare");
    again.args(["--user", "--map-root-user", "--mount"]).arg(own);
    let status = again.args(["--exact", test, "--include-ignored", "--nocapture"]).env(INSIDE, "1").status();
    assert!(status.is_ok_and(|status| status.success()), "{test} failed as root of a user namespace");
    true
}
