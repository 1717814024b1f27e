//! The disk's yardstick: how often a second it can make a small append durable.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const APPEND_BYTES: usize = 4096;
const LENGTH: Duration = Duration::from_millis(500);

/// Appends of 4 KiB with `fdatasync`, per second, in this directory.
pub(super) fn durable_appends_per_second(directory: &Path) -> io::Result<f64> {
    let path = directory.join("fsync-yardstick");
    let measured = measure(&path);
    fs::remove_file(&path)?;
    measured
}

fn measure(path: &Path) -> io::Result<f64> {
    let mut file = File::create(path)?;
    let start = Instant::now();
    let mut appends = 0;
    while start.elapsed() < LENGTH {
        file.write_all(&[0x5a; APPEND_BYTES])?;
        file.sync_data()?;
        appends += 1;
    }
    Ok(f64::from(appends) / start.elapsed().as_secs_f64())
}

/// The type of the file system that holds this directory, where `/proc` tells: on `tmpfs` an
/// append costs nothing and a figure means nothing.
pub(super) fn file_system(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(mounted_at, _)| directory.starts_with(mounted_at))
        .max_by_key(|(mounted_at, _)| mounted_at.len())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_innermost_mount_counts() {
        assert_eq!(file_system(Path::new("/proc/self")).as_deref(), Some("proc"));
    }
}
