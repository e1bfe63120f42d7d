//! Results as the benchmarks write them, and what is read from them.

use std::collections::BTreeMap;

use super::*;

/// Round trips of a machine with these members: an M/M/1 queue with this greatest rate.
pub(crate) fn round_trips(members: u16, greatest: f64) -> Vec<Measurement> {
    let measurement = |pace: &str, sessions: u32| {
        Measurement::new("round-trip")
            .label("service", "lugus")
            .label("transport", "UDP")
            .label("members", members)
            .label("sessions", sessions)
            .label("mix", "market")
            .label("pace", pace)
    };
    let quantile = |rate: f64, q: f64| -(1.0 - q).ln() / (greatest - rate) * 1e6;
    let at = |rate: f64| {
        let name = format!("{rate} a second");
        measurement(&name, 1).figure("p50_us", Spread::once(quantile(rate, 0.5))).figure(
            "p99_us",
            Spread::of(vec![quantile(rate, 0.99) * 0.9, quantile(rate, 0.99), quantile(rate, 0.99) * 1.1]),
        )
    };
    let thread = |process: &str, thread: &str, us: f64| {
        measurement("maximum", 1)
            .label("process", process)
            .label("thread", thread)
            .figure("cpu_us_per_command", Spread::once(us))
    };
    vec![
        at(greatest * 0.1),
        at(greatest * 0.4),
        at(greatest * 0.7),
        measurement("1 in flight", 1)
            .figure("p50_us", Spread::once(5.0))
            .figure("rate_per_second", Spread::once(1_000.0)),
        measurement("maximum", 1).figure("rate_per_second", Spread::once(greatest)),
        measurement("maximum", 16).figure("rate_per_second", Spread::once(greatest / 2.0)),
        thread("drivers of the leader", "shared", 1.5e6 / greatest / 2.0),
        thread("services of the leader", "service", 0.4e6 / greatest),
        thread("services of a follower", "service", 0.3e6 / greatest * f64::from(members - 1)),
        thread("client", "lugus", 0.2e6 / greatest),
    ]
}

/// Results with one and with three members.
pub(crate) fn results() -> Results {
    let mut results = Results::begin("0.1.0", BTreeMap::new());
    results.machine.cores = 2;
    results.measurements = round_trips(3, 100_000.0);
    results.measurements.extend(round_trips(1, 200_000.0));
    results
}

#[test]
fn costs_are_read_by_their_labels() {
    let times = ServiceTimes::from_results(&results()).expect("sound");
    let (members, three) = times.cluster(3).expect("there");
    assert_eq!((members, times.clusters.len(), times.cores, three.idle_p50_us), (3, 2, 2, Some(5.0)));
    assert!((three.capacity(&Traffic::MARKET, 1) - 100_000.0).abs() < 1e-6);
    assert!((three.capacity(&Traffic::MARKET, 16) - 50_000.0).abs() < 1e-6);
    let of_four = three.capacity(&Traffic::MARKET, 4);
    assert!((of_four - 1e5 / 1.5).abs() < 1.0, "half way by the logarithm: {of_four}");
    assert_eq!(three.curve.measured(), (0.1, 0.7));
    assert!((three.curve.spread_percent() - 100.0 * (1.1 / 0.9 - 1.0)).abs() < 1e-6);
    let follower = three.threads.iter().find(|thread| thread.is_followers()).expect("there");
    assert!((follower.us - 3.0).abs() < 1e-9, "of one: {follower:?}");
    assert_eq!(times.cluster(5).map(|(members, _)| members), Some(3));
    let [one, three, five] = [1, 3, 5].map(|members| times.cores_us(members, &Traffic::MARKET, 1).expect("known"));
    assert!((one - 10.0).abs() < 1e-9 && (three - 20.0).abs() < 1e-9 && (five - 30.0).abs() < 1e-9);
}

#[test]
fn what_is_missing_is_said() {
    let mut nothing = results();
    nothing.measurements.clear();
    let error = ServiceTimes::from_results(&nothing).expect_err("nothing").to_string();
    assert!(error.contains("no round trips of Lugus") && error.contains("--calibrate"), "{error}");
    let mut no_maximum = results();
    no_maximum.measurements.retain(|one| pace(one) != Pace::Maximum);
    assert!(ServiceTimes::from_results(&no_maximum).expect_err("no maximum").to_string().contains("greatest rate"));
    let mut no_rates = results();
    no_rates.measurements.retain(|one| !matches!(pace(one), Pace::Rate(_)));
    assert!(
        ServiceTimes::from_results(&no_rates).expect_err("no rates").to_string().contains("below the greatest one")
    );
}

#[test]
fn other_benchmarks_are_used_if_they_are_there() {
    let mut all = results();
    assert!(!ServiceTimes::from_results(&all).expect("sound").snapshot.is_measured);
    all.measurements.push(
        Measurement::new("snapshot")
            .label("orders", 1_000_000)
            .figure("service_ms", Spread::once(110.0))
            .figure("load_ms", Spread::once(350.0)),
    );
    all.measurements.push(
        Measurement::new(PLAN).figure("start_s", Spread::once(2.0)).figure("replayed_per_second", Spread::once(9e5)),
    );
    let times = ServiceTimes::from_results(&all).expect("sound");
    assert!(times.snapshot.is_measured && times.start.is_measured);
    assert!(
        (times.snapshot.pause_s.at(1e6) - 0.11).abs() < 1e-9 && (times.snapshot.load_s.at(1e6) - 0.35).abs() < 1e-9
    );
    assert_eq!((times.start.start_s, times.start.replayed_per_second), (2.0, 9e5));
}
