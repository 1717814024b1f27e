//! Where the servers of tests keep their data: in memory when there is room for it. They sync as they
//! always do, and it costs next to nothing; a process that is killed finds all of it again.

use std::path::{Path, PathBuf};

/// A file system in memory.
const MEMORY: &str = "/dev/shm";
/// More than all servers of a test binary ever need.
const ROOM_BYTES: u64 = 2 << 30;

/// A new directory whose name begins with `prefix`. Whoever asked for it removes it.
pub(crate) fn directory(prefix: &str) -> PathBuf {
    let mut named = tempfile::Builder::new();
    named.prefix(prefix);
    let made = if has_room(Path::new(MEMORY)) { named.tempdir_in(MEMORY) } else { named.tempdir() };
    made.or_else(|_| named.tempdir()).expect("a temporary directory").keep()
}

fn has_room(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|system| system.f_bavail * system.f_frsize >= ROOM_BYTES)
}
