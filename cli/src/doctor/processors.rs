//! Checks of cores, their frequency, their isolation, and the clock.

use super::check::Check;

/// Number of cores from which one member with the profile `pinned` has room beside the rest of the system: three for its driver, one for
/// the JVM, one for the service, one for all else.
const CORES_OF_A_MEMBER: usize = 6;

/// Number of cores below which members, drivers and client of a measurement wait for each other.
const FEW_CORES: usize = 4;

/// Number of cores that this process may use.
pub fn cores(count: usize) -> Check {
    const NAME: &str = "cores";
    match count {
        0 => Check::unknown(NAME, "the system does not tell"),
        1..FEW_CORES => Check::bad(
            NAME,
            format!("{count}: members, drivers and client of a measurement wait for each other's processor time"),
            format!("no command: measure on a machine with {FEW_CORES} cores or more, and compare ratios on this one"),
        ),
        FEW_CORES..CORES_OF_A_MEMBER => {
            Check::good(NAME, format!("{count}: enough for the profiles shared and dedicated, not for pinned"))
        }
        _ => Check::good(NAME, format!("{count}: enough for the profile pinned")),
    }
}

/// Hyper-threads, by the lists of processors that share a core: `thread_siblings_list` of each processor.
pub fn hyper_threads(siblings: &[String]) -> Check {
    const NAME: &str = "hyper-threads";
    let mut shared: Vec<&str> =
        siblings.iter().map(|list| list.trim()).filter(|list| list.contains([',', '-'])).collect();
    shared.sort_unstable();
    shared.dedup();
    if siblings.is_empty() {
        Check::unknown(NAME, "the system does not tell which processors share a core")
    } else if shared.is_empty() {
        Check::good(NAME, "none: every processor is a core of its own")
    } else {
        Check::bad(
            NAME,
            format!(
                "processors share cores ({}): a thread that spins takes half of what its sibling has",
                shared.join("; ")
            ),
            "echo off > /sys/devices/system/cpu/smt/control (or give `pinned` one processor of each core)",
        )
    }
}

/// What sets the frequency of each processor: `scaling_governor`.
pub fn governor(governors: &[String]) -> Check {
    const NAME: &str = "governor";
    let mut others: Vec<&str> =
        governors.iter().map(|governor| governor.trim()).filter(|one| *one != "performance").collect();
    others.sort_unstable();
    others.dedup();
    if governors.is_empty() {
        Check::unknown(NAME, "the kernel does not set the frequency; in a virtual machine the host does")
    } else if others.is_empty() {
        Check::good(NAME, "performance")
    } else {
        Check::bad(
            NAME,
            format!("{}: a core that was idle begins slowly", others.join(", ")),
            "cpupower frequency-set --governor performance",
        )
    }
}

/// Processors that the scheduler leaves alone: `isolated` and `nohz_full` of `/sys/devices/system/cpu`, for a machine with `cores`.
pub fn isolation(cores: usize, isolated: &str, nohz_full: &str) -> Check {
    const NAME: &str = "isolated cores";
    // The kernel writes "(null)" for an empty mask.
    let value = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty() && text != "(null)");
    match (value(isolated), value(nohz_full)) {
        (Some(isolated), Some(nohz_full)) => Check::good(NAME, format!("isolcpus={isolated} nohz_full={nohz_full}")),
        _ if cores < CORES_OF_A_MEMBER => {
            Check::good(NAME, format!("none, and with {cores} cores there is none to spare"))
        }
        (isolated, _) => {
            let found = match isolated {
                Some(isolated) => format!("isolcpus={isolated}, but the timer ticks there (no nohz_full)"),
                None => "none: other work and the timer interrupt threads that are pinned".to_owned(),
            };
            let list = cores_to_isolate(cores);
            let mend = format!(
                "append to the kernel's command line: isolcpus=managed_irq,domain,{list} nohz_full={list} rcu_nocbs={list} (only for the \
                 profile pinned)"
            );
            Check::bad(NAME, found, mend)
        }
    }
}

