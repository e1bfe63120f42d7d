//! `lugus doctor`: what spoils a measurement on this machine, and the command that mends it. It only reads `/proc` and
//! `/sys`, and the clock on every processor for two seconds.

mod check;
mod memory;
mod pauses;
mod processors;
mod scheduling;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;

use self::check::{Check, State};
use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;

/// Time for which the processors are watched. Hosts of virtual machines take them about once a second.
const SAMPLE: Duration = Duration::from_secs(2);

/// Largest number of processors whose files are read.
const MAXIMUM_PROCESSORS: usize = 4_096;

/// The JSON document of `lugus doctor`.
#[derive(Debug, Serialize)]
struct Diagnosis {
    /// Number of checks that found something bad.
    bad: usize,
    checks: Vec<Check>,
}

/// Prints all checks.
///
/// # Errors
/// With [`FINDING_EXIT_CODE`] when something spoils a measurement.
pub fn run(output: Output) -> Result<(), Failure> {
    let checks = checks();
    let bad = checks.iter().filter(|check| check.state == State::Bad).count();
    let text = table(&checks);
    output.answer(&Diagnosis { bad, checks }, text)?;
    match bad {
        0 => Ok(()),
        bad => Err(Failure::new(format!("{bad} things spoil a measurement on this machine"))
            .hint("docs/tuning.md says what each of them does")
            .with_exit_code(FINDING_EXIT_CODE)),
    }
}

/// What is bad, one line each.
pub fn findings() -> Vec<String> {
    let bad = checks().into_iter().filter(|check| check.state == State::Bad);
    bad.map(|check| format!("{}: {} [{}]", check.name, check.found, check.mend.unwrap_or_default())).collect()
}

/// Looks at everything.
fn checks() -> Vec<Check> {
    const PROCESSORS: &str = "/sys/devices/system/cpu";
    const CLOCK: &str = "/sys/devices/system/clocksource/clocksource0";
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let [swaps, stat, limits] = ["/proc/swaps", "/proc/stat", "/proc/self/limits"].map(text);
    // The load of the last minute, as it was before the processors are watched, which takes them.
    let loadavg = text("/proc/loadavg");
    let seen = pauses::watch(SAMPLE);
    let (size, free) = shared_memory();
    vec![
        processors::cores(cores),
        processors::hyper_threads(&of_each_processor("topology/thread_siblings_list")),
        processors::governor(&of_each_processor("cpufreq/scaling_governor")),
        processors::isolation(
            cores,
            &text(&format!("{PROCESSORS}/isolated")),
            &text(&format!("{PROCESSORS}/nohz_full")),
        ),
        processors::clock_source(
            &text(&format!("{CLOCK}/current_clocksource")),
            &text(&format!("{CLOCK}/available_clocksource")),
        ),
        scheduling::load(&loadavg, cores),
        scheduling::steal(&stat, &text("/proc/stat")),
        pauses::pauses(&seen),
        scheduling::autogroup(&text("/proc/sys/kernel/sched_autogroup_enabled")),
        scheduling::priorities(&text("/proc/self/status"), &limits),
        memory::swap(&swaps),
        memory::locked_memory(&limits, &swaps),
        memory::huge_pages(&text("/sys/kernel/mm/transparent_hugepage/enabled")),
        memory::shared_memory(&text("/proc/mounts"), size, free),
        memory::socket_buffers(&text("/proc/sys/net/core/rmem_max"), &text("/proc/sys/net/core/wmem_max")),
    ]
}

/// The content of a file; nothing if it can't be read, which each check takes for a system that does not tell.
fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The contents of this file of each processor that has it.
fn of_each_processor(file: &str) -> Vec<String> {
    let path = |processor: usize| format!("/sys/devices/system/cpu/cpu{processor}");
    let present = (0..MAXIMUM_PROCESSORS).take_while(|processor| Path::new(&path(*processor)).exists());
    present.filter_map(|processor| fs::read_to_string(format!("{}/{file}", path(processor))).ok()).collect()
}

/// Size of shared memory, and what is free there, in bytes.
fn shared_memory() -> (u64, u64) {
    rustix::fs::statvfs(memory::SHARED_MEMORY)
        .map_or((0, 0), |found| (found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize))
}

fn table(checks: &[Check]) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    for check in checks {
        let state = match check.state {
            State::Good => "good",
            State::Bad => "BAD",
            State::Unknown => "?",
        };
        table.add_row([state, check.name, &check.found]);
        if let Some(mend) = &check.mend {
            table.add_row(["", "", &format!("  mend: {mend}")]);
        }
    }
    table.trim_fmt()
}
