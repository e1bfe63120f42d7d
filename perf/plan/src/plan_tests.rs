//! Plans of made-up machines: what binds, what can't be, and that more never looks better.

use lugus_topology::Deployment;
use proptest::prelude::*;

use super::*;
use crate::load::{even_pairs, falling_pairs};
use crate::service_times::tests::results;

fn times() -> ServiceTimes {
    ServiceTimes::from_results(&results()).expect("sound")
}

fn here() -> Place {
    Place { cores: 2, network_us: 0.0, memory_bytes: None, disk_bytes: None, partitions: None }
}

fn planned(load: &Load, place: &Place) -> Plan {
    plan(load, &Deployment::default(), &times(), place).expect("a plan")
}

#[test]
fn a_load_that_fits_has_the_round_trips_of_the_queue() {
    let load = Load { sessions: 1, ..Load::of_peak(50_000.0) };
    let plan = planned(&load, &here());
    assert_eq!(plan.obstacles, Vec::<String>::new());
    let exact = -(0.01_f64).ln() / 50_000.0 * 1e6;
    assert!((plan.p99_us.expect("it can") / exact - 1.0).abs() < 1e-6, "{:?} and {exact}", plan.p99_us);
    assert_eq!((plan.binding.as_str(), plan.partitions.len()), ("all 2 cores of the machine", 1));
    assert!((plan.utilisation - 0.5).abs() < 1e-9 && (plan.headroom.usual - 1.4).abs() < 1e-9);
    // A third of an M/M/1 queue's p99 is at 55 % of its rate: the curve begins at 10 %.
    assert!((plan.knee_per_second - 55_000.0).abs() < 100.0, "{}", plan.knee_per_second);
    let with_lost = plan.headroom.member_lost.expect("two of three are a majority");
    assert!(with_lost > plan.headroom.usual, "a member less leaves its cores: {with_lost}");
    assert!(plan.p99_error_percent.is_some_and(|error| (error - 22.2).abs() < 0.1), "{:?}", plan.p99_error_percent);
}

#[test]
fn a_load_beyond_the_machine_can_not_and_says_why() {
    let plan = planned(&Load { sessions: 1, ..Load::of_peak(100_000.0) }, &here());
    assert_eq!((plan.p50_us, plan.p99_us), (None, None));
    assert!(plan.obstacles[0].starts_with("the rate: the busiest cluster gets 100000"), "{:?}", plan.obstacles);
    assert!(plan.to_string().contains("CANNOT") && plan.to_string().contains("the queue has no end"));
    assert!(plan.headroom.snapshot_over_s.is_none());
    let fast = Load { sessions: 1, target_p99_us: Some(1.0), ..Load::of_peak(1_000.0) };
    assert!(planned(&fast, &here()).obstacles[0].contains("without any load"));
    let later = Load { target_p99_us: Some(80.0), sessions: 1, ..Load::of_peak(60_000.0) };
    assert!(planned(&later, &here()).obstacles[0].contains("it is within up to"));
    let small = Place { memory_bytes: Some(1 << 20), disk_bytes: Some(1 << 20), ..here() };
    let obstacles = planned(&Load::of_peak(1_000.0), &small).obstacles;
    assert!(obstacles[0].starts_with("memory:") && obstacles[1].starts_with("disk:"), "{obstacles:?}");
    assert!(
        super::plan(&Load::of_peak(1_000.0), &Deployment::default(), &times(), &Place { cores: 0, ..here() }).is_err()
    );
}

#[test]
fn a_lost_member_of_two_leaves_no_majority() {
    let load = Load { members: 2, sessions: 1, ..Load::of_peak(1_000.0) };
    assert_eq!(planned(&load, &here()).headroom.member_lost, None);
    assert!(planned(&load, &here()).recovery.expect("it ends").fail_over_s.is_none());
}

#[test]
fn partitions_are_for_machines_of_their_own_or_for_more_cores() {
    let pairs = falling_pairs(12, 250_000.0);
    let load = Load { pairs, sessions: 1, pairs_of_a_participant: 1.0, ..Load::of_peak(250_000.0) };
    let shared = planned(&load, &here());
    assert!(!shared.obstacles.is_empty() && shared.partitions.len() == 1, "clusters on one machine share its cores");
    let each = planned(&Load { layout: Layout::MachineEach, ..load.clone() }, &Place { network_us: 50.0, ..here() });
    assert_eq!(each.obstacles, Vec::<String>::new());
    assert!(each.partitions.len() > 1);
    let all: Vec<&String> = each.partitions.iter().flat_map(|partition| &partition.pairs).collect();
    assert_eq!(all.len(), 12);
    assert!(each.partitions.iter().all(|partition| partition.utilisation <= GOOD_UTILISATION), "{:?}", each.partitions);
    assert!(each.p50_us.expect("it can") > 100.0, "two round trips of the network");
    let fewer = planned(
        &Load { layout: Layout::MachineEach, ..load.clone() },
        &Place { partitions: Some(each.partitions.len() - 1), ..here() },
    );
    assert!(fewer.headroom.usual < 1.0);
    let large = planned(&load, &Place { cores: 64, ..here() });
    assert!(
        large.obstacles.is_empty() && large.partitions.len() > 1,
        "one thread of the leader binds: {:?}",
        large.binding
    );
}

#[test]
fn the_json_has_what_machines_ask_for() {
    let json = serde_json::to_value(planned(&Load::of_peak(1_000.0), &here())).expect("JSON");
    for field in [
        "stages",
        "binding",
        "p50_us",
        "p99_us",
        "memory_bytes",
        "disk_bytes_per_day",
        "recovery_seconds",
        "partitions",
    ] {
        assert!(!json[field].is_null(), "{field}");
    }
    assert!(json["stages"][0]["utilisation"].is_number() && json["partitions"][0]["pairs"].is_array());
    let read = Deployment::parse(json["cluster_toml"].as_str().expect("text"), std::path::Path::new("/"));
    assert_eq!(read.expect("valid").clusters.len(), 1);
}

#[test]
fn the_page_has_the_curve_and_loads_nothing() {
    let page = crate::page::page(&planned(&Load { pairs: even_pairs(3, 1_000.0), ..Load::of_peak(1_000.0) }, &here()));
    assert!(page.contains("<svg") && page.contains("the knee") && page.contains("BTC/USDT"), "{page}");
    assert!(!page.contains("<script") && !page.contains("src="));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn more_load_is_never_promised_to_be_better(
        rate in 100.0..90_000.0_f64, more in 1.0..3.0_f64, sessions in 1..40_u32, more_sessions in 0..40_u32, burst in 1..500_u32,
    ) {
        let load = |rate: f64, sessions, burst| {
            let load = Load { sessions, burst, clients: 1, ..Load::of_peak(rate) };
            let plan = planned(&load, &Place { partitions: Some(1), ..here() });
            let time = |us: Option<f64>| us.unwrap_or(f64::INFINITY);
            [time(plan.p50_us), time(plan.p99_us), plan.utilisation, plan.memory_bytes as f64, plan.disk_bytes_per_day, plan.network.sent_per_second(), plan.recovery_seconds.unwrap_or(f64::INFINITY)]
        };
        let (less, greater) = (load(rate, sessions, burst), load(rate * more, sessions + more_sessions, burst * 2));
        for (figure, (less, greater)) in less.iter().zip(greater).enumerate() {
            prop_assert!(*less <= greater * (1.0 + 1e-9), "figure {figure}: {less} and {greater}");
        }
    }
}
