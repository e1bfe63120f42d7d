//! A collector gets the spans of real moves and snapshots, and one that is no use holds nothing up.

mod collector;

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{LocalCluster, Outcome};
use collector::{Collector, number, status, text};
use lugus_topology::Deployment;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

const SYMBOL: &str = "BTC/USDT";

/// Port at which exporters look for a collector when nobody has named one (OTLP specification).
const DEFAULT_PORT: u16 = 4318;

/// Longest time that a move and its end take on a busy machine, when the collector is no use.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn moves_and_snapshots_have_spans_when_a_collector_is_named() {
    let cluster = LocalCluster::default_deployment();
    let order = ["order", "-i", SYMBOL, "--raw", "buy", "3", "100"];
    assert_eq!(lugus(&cluster, &[], &order).code, Some(0));
    let collector = Collector::start();

    nothing_is_sent_unless_a_collector_is_named(&cluster);

    let mut deployment = Deployment::load(&cluster.config).expect("a good deployment");
    deployment.telemetry.otlp_endpoint = Some(collector.endpoint());
    deployment.save(&cluster.config).expect("written");
    a_move(&cluster, &collector);
    a_move_that_is_left_and_undone(&cluster, &collector);
    a_snapshot(&cluster, &collector);
    a_backup_and_what_fails(&cluster, &collector);

    collectors_that_are_no_use(&cluster);
    assert_eq!(collector.take_spans(), [], "the environment overrides the file");
    let off = [("OTEL_SDK_DISABLED", "true")];
    assert_eq!(lugus(&cluster, &off, &["snapshot"]).stderr, "");
    assert_eq!(collector.take_spans(), [], "traces are off");
}

fn nothing_is_sent_unless_a_collector_is_named(cluster: &LocalCluster) {
    let Ok(listener) = TcpListener::bind(("127.0.0.1", DEFAULT_PORT)) else {
        eprintln!("skipped: port {DEFAULT_PORT} is in use");
        return;
    };
    let uncalled = Collector::on(listener);
    let snapshot = lugus(cluster, &[], &["snapshot"]);
    assert_eq!((snapshot.code, snapshot.stderr.as_str()), (Some(0), ""));
    assert_eq!(uncalled.take_spans(), []);
}

fn a_move(cluster: &LocalCluster, collector: &Collector) {
    let moved = lugus(cluster, &[], &["--json", "migrate", SYMBOL, "--to", "B"]);
    assert_eq!(moved.stderr, "");
    let moved = moved.json();
    let spans = collector.take_spans();
    let [command, whole, steps @ ..] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((command.name.as_str(), command.parent_span_id.len()), ("lugus migrate", 0));
    assert_eq!((whole.name.as_str(), &whole.parent_span_id), ("move", &command.span_id));
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let told: Vec<&str> =
        moved["steps"].as_array().expect("steps").iter().map(|step| step["step"].as_str().expect("a name")).collect();
    assert_eq!(names, told);
    assert!(["begin", "fence", "commit", "activate", "finish"].iter().all(|step| names.contains(step)), "{names:?}");
    let mut end = whole.start_time_unix_nano;
    for step in steps {
        assert_eq!((&step.parent_span_id, &step.trace_id), (&whole.span_id, &whole.trace_id), "{step:?}");
        assert!(step.start_time_unix_nano >= end && step.end_time_unix_nano >= step.start_time_unix_nano, "{step:?}");
        end = step.end_time_unix_nano;
    }
    assert!(end <= whole.end_time_unix_nano && whole.end_time_unix_nano <= command.end_time_unix_nano);
    let party =
        |name: &str| text(&steps.iter().find(|step| step.name == name).expect("a step").attributes, "lugus.party");
    assert_eq!(
        (party("begin"), party("fence"), party("activate")),
        ("the coordinator", "the old cluster", "the new cluster")
    );

    let of = |key| number(&whole.attributes, key);
    assert_eq!([of("lugus.instrument"), of("lugus.from"), of("lugus.to"), of("lugus.orders")], [1, 0, 1, 1]);
    assert!(of("lugus.records") >= 2 && of("lugus.bytes") > 0 && of("lugus.migration") > 0, "{whole:?}");
    assert_eq!(text(&whole.attributes, "lugus.outcome"), "moved");
    let map = lugus(cluster, &[], &["--json", "map"]).json();
    assert_eq!(Some(of("lugus.epoch")), map["epoch"].as_i64(), "{map}");
    assert_eq!([status(command), status(whole)], [(StatusCode::Ok, ""); 2]);
}

fn a_move_that_is_left_and_undone(cluster: &LocalCluster, collector: &Collector) {
    // Standard input has ended, so that nobody can let the move go on.
    let left = lugus(cluster, &[], &["migrate", SYMBOL, "--to", "A", "--hold-before", "commit"]);
    assert_eq!(left.code, Some(1), "{left:?}");
    let spans = collector.take_spans();
    let [command, whole, ..] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(text(&whole.attributes, "lugus.outcome"), "left");
    let (code, why) = status(whole);
    assert_eq!((code, why.contains("another one can go on")), (StatusCode::Error, true), "{why}");
    let (code, why) = status(command);
    assert_eq!((code, why.contains("standard input ended")), (StatusCode::Error, true), "{why}");
    assert_eq!(spans.last().expect("a step").name, "commit");

    assert_eq!(lugus(cluster, &[], &["migrate", SYMBOL, "--undo"]).code, Some(0));
    let spans = collector.take_spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["lugus migrate", "move", "abort", "drop-import", "unfence", "finish"]);
    assert_eq!(text(&spans[1].attributes, "lugus.outcome"), "undone");
    assert_eq!(status(&spans[1]).0, StatusCode::Ok, "it was asked for");
}

