//! `lugus exporter` beside a real cluster: Prometheus' own checker has nothing to object to its metrics, and they tell who leads and who
//! is down.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use harness::{Exporter, LocalCluster, promtool_check, series, until};
use serde_json::Value;

fn sum(metrics: &str, name: &str) -> f64 {
    series(metrics, name).iter().map(|(_, value)| value).sum()
}

/// Value of the series of a member.
#[track_caller]
fn of_member(metrics: &str, name: &str, member: i32) -> f64 {
    let label = format!("member=\"{member}\"");
    let of_it: Vec<_> = series(metrics, name).into_iter().filter(|(labels, _)| labels.contains(&label)).collect();
    let [(_, value)] = of_it.as_slice() else { panic!("{name} of member {member}: {of_it:?}") };
    *value
}

fn health(exporter: &Exporter, path: &str) -> (u16, Value) {
    let answer = exporter.get(path, "*/*");
    (answer.status, serde_json::from_str(&answer.body).expect("JSON"))
}

#[test]
fn metrics_of_a_cluster_whose_follower_dies_and_comes_back() {
    let cluster = LocalCluster::start(3, |_| {});
    let name = cluster.spec().name;
    let exporter = Exporter::start(&cluster);
    until("all members to be ready", || (health(&exporter, "/health").0 == 200).then_some(()));
    let order = |participant: &str, side: &str, price: &str| {
        let order = ["--json", "order", "-i", "BTC/USDT", "--participant", participant, side, "0.00001", price];
        let outcome = cluster.lugus(&order);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
    };
    order("1", "buy", "1");
    order("2", "sell", "1");
    let gone = cluster.lugus(&["--json", "cancel", "-i", "BTC/USDT", "--participant", "1", "99"]);
    assert_eq!(gone.code, Some(0), "a reject is an answer: {gone:?}");
    let leader = cluster.await_leader();
    cluster.await_no_sessions();
    let metrics = exporter.metrics();
    assert_eq!(promtool_check(&metrics), "", "{metrics}");
    assert_eq!(series(&metrics, "lugus_member_up").len(), 3, "{metrics}");
    assert_eq!(sum(&metrics, "lugus_member_up"), 3.0);
    assert_eq!(sum(&metrics, "lugus_member_ready"), 3.0);
    for member in 0..3 {
        let role = if member == leader { 2.0 } else { 0.0 };
        assert_eq!(of_member(&metrics, "aeron_cluster_node_role", member), role);
        // Those that define the instruments are commands, too.
        assert!(of_member(&metrics, "lugus_commands_total", member) >= 3.0, "each member applies all commands");
        assert_eq!(of_member(&metrics, "lugus_fills_total", member), 2.0, "one trade");
        assert_eq!(of_member(&metrics, "lugus_rejects_total", member), 1.0, "the cancel");
        assert_eq!(of_member(&metrics, "lugus_unapplied_log_bytes", member), 0.0);
        assert!(of_member(&metrics, "aeron_driver_sent_bytes_total", member) > 0.0);
        assert!(of_member(&metrics, "aeron_archive_written_bytes_total", member) > 0.0);
        assert!(of_member(&metrics, "aeron_cluster_elections_total", member) >= 1.0);
    }
    let of_names = ["lugus_directory_bytes", "lugus_disk_free_bytes", "lugus_disk_size_bytes"];
    for of_name in of_names {
        let found = series(&metrics, of_name);
        assert_eq!(found.len(), 6, "two directories of each member: {found:?}");
        assert!(found.iter().all(|(_, value)| *value > 0.0), "{of_name}: {found:?}");
    }
    assert_eq!(series(&metrics, "lugus_cluster_state_hashes_equal"), [(format!("{{cluster=\"{name}\"}}"), 1.0)]);
    assert_eq!(sum(&metrics, "aeron_metrics_dropped_series"), 0.0);
    let unknown = series(&metrics, "aeron_unknown_type_value");
    assert!(unknown.is_empty(), "counters of Aeron or Lugus that no metric is defined for: {unknown:?}");
    let open = exporter.get("/metrics", "application/openmetrics-text; version=1.0.0");
    assert!(open.status == 200 && open.body.ends_with("\n# EOF\n"), "{open:?}");

    let follower = (leader + 1) % 3;
    cluster.kill(follower);
    until("the member to show as down", || {
        (of_member(&exporter.metrics(), "lugus_member_up", follower) == 0.0).then_some(())
    });
    for path in ["/health", "/health/live", "/health/ready"] {
        let (status, health) = health(&exporter, path);
        assert_eq!((status, &health["live"], &health["ready"]), (503, &false.into(), &false.into()), "{health}");
        let part =
            health["parts"].as_array().expect("parts").iter().find(|part| part["name"] == format!("{name}/{follower}"));
        assert_eq!(part.expect("the member")["reason"], "it does not run");
    }
    let metrics = exporter.metrics();
    assert_eq!(promtool_check(&metrics), "", "{metrics}");
    assert_eq!(sum(&metrics, "lugus_member_up"), 2.0);
    assert_eq!(series(&metrics, "aeron_cluster_node_role").len(), 2, "a member that is down has no counters");
    cluster.up();
    until("the member to be ready again", || (health(&exporter, "/health/ready").0 == 200).then_some(()));
}