/// Cores of the threads that spin, in the layouts of docs/tuning.md. Those of the JVM are not among them: the kernel does not
/// balance threads over isolated cores.
fn cores_to_isolate(cores: usize) -> &'static str {
    match cores {
        16.. => "1-3,6-7,9-11,14-15",
        8.. => "1-3,6-7",
        _ => "1-3,5",
    }
}

/// The clock that the kernel reads: `current_clocksource` and `available_clocksource`.
pub fn clock_source(current: &str, available: &str) -> Check {
    const NAME: &str = "clock source";
    const FILE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    match current.trim() {
        "" => Check::unknown(NAME, "the system does not tell"),
        fast @ ("tsc" | "arch_sys_counter" | "kvm-clock") => Check::good(NAME, fast),
        slow => {
            let found = format!("{slow}: reading the time is a system call of a microsecond");
            let mend = if available.split_whitespace().any(|one| one == "tsc") {
                format!("echo tsc > {FILE}")
            } else {
                "append to the kernel's command line: tsc=reliable (if the processor's counter is)".to_owned()
            };
            Check::bad(NAME, found, mend)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    fn lists(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| format!("{text}\n")).collect()
    }

    #[test]
    fn few_cores_spoil_a_measurement() {
        let states = [0, 1, 2, 3, 4, 6, 64].map(|count| cores(count).state);
        use State::{Bad, Good, Unknown};
        assert_eq!(states, [Unknown, Bad, Bad, Bad, Good, Good, Good]);
        assert!(cores(4).found.contains("not for pinned"));
    }

    #[test]
    fn processors_that_share_a_core_are_found_in_both_notations() {
        assert_eq!(hyper_threads(&lists(&["0", "1"])).state, State::Good);
        assert_eq!(hyper_threads(&[]).state, State::Unknown);
        let found = hyper_threads(&lists(&["0,4", "1,5", "0,4", "1,5"])).found;
        assert!(found.contains("(0,4; 1,5)"), "{found}");
        assert_eq!(hyper_threads(&lists(&["0-1", "0-1"])).state, State::Bad);
    }

    #[test]
    fn every_processor_must_have_the_governor_performance() {
        assert_eq!(governor(&lists(&["performance", "performance"])).state, State::Good);
        assert_eq!(governor(&[]).state, State::Unknown);
        let check = governor(&lists(&["performance", "powersave", "schedutil", "powersave"]));
        assert!(check.found.starts_with("powersave, schedutil: "), "{check:?}");
        assert_eq!(check.mend.as_deref(), Some("cpupower frequency-set --governor performance"));
    }

    #[test]
    fn isolation_needs_both_and_cores_to_spare() {
        assert_eq!(isolation(8, "2-7\n", "2-7\n").state, State::Good);
        assert_eq!(isolation(2, "\n", "").state, State::Good);
        let check = isolation(8, "\n", "(null)\n");
        assert!(
            check.mend.as_deref().is_some_and(|mend| mend.contains("isolcpus=managed_irq,domain,1-3,6-7 ")),
            "{check:?}"
        );
        assert!(isolation(8, "2-7\n", "\n").found.contains("the timer ticks there"));
    }

    #[test]
    fn the_page_on_tuning_has_the_same_cores() {
        const PAGE: &str = include_str!("../../../docs/tuning.md");
        for cores in [6, 8, 16] {
            let list = cores_to_isolate(cores);
            assert!(
                PAGE.contains(&format!("isolcpus=managed_irq,domain,{list} nohz_full={list} rcu_nocbs={list}")),
                "{list}"
            );
        }
    }

    #[test]
    fn a_clock_that_is_slow_to_read_is_bad() {
        assert_eq!(clock_source("tsc\n", "tsc kvm-clock \n").state, State::Good);
        assert_eq!(clock_source("arch_sys_counter\n", "arch_sys_counter\n").state, State::Good);
        assert_eq!(clock_source("", "").state, State::Unknown);
        let check = clock_source("hpet\n", "tsc hpet acpi_pm \n");
        assert!(check.mend.as_deref().is_some_and(|mend| mend.starts_with("echo tsc > /sys/")), "{check:?}");
        let check = clock_source("acpi_pm\n", "acpi_pm \n");
        assert!(check.mend.as_deref().is_some_and(|mend| mend.contains("tsc=reliable")), "{check:?}");
    }
}
