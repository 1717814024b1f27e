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
        let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        Some(Self {
            cpu: read_stat(process)?.cpu,
            write_bytes: field(&io, "write_bytes:").unwrap_or(0),
            resident_bytes_max: field(&status, "VmHWM:").unwrap_or(0) * 1024,
        })
    }
}

/// What the bench needs of `/proc/<pid>/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    pub(super) parent: u32,
    pub(super) cpu: Duration,
    /// Of children that have ended and were waited for.
    pub(super) children_cpu: Duration,
}

impl Stat {
    pub(super) fn with_children(&self) -> Duration {
        self.cpu + self.children_cpu
    }

    /// Reads "pid (name) state ppid …", whose name may hold spaces and parentheses. The fields
    /// are numbered as in proc_pid_stat(5).
    fn parse(line: &str) -> Option<Self> {
        let (start, rest) = line.rsplit_once(") ")?;
        let (_, name) = start.split_once(" (")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            name: name.to_owned(),
            parent: u32::try_from(field(4)?).ok()?,
            cpu: ticks(field(14)? + field(15)?),
            children_cpu: ticks(field(16)? + field(17)?),
        })
    }
}

/// `process` is a process id or `self`.
pub(super) fn read_stat(process: &str) -> Option<Stat> {
    Stat::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Whether the process has ended and waits for its parent to take note.
pub(super) fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('Z'))
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
    fn a_name_may_hold_spaces_and_parentheses() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 10 0 0 0 150 25 5 1 20 0 1 0 99 0 0";
        let expected = Stat {
            name: "a) b".to_owned(),
            parent: 1,
            cpu: Duration::from_millis(1_750),
            children_cpu: Duration::from_millis(60),
        };
        assert_eq!(Stat::parse(stat), Some(expected));
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
        assert!(Usage::of_self().is_some_and(|usage| usage.resident_bytes_max > 0));
        assert!(!is_zombie(std::process::id()));
    }
}
