//! Simulated deployments keep what docs/guarantees.md promises; and all that may go wrong does go wrong in some of them.

use lugus_simulator::{Fault, Options, Summary, simulate};

/// The number of runs is multiplied by this: `LUGUS_SOAK=100 cargo test --release -p lugus-simulator --test histories`.
fn soak() -> u64 {
    std::env::var("LUGUS_SOAK").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

#[test]
fn histories_are_as_promised() {
    let mut failures = Vec::new();
    let summary = simulate(1, 500 * soak(), &Options::default(), |failure| {
        failures.push(failure.to_string());
        failures.len() < 3
    });
    println!("{summary:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let Summary { commands, elections, restarts, snapshots, moves, undone, given_up, refused, lost_events, .. } =
        summary;
    assert!(commands > 50_000 && elections > 1_000 && restarts > 500 && snapshots > 500, "{summary:?}");
    assert!(moves > 50 && undone > 5, "{summary:?}");
    assert!(given_up > 100 && refused > 100 && lost_events > 100, "{summary:?}");
}

#[test]
fn without_faults_each_run_is_the_same_again() {
    let options = Options { without: Fault::ALL.to_vec(), ..Options::default() };
    let one = || simulate(7, 20, &options, |failure| panic!("{failure}"));
    assert_eq!(one(), one());
    assert_eq!(one().restarts, 0);
    let whole = || simulate(7, 20, &Options::default(), |failure| panic!("{failure}"));
    assert_eq!(whole(), whole());
}
