//! What each thread of a process has used of the processors, as the kernel counts it in nanoseconds
//! (`/proc/PID/task/TID/schedstat`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Processor time in nanoseconds, by part of the system and by thread: threads of one name in parts of one name are one entry, so
/// that those of several members come together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessorTime {
    threads: BTreeMap<(String, String), u64>,
}

impl ProcessorTime {
    /// The time that these processes have used so far. Each has the name of the part that it is; a process that has ended, or
    /// ends meanwhile, is left out, and so are threads that have ended.
    pub fn of<'a>(processes: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        let mut time = Self::default();
        for (part, pid) in processes {
            time.add(part, Path::new(&format!("/proc/{pid}/task")));
        }
        time
    }

    fn add(&mut self, part: &str, tasks: &Path) {
        let Ok(tasks) = fs::read_dir(tasks) else { return };
        for task in tasks.flatten() {
            let read = |file| fs::read_to_string(task.path().join(file));
            let (Ok(name), Ok(statistics)) = (read("comm"), read("schedstat")) else { continue };
            let Some(nanos) = run_time(&statistics) else { continue };
            *self.threads.entry((part.to_owned(), without_number(name.trim()).to_owned())).or_default() += nanos;
        }
    }

    /// What was used since an earlier reading of the same processes.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let used = self.threads.iter().map(|(thread, &nanos)| {
            let before = earlier.threads.get(thread).copied().unwrap_or_default();
            (thread.clone(), nanos.saturating_sub(before))
        });
        Self { threads: used.filter(|(_, nanos)| *nanos > 0).collect() }
    }

    /// Nanoseconds of each part.
    pub fn parts(&self) -> BTreeMap<&str, u64> {
        let mut parts = BTreeMap::new();
        for ((part, _), nanos) in &self.threads {
            *parts.entry(part.as_str()).or_default() += nanos;
        }
        parts
    }

    /// Part, name of the threads, and nanoseconds.
    pub fn threads(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.threads.iter().map(|((part, thread), nanos)| (part.as_str(), thread.as_str(), *nanos))
    }
}

/// The first number of a `schedstat`: nanoseconds on a processor.
fn run_time(statistics: &str) -> Option<u64> {
    statistics.split_ascii_whitespace().next()?.parse().ok()
}

/// A thread's name without the number at its end, which tells several of one kind apart.
fn without_number(name: &str) -> &str {
    let kind = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '#' || c == '-' || c == ' ');
    if kind.is_empty() { name } else { kind }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_works_is_seen_by_its_name() {
        let me = || ProcessorTime::of([("me", std::process::id())]);
        let before = me();
        let worker = std::thread::Builder::new().name("worker-7".to_owned());
        let (before, after) = std::thread::scope(|scope| {
            worker
                .spawn_scoped(scope, || {
                    let begun = Instant::now();
                    let mut number = 0_u64;
                    while begun.elapsed().as_millis() < 30 || me().since(&before).parts()["me"] < 1_000_000 {
                        number = std::hint::black_box(number + 1);
                    }
                    (before.clone(), me())
                })
                .expect("a thread")
                .join()
                .expect("no panic")
        });
        let used = after.since(&before);
        let workers: Vec<_> = used.threads().filter(|(_, thread, _)| *thread == "worker").collect();
        assert_eq!(workers.len(), 1, "{used:?}");
        assert!(workers[0].2 > 0 && used.parts()["me"] >= workers[0].2, "{used:?}");
    }

    #[test]
    fn numbers_at_the_end_of_names_are_left_out() {
        assert_eq!(run_time("81238 12 3\n"), Some(81_238));
        for (name, kind) in
            [("C2 CompilerThre", "C2 CompilerThre"), ("GC Thread#3", "GC Thread"), ("shared-0", "shared"), ("7", "7")]
        {
            assert_eq!(without_number(name), kind);
        }
    }
}