fn a_snapshot(cluster: &LocalCluster, collector: &Collector) {
    let taken = lugus(cluster, &[], &["--json", "snapshot"]).json();
    let taken = taken["snapshots"].as_array().expect("snapshots").clone();
    let spans = collector.take_spans();
    let [command, snapshots @ ..] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((command.name.as_str(), snapshots.len()), ("lugus snapshot", 2));
    for (span, taken) in snapshots.iter().zip(&taken) {
        assert_eq!((span.name.as_str(), &span.parent_span_id), ("snapshot", &command.span_id));
        let of = |key| Some(number(&span.attributes, key));
        assert_eq!(of("lugus.cluster"), taken["cluster"].as_i64());
        assert_eq!(of("lugus.leader"), taken["leader"].as_i64());
        assert_eq!(of("lugus.log_position"), taken["log_position"].as_i64());
        assert_eq!(Some(text(&span.attributes, "lugus.cluster_name")), taken["cluster_name"].as_str());
        assert_eq!(status(span), (StatusCode::Ok, ""));
        let longest = Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano).as_secs_f64();
        let members = span.events.iter().map(|event| number(&event.attributes, "lugus.member"));
        let members: Vec<i64> = members.collect();
        let cluster_id = taken["cluster"].as_i64().expect("a number");
        let of_cluster = cluster.deployment.clusters.iter().find(|it| i64::from(it.id.0) == cluster_id);
        let all: Vec<i64> =
            of_cluster.expect("a cluster").members.iter().map(|member| i64::from(member.id.0)).collect();
        assert_eq!(members, all, "{span:?}");
        for event in &span.events {
            let took = collector::value(&event.attributes, "lugus.duration_seconds");
            assert!(matches!(took, Value::DoubleValue(took) if (0.0..longest).contains(took)), "{event:?}");
        }
    }
}

fn a_backup_and_what_fails(cluster: &LocalCluster, collector: &Collector) {
    let folder = cluster.folder().join("backup");
    let folder = folder.to_str().expect("a path");
    let backup = lugus(cluster, &[], &["--json", "backup", "--cluster", "B", folder]).json();
    let spans = collector.take_spans();
    let [command, copy] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((command.name.as_str(), copy.name.as_str()), ("lugus backup", "copy"));
    assert_eq!(copy.parent_span_id, command.span_id);
    assert_eq!(Some(number(&copy.attributes, "lugus.log_position")), backup["position"].as_i64());
    assert_eq!(Some(number(&copy.attributes, "lugus.snapshot_position")), backup["snapshot_position"].as_i64());

    let unknown = lugus(cluster, &[], &["migrate", SYMBOL, "--to", "nowhere"]);
    assert!(unknown.message().contains("has no cluster nowhere"), "{unknown:?}");
    let spans = collector.take_spans();
    let [command] = &spans[..] else { panic!("{spans:?}") };
    let (code, why) = status(command);
    assert_eq!((code, why.contains("has no cluster nowhere")), (StatusCode::Error, true), "{why}");
}

/// A collector that accepts and never answers, one that is not there, and one that would need TLS.
fn collectors_that_are_no_use(cluster: &LocalCluster) {
    // The kernel accepts connections for it.
    let silent = TcpListener::bind("127.0.0.1:0").expect("an address");
    let silent_address = silent.local_addr().expect("bound");
    let absent = TcpListener::bind("127.0.0.1:0").expect("an address");
    let absent_address = absent.local_addr().expect("bound");
    drop(absent);
    let cases = [
        (format!("http://{silent_address}"), "A", "timeout"),
        (format!("http://{absent_address}/"), "B", "refused"),
        (format!("https://{absent_address}"), "A", "lugus speaks no TLS"),
    ];
    for (address, to, why) in cases {
        let began = Instant::now();
        let named = [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str())];
        let moved = lugus(cluster, &named, &["--json", "migrate", SYMBOL, "--to", to]);
        let took = began.elapsed();
        println!("{address}: {took:?}: {}", moved.stderr);
        assert_eq!(moved.json()["outcome"], "moved");
        assert!(took < SOON, "{took:?}");
        let warned = moved.stderr.starts_with("lugus: warning: the traces of this command did not reach http");
        assert!(warned && moved.stderr.contains(why) && moved.stderr.lines().count() == 1, "{moved:?}");
    }
}

/// Runs `lugus` with these variables in its environment.
fn lugus(cluster: &LocalCluster, environment: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
    command.arg("--config").arg(&cluster.config).args(arguments).current_dir(cluster.folder());
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    let began = Instant::now();
    let output = command.envs(environment.iter().copied()).output().expect("lugus starts");
    println!("{arguments:?}: {:?}", began.elapsed());
    output.into()
}
