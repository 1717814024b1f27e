//! Who else used the processors while something was measured.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use super::process::{Stat, read_stat};

/// Share of a core that others may use before a measurement is doubtful. One compiler beside the
/// ledger makes every commit 5 to 25 times slower.
const SHARE_MAX: f64 = 0.1;

/// Kernel threads are children of this process. They work for us, too: they write our pages.
const KTHREADD: u32 = 2;

/// What every process had used at one moment.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    processes: HashMap<u32, Stat>,
}

impl Neighbours {
    /// All processes but ours and the kernel's. `ours` need not name children that have ended:
    /// their time is that of the parent which waited for them.
    pub(super) fn now(ours: &[u32]) -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let processes = pids
            .filter(|pid| !ours.contains(pid))
            .filter_map(|pid| Some((pid, read_stat(&pid.to_string())?)))
            .filter(|(pid, stat)| *pid != KTHREADD && stat.parent != KTHREADD)
            .collect();
        Self { processes }
    }

    /// A warning when others used too much between `before` and now, naming the busiest.
    pub(super) fn warning_since(&self, before: &Self, elapsed: Duration) -> Option<String> {
        // A process that ended meanwhile is found again in what its parent's children have used.
        let used = self.total().saturating_sub(before.total());
        let share = used.as_secs_f64() / elapsed.as_secs_f64().max(f64::EPSILON);
        if share <= SHARE_MAX {
            return None;
        }
        let busiest = self
            .processes
            .iter()
            .map(|(pid, stat)| {
                let earlier = before.processes.get(pid).map_or(Duration::ZERO, Stat::with_children);
                (stat.with_children().saturating_sub(earlier), pid, &stat.name)
            })
            .max()?;
        let (_, pid, name) = busiest;
        Some(format!("other processes used {share:.2} of a core, most of all {name} ({pid})"))
    }

    fn total(&self) -> Duration {
        self.processes.values().map(Stat::with_children).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn using(processes: &[(u32, u64, u64)]) -> Neighbours {
        let stat = |own, children| Stat {
            name: "rustc".to_owned(),
            parent: 1,
            cpu: Duration::from_millis(own),
            children_cpu: Duration::from_millis(children),
        };
        let processes = processes.iter().map(|(pid, own, children)| (*pid, stat(*own, *children)));
        Neighbours { processes: processes.collect() }
    }

    #[test]
    fn a_busy_neighbour_is_named() {
        let before = using(&[(10, 100, 0), (11, 0, 0)]);
        let after = using(&[(10, 110, 0), (11, 500, 0)]);
        let warning = after.warning_since(&before, Duration::from_secs(1)).expect("half a core");
        assert!(warning.contains("0.51 of a core") && warning.contains("rustc (11)"), "{warning}");
    }

    #[test]
    fn a_process_that_ended_counts_only_what_it_used_meanwhile() {
        let before = using(&[(10, 0, 0), (11, 5_000, 0)]);
        let after = using(&[(10, 0, 5_050)]);
        assert_eq!(after.warning_since(&before, Duration::from_secs(1)), None);
    }
}
