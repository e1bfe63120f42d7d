//! What the processes of members take: memory, file handles, threads, shared memory, counters and disk, sampled over time, and whether it
//! stays the same.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use aeron_metrics::read_counters;
use serde::Serialize;

use crate::fault::ProcessKind;
use crate::members::Members;
use crate::site::{MEMBERS, Site};

/// What is sampled of each member: name, and how much it may grow beyond a tenth and still count as flat.
const MEASURES: [(&str, u64); 12] = [
    ("node_memory_kib", 16 << 10),
    ("node_handles", 8),
    ("node_threads", 4),
    ("driver_memory_kib", 16 << 10),
    ("driver_handles", 16),
    ("driver_threads", 4),
    ("jvm_memory_kib", 64 << 10),
    ("jvm_handles", 16),
    ("jvm_threads", 4),
    ("shared_memory_kib", 16 << 10),
    ("counters", 16),
    // Two snapshots' distance of the log, less what happens to be purged.
    ("archive_kib", 1 << 20),
];

/// A sample of one member: the measures, in their order; `None` while the process does not run.
type Measured = [Option<u64>; MEASURES.len()];

/// All samples of a run.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<(u64, [Measured; MEMBERS])>);

/// Whether a measure of a member stayed the same.
#[derive(Debug, Clone, Serialize)]
pub struct Trend {
    /// The member.
    pub member: usize,
    /// What was measured.
    pub measure: &'static str,
    /// The lowest tenth of the fifth and sixth eighth of the run ends here, after all members had been started again.
    pub before: u64,
    /// The same of the last two eighths.
    pub after: u64,
    /// Whether it has grown by no more than a tenth and a bit.
    pub is_flat: bool,
}

impl Samples {
    /// Takes a sample, `seconds` after the begin.
    pub(crate) fn take(&mut self, seconds: u64, members: &Members, site: &Site) {
        self.0.push((seconds, std::array::from_fn(|member| measure(member, members, site))));
    }

    /// The samples as a table: a line for each time and member.
    pub(crate) fn csv(&self) -> String {
        let names = MEASURES.map(|(name, _)| name).join(",");
        let mut text = format!("seconds,member,{names}\n");
        for (seconds, members) in &self.0 {
            for (member, measured) in members.iter().enumerate() {
                let values = measured.map(|value| value.map_or_else(String::new, |value| value.to_string())).join(",");
                let _ = writeln!(text, "{seconds},{member},{values}");
            }
        }
        text
    }

    /// How each measure of each member went, in the second half of the run.
    pub(crate) fn trends(&self) -> Vec<Trend> {
        let half = &self.0[self.0.len() / 2..];
        let (before, after) = half.split_at(half.len() / 2);
        let mut trends = Vec::new();
        for member in 0..MEMBERS {
            for (at, (measure, slack)) in MEASURES.into_iter().enumerate() {
                let of = |part: &[(u64, [Measured; MEMBERS])]| {
                    low(part.iter().filter_map(|(_, members)| members[member][at]).collect())
                };
                if let (Some(before), Some(after)) = (of(before), of(after)) {
                    let is_flat = after <= before + before / 10 + slack;
                    trends.push(Trend { member, measure, before, after, is_flat });
                }
            }
        }
        trends
    }
}

/// The end of the lowest tenth: what goes up and down as sessions come and go comes back to it, unless something is left behind.
fn low(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 10).copied()
}

fn measure(member: usize, members: &Members, site: &Site) -> Measured {
    let processes = members.processes(member);
    let pid = |wanted| processes.iter().find(|(kind, _)| *kind == wanted).map(|(_, process)| process.pid);
    let mut measured = [None; MEASURES.len()];
    for (at, kind) in [ProcessKind::Node, ProcessKind::MediaDriver, ProcessKind::Jvm].into_iter().enumerate() {
        if let Some(pid) = pid(kind) {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            measured[3 * at] = number_of(&status, "VmRSS:");
            measured[3 * at + 1] = Some(entries(Path::new(&format!("/proc/{pid}/fd"))));
            measured[3 * at + 2] = number_of(&status, "Threads:");
        }
    }
    let spec = site.member(member);
    measured[9] = Some(space(&spec.aeron_dir));
    measured[10] = read_counters(&spec.aeron_dir).ok().map(|counters| counters.len() as u64);
    measured[11] = Some(space(&spec.archive_dir));
    measured
}

/// A number in a file of `/proc`, by its name.
fn number_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn entries(folder: &Path) -> u64 {
    fs::read_dir(folder).map_or(0, |entries| entries.count() as u64)
}

/// Space that files take on their disk, in KiB.
fn space(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let space = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => space(&entry.path()),
        Ok(metadata) => metadata.blocks() / 2,
        Err(_) => 0,
    };
    entries.map(space).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: impl Fn(u64) -> u64) -> Samples {
        let of = |seconds: u64| {
            let mut measured = [None; MEASURES.len()];
            measured[0] = Some(memory(seconds));
            (seconds, [measured; MEMBERS])
        };
        Samples((0..80).map(of).collect())
    }

    #[test]
    fn growth_in_the_second_half_is_not_flat_and_growth_before_is_no_matter() {
        let is_flat = |samples: Samples| samples.trends().iter().all(|trend| trend.is_flat);
        assert!(is_flat(samples(|seconds| 100_000 + seconds.min(30) * 10_000)));
        assert!(is_flat(samples(|seconds| 100_000 + seconds * 100)));
        let grows = samples(|seconds| 100_000 + seconds * 2_000);
        assert_eq!(grows.trends().len(), MEMBERS, "of what was measured");
        assert!(!is_flat(grows));
        let of_sessions = |seconds: u64| 50_000 * (seconds * seconds % 7);
        assert!(is_flat(samples(|seconds| 100_000 + of_sessions(seconds))));
        assert!(!is_flat(samples(|seconds| 100_000 + of_sessions(seconds) + seconds * 2_000)));
    }

    #[test]
    fn a_table_has_a_line_for_each_member_and_time() {
        let csv = samples(|_| 7).csv();
        assert_eq!(csv.lines().count(), 1 + 80 * MEMBERS);
        assert!(csv.starts_with("seconds,member,node_memory_kib,"));
        assert!(csv.lines().nth(2).is_some_and(|line| line.starts_with("0,1,7,,")));
    }

    #[test]
    fn own_memory_and_handles_are_seen() {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        assert!(number_of(&status, "VmRSS:").unwrap() > 100);
        assert!(entries(Path::new("/proc/self/fd")) > 2);
    }
}
