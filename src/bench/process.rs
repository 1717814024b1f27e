//! What a process has used, from Linux's `/proc`; elsewhere nothing is known.

use std::fs;
use std::time::Duration;

/// Clock ticks a second in `/proc/<pid>/stat`: `USER_HZ`, 100 on every common architecture.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    /// User and system time of all its threads.
    pub(super) cpu: Duration,
    /// Bytes it caused to be written to disk.
    pub(super) write_bytes: u64,
    /// Most memory it ever held; zero once it has ended.
    pub(super) resident_bytes_max: u64,
}

impl Usage {
    /// Of the process with this id, or `None` where `/proc` does not tell.
    pub(super) fn of(pid: u32) -> Option<Self> {
        Self::read(&pid.to_string())
    }

    pub(super) fn of_self() -> Option<Self> {
        Self::read("self")
    }

    fn read(process: &str) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        Some(Self {
            cpu: cpu_of_stat(&stat)?,
            write_bytes: field(&io, "write_bytes:").unwrap_or(0),
            resident_bytes_max: field(&status, "VmHWM:").unwrap_or(0) * 1024,
        })
    }
}

/// Whether the process has ended and waits for its parent to take note.
pub(super) fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    after_name(&stat).is_some_and(|fields| fields.starts_with('Z'))
}

/// Processor time that all processes together have used since boot, without interrupts: those are
/// charged to nobody in particular.
pub(super) fn machine_cpu() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let mut fields = stat.lines().next()?.split_whitespace().skip(1).map(|text| text.parse::<u64>().ok());
    let (user, nice, system) = (fields.next()??, fields.next()??, fields.next()??);
    Some(ticks(user + nice + system))
}

/// `stat` is "pid (name) state ppid …", and the name may hold spaces and parentheses.
fn after_name(stat: &str) -> Option<&str> {
    stat.rsplit_once(") ").map(|(_, fields)| fields)
}

fn cpu_of_stat(stat: &str) -> Option<Duration> {
    let mut fields = after_name(stat)?.split_whitespace();
    // proc_pid_stat(5): utime is field 14, stime 15; the state, field 3, is the first here.
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(ticks(user + system))
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1_000 / TICKS_PER_SECOND)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_a_name_with_parentheses() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 10 0 0 0 150 25 0 0 20 0 1 0 99 0 0";
        assert_eq!(cpu_of_stat(stat), Some(Duration::from_millis(1_750)));
    }

    #[test]
    fn fields_are_found_by_name() {
        let io = "rchar: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n";
        assert_eq!(field(io, "write_bytes:"), Some(4096));
        assert_eq!(field("VmHWM:\t   12 kB\n", "VmHWM:"), Some(12));
        assert_eq!(field(io, "absent:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_memory_and_is_no_zombie() {
        let usage = Usage::of_self().expect("/proc is there on Linux");
        assert!(usage.resident_bytes_max > 0);
        assert!(!is_zombie(std::process::id()));
        assert!(machine_cpu().is_some_and(|all| all >= usage.cpu));
    }
}
