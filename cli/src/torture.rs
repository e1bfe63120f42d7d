//! `lugus torture`: a real deployment that is hurt at random, and checked.

use std::fs;
use std::time::Duration;

use lugus_torture::{Endurance, Endured, Event, Options, Outcome, Placement, endure, enter, play, torture};

use crate::arguments::Torture;
use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;
use crate::stop_signal;

/// Hurts a temporary deployment, and prints what was found.
///
/// # Errors
/// The deployment does not start; with [`FINDING_EXIT_CODE`] if a promise was broken.
pub fn run(wanted: &Torture, output: Output) -> Result<(), Failure> {
    // In an endurance run nothing happens to the network, and disks are as large as they are.
    let placement = if wanted.loopback || wanted.endurance { Placement::Loopback } else { enter() };
    let plan = wanted.plan.as_ref().map(fs::read_to_string).transpose();
    let plan = plan.map_err(|error| Failure::new(format!("can't read the plan: {error}")))?;
    let stop = stop_signal::flag()?;
    let temporary = std::env::temp_dir();
    let options = Options {
        seed: wanted.seed,
        duration: Duration::from_secs_f64(wanted.minutes * 60.0),
        rate: wanted.rate,
        clients: wanted.clients,
        java_clients: wanted.java_clients,
        only: wanted.only.clone(),
        without: wanted.without.clone(),
        plan,
        heartbeat_timeout: Duration::from_millis(wanted.heartbeat_timeout),
        moves: wanted.moves,
        placement,
        base_port: wanted.base_port,
        program: std::env::current_exe().map_err(Failure::new)?,
        folder: temporary.join(format!("lugus-torture-{}", std::process::id())),
        keep: wanted.keep.clone().unwrap_or_else(|| temporary.join(format!("lugus-torture-seed-{}", wanted.seed))),
    };
    if placement == Placement::Loopback && !wanted.loopback && !wanted.endurance {
        eprintln!(
            "lugus: all members are on loopback, and no network is hurt: network namespaces need root, iproute2, util-linux \
             and /dev/net/tun"
        );
    }
    let mut tell = |event: Event<'_>| print(&event, output);
    if wanted.endurance {
        let (snapshot_interval, sessions) = (Duration::from_secs(wanted.snapshot_every), wanted.sessions);
        let endurance = Endurance { snapshot_interval, sessions, csv: wanted.csv.clone() };
        let endured = endure(&endurance, &options, &stop, &mut tell).map_err(Failure::new)?;
        output.answer(&endured, text(&endured))?;
        return verdict(&endured.outcome, endured.is_flat);
    }
    let outcome = match wanted.scenario {
        None => torture(&options, &stop, &mut tell),
        Some(scenario) => play(scenario, wanted.times, &options, &stop, &mut tell),
    };
    let outcome = outcome.map_err(Failure::new)?;
    output.answer(&outcome, &outcome)?;
    verdict(&outcome, true)
}

fn text(endured: &Endured) -> String {
    let trends = endured.trends.iter().filter(|trend| !trend.is_flat);
    let grown =
        trends.map(|it| format!("member {}: {} grew from {} to {}", it.member, it.measure, it.before, it.after));
    let grown: Vec<String> = grown.collect();
    let flat = if grown.is_empty() { String::from("all measures stayed the same") } else { grown.join("\n") };
    format!(
        "{}\n{} sessions came and went; {flat}\nsamples in {}",
        endured.outcome,
        endured.sessions,
        endured.csv.display()
    )
}

/// A fault is a line of a plan, with a remark on what was done. With JSON both go to standard error, as the answer is one document.
fn print(event: &Event<'_>, output: Output) {
    let lines = match event {
        Event::Fault { fault, done } => {
            let line = serde_json::to_string(fault).unwrap_or_default();
            format!("{line}\n# {done}")
        }
        Event::Remark(remark) => format!("# {remark}"),
    };
    if output.is_json() {
        eprintln!("{lines}");
    } else {
        output.say(lines);
    }
}

fn verdict(outcome: &Outcome, is_flat: bool) -> Result<(), Failure> {
    if outcome.is_clean() && is_flat {
        return Ok(());
    }
    if outcome.is_clean() {
        return Err(Failure::new("a process takes more and more")
            .hint("the figures above say of what; the samples show since when")
            .with_exit_code(FINDING_EXIT_CODE));
    }
    Err(Failure::new("a promise was broken")
        .hint("the figures above say which; docs/guarantees.md says what is checked, and how faults are repeated")
        .with_exit_code(FINDING_EXIT_CODE))
}
