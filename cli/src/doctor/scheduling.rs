//! Checks of what else runs, on this machine and on its host, and of priorities.

use super::check::Check;

/// Load for each core beyond which other work disturbs a measurement.
const MAXIMUM_LOAD: f64 = 0.25;

/// Share of the processor time that a host may take before a measurement says more about it than about this machine.
const MAXIMUM_STEAL: f64 = 0.01;

/// Bit of `CAP_SYS_NICE` in the masks of `/proc/self/status`.
const CAP_SYS_NICE: u32 = 23;

/// Other work, by `/proc/loadavg`: the average of the last minute.
pub fn load(loadavg: &str, cores: usize) -> Check {
    const NAME: &str = "other load";
    let load = loadavg.split_whitespace().next().and_then(|load| load.parse::<f64>().ok());
    match load {
        None => Check::unknown(NAME, "the system does not tell"),
        Some(load) if load <= MAXIMUM_LOAD * cores as f64 => Check::good(NAME, format!("{load} in the last minute")),
        Some(load) => Check::bad(
            NAME,
            format!("{load} in the last minute on {cores} cores: other work takes the processors"),
            "end what `top` shows, and wait for a minute",
        ),
    }
}

/// Processor time that the host took from this virtual machine between two readings of `/proc/stat`.
pub fn steal(before: &str, after: &str) -> Check {
    const NAME: &str = "stolen time";
    let (Some(before), Some(after)) = (times(before), times(after)) else {
        return Check::unknown(NAME, "the system does not tell");
    };
    let all = after.all.saturating_sub(before.all);
    let stolen = after.stolen.saturating_sub(before.stolen);
    let share = if all == 0 { 0.0 } else { stolen as f64 / all as f64 };
    let found = format!("{:.1} % of the processor time", share * 100.0);
    if share <= MAXIMUM_STEAL {
        Check::good(NAME, found)
    } else {
        Check::bad(
            NAME,
            format!("{found}: the host gives it to others"),
            "no command: measure on a host of its own, or more rounds, with old and new in turn",
        )
    }
}

/// Ticks of the line of all processors in `/proc/stat`.
struct Times {
    all: u64,
    stolen: u64,
}

fn times(stat: &str) -> Option<Times> {
    // user nice system idle iowait irq softirq steal guest guest_nice; guests are in user already.
    const STEAL: usize = 7;
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|word| word.parse().ok()).take(STEAL + 1).collect();
    Some(Times { all: ticks.iter().sum(), stolen: *ticks.get(STEAL)? })
}

/// Whether each terminal's processes share the processors as one group: `sched_autogroup_enabled`.
pub fn autogroup(enabled: &str) -> Check {
    const NAME: &str = "autogroup";
    match enabled.trim() {
        "0" => Check::good(NAME, "off"),
        "1" => Check::bad(
            NAME,
            "on: `nice` holds within a terminal's processes only, not against those of others",
            "sysctl -w kernel.sched_autogroup_enabled=0",
        ),
        _ => Check::good(NAME, "the kernel has none"),
    }
}

/// Whether this process may raise priorities, by `/proc/self/status` and `/proc/self/limits`.
pub fn priorities(status: &str, limits: &str) -> Check {
    const NAME: &str = "priorities";
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    // The limit is 20 less the lowest nice value.
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max nice priority")?.split_whitespace().next());
    match (mask, limit) {
        (Some(mask), _) if mask & 1 << CAP_SYS_NICE != 0 => {
            Check::good(NAME, "CAP_SYS_NICE: a negative `nice` of cluster.toml takes effect")
        }
        (_, Some(limit)) if limit.parse().is_ok_and(|limit: u32| limit > 20) => {
            Check::good(NAME, format!("limit {limit}: a negative `nice` of cluster.toml takes effect"))
        }
        (None, _) => Check::unknown(NAME, "the system does not tell"),
        _ => Check::bad(
            NAME,
            "no CAP_SYS_NICE: a negative `nice` of cluster.toml has no effect",
            "setcap cap_sys_nice+ep \"$(command -v lugus)\" (in a unit of systemd: LimitNICE=-20)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn load_is_that_of_each_core() {
        assert_eq!(load("0.40 1.50 2.00 4/121 26767\n", 2).state, State::Good);
        assert_eq!(load("6.90 11.08 9.68 4/121 26767\n", 2).state, State::Bad);
        assert_eq!(load("6.90 11.08 9.68 4/121 26767\n", 64).state, State::Good);
        assert_eq!(load("", 2).state, State::Unknown);
    }

    #[test]
    fn stolen_time_is_counted_between_two_readings() {
        const BEFORE: &str =
            "cpu  11207580 877445 2284279 1482215 24107 0 38431 191733 0 0\ncpu0 5 5 5 5 5 5 5 5 0 0\n";
        const AFTER: &str = "cpu  11207680 877445 2284379 1482215 24107 0 38431 191753 0 0\n";
        let check = steal(BEFORE, AFTER);
        assert!(check.state == State::Bad && check.found.starts_with("9.1 %"), "{check:?}");
        assert_eq!(steal(BEFORE, BEFORE), Check::good("stolen time", "0.0 % of the processor time"));
        assert_eq!(steal("cpu  1 2 3\n", AFTER).state, State::Unknown, "an old kernel does not count it");
    }

    #[test]
    fn groups_of_terminals_are_bad() {
        assert_eq!(autogroup("1\n").state, State::Bad);
        assert_eq!(autogroup("0\n").state, State::Good);
        assert_eq!(autogroup("").state, State::Good);
    }

    #[test]
    fn the_capability_is_a_bit_of_the_effective_mask() {
        let status = |mask: &str| format!("Name:\tlugus\nCapPrm:\t000001ffffffffff\nCapEff:\t{mask}\nCapBnd:\t0\n");
        const NONE: &str = "Max nice priority         0                    0                    \n";
        assert_eq!(priorities(&status("000001fffeffffff"), NONE).state, State::Good);
        assert_eq!(priorities(&status("0000000000800000"), NONE).state, State::Good);
        assert_eq!(priorities(&status("0000000000000000"), NONE).state, State::Bad);
        assert_eq!(priorities(&status("0000000000000000"), "Max nice priority         40  40\n").state, State::Good);
        assert_eq!(priorities("", "").state, State::Unknown);
    }
}
