//! `lugus exporter` beside a real cluster: Prometheus' own checker has nothing to object to its metrics, and they tell who leads and who
//! is down.

use std::net::TcpListener;

use crate::harness::{Exporter, LocalCluster, ask_to_end, promtool_check, series, until};
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

/// Value of the series of a member that has a label.
fn with_label(metrics: &str, name: &str, member: i32, label: &str) -> Option<f64> {
    let member = format!("member=\"{member}\"");
    let mut of_it = series(metrics, name).into_iter().filter(|(labels, _)| labels.contains(&member));
    of_it.find(|(labels, _)| labels.contains(label)).map(|(_, value)| value)
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
        // What it keeps in its own file: both orders were new, each side has the trade, and the cancel is rejected.
        assert!(of_member(&metrics, "lugus_events_total", member) >= 2.0 + 2.0 + 1.0);
        assert_eq!(
            with_label(&metrics, "lugus_rejects_by_reason_total", member, "reason=\"unknown_order\""),
            Some(1.0)
        );
        assert_eq!(with_label(&metrics, "lugus_resource_used", member, "resource=\"orders\""), Some(0.0));
        assert!(
            with_label(&metrics, "lugus_resource_limit", member, "resource=\"orders\"").is_some_and(|it| it >= 1e3)
        );
        assert_eq!(of_member(&metrics, "lugus_moving_instruments", member), 0.0);
        assert!(of_member(&metrics, "lugus_scopes", member) >= 3.0, "of the operator and of both participants");
        assert!(of_member(&metrics, "lugus_uncommitted_log_bytes", member) <= 4096.0);
        assert!(with_label(&metrics, "lugus_engine_seconds_bucket", member, "le=\"+Inf\"").is_some());
        let heartbeats = of_member(&metrics, "lugus_market_data_messages_total", member);
        assert_eq!(heartbeats > 0.0, member == leader, "only the leader publishes: {heartbeats}");
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

/// A member that is run with `--metrics` answers for itself: from before its start, and not at all if the address is taken.
#[test]
fn a_member_serves_its_own_metrics() {
    let cluster = LocalCluster::start(3, |_| {});
    let member = (cluster.await_leader() + 1) % 3;
    cluster.kill(member);
    let taken = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("bound").to_string();
    let number = member.to_string();
    let arguments = ["node", "--member", &number, "--metrics", &address];
    let refused = cluster.lugus(&arguments);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for part in ["can't listen on", &address, "name another address with --metrics"] {
        assert!(refused.stderr.contains(part), "{part}: {refused:?}");
    }
    assert_eq!(cluster.pid(member), None, "nothing of the member was started");

    drop(taken);
    let (exporter, mut node) = Exporter::of_member(&cluster, &arguments, &address);
    // The server is there before the member's processes, whose start takes a while.
    let first = until("an answer", || exporter.try_get("/health", "*/*"));
    let is_starting = first.body.contains("\"live\":true,\"ready\":false") && first.body.contains("it is starting");
    assert!(first.status == 503 && is_starting, "{first:?}");
    until("the member to be ready", || (exporter.try_get("/health/ready", "*/*")?.status == 200).then_some(()));
    let metrics = exporter.metrics();
    assert_eq!(promtool_check(&metrics), "", "{metrics}");
    assert_eq!(of_member(&metrics, "lugus_member_ready", member), 1.0);
    assert_eq!(series(&metrics, "lugus_member_up").len(), 1, "of itself alone: {metrics}");
    assert!(of_member(&metrics, "lugus_scopes", member) >= 0.0);
    ask_to_end(node.id());
    assert!(node.wait().expect("ended").success(), "SIGTERM ends it, and the thread that serves");
}
