//! Files that are good, files that are bad, and what a deployment gives to Aeron.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use lugus_topology::{
    ClusterId, Deployment, DeploymentError, IdleStrategy, Key, MemberId, Place, Profile, Size, Warning,
};

const EVERY_KEY: &str = include_str!("every-key.toml");

const ONE_MEMBER: &str = "[[cluster]]\nid = 0\n[[cluster.member]]\nid = 0\nport = 20100\n";

fn parse(text: &str) -> Result<Deployment, DeploymentError> {
    Deployment::parse(text, Path::new("/srv/lugus"))
}

fn fails(text: &str) -> (Place, String) {
    match parse(text) {
        Err(DeploymentError::Invalid(invalid)) => (invalid.place, invalid.problem.to_string()),
        other => panic!("{other:?} of\n{text}"),
    }
}

/// A folder with the key file that `every-key.toml` names.
fn folder_with_key() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("key-of-7"), "ffeeddccbbaa99887766554433221100\n").expect("a key file");
    folder
}

#[test]
fn one_member_is_enough_and_the_rest_has_defaults() {
    let deployment = parse(ONE_MEMBER).expect("good");
    let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
    let member = cluster.member(MemberId(0)).expect("member 0");
    assert_eq!(cluster.name, "cluster-0");
    assert_eq!(member.host, "127.0.0.1");
    assert_eq!(member.dir, Path::new("/srv/lugus/.lugus/cluster-0/member-0"));
    assert_eq!(member.archive_dir, member.dir.join("archive"));
    assert_eq!(member.cluster_dir, member.dir.join("cluster"));
    assert!(member.aeron_dir.ends_with("cluster-0-member-0"), "{:?}", member.aeron_dir);
    assert_eq!(deployment.timeouts.heartbeat_timeout, Duration::from_millis(150));
    assert_eq!(deployment.warnings(), []);
    assert!(deployment.cluster(ClusterId(1)).is_none());
}

#[test]
fn three_local_members_as_aeron_takes_them() {
    let cluster = Deployment::default_local(3, 20_100).cluster(ClusterId(0)).expect("cluster 0");
    assert_eq!(
        cluster.members_string(),
        "0,127.0.0.1:20100,127.0.0.1:20101,127.0.0.1:20102,127.0.0.1:20103,127.0.0.1:20104|\
         1,127.0.0.1:20110,127.0.0.1:20111,127.0.0.1:20112,127.0.0.1:20113,127.0.0.1:20114|\
         2,127.0.0.1:20120,127.0.0.1:20121,127.0.0.1:20122,127.0.0.1:20123,127.0.0.1:20124"
    );
    assert_eq!(cluster.ingress_endpoints(), "0=127.0.0.1:20100,1=127.0.0.1:20110,2=127.0.0.1:20120");
    assert_eq!(cluster.ingress_channel(), "aeron:udp?term-length=4m");
    assert_eq!(
        cluster.market_data_channel(&cluster.members[1]),
        "aeron:udp?control=127.0.0.1:20115|control-mode=dynamic|fc=max|term-length=4m"
    );
    let of_member_2 = cluster.members[2].aeron_dir.clone();
    assert_eq!(
        cluster.market_data_subscriptions(&of_member_2),
        [
            "aeron:udp?endpoint=127.0.0.1:0|control=127.0.0.1:20105|control-mode=dynamic",
            "aeron:udp?endpoint=127.0.0.1:0|control=127.0.0.1:20115|control-mode=dynamic",
            "aeron:ipc"
        ]
    );
    assert_eq!(
        cluster.status_channel(&cluster.members[1]),
        "aeron:udp?control=127.0.0.1:20116|control-mode=dynamic|fc=max|term-length=64k"
    );
    assert_eq!(
        cluster.status_subscriptions(Some(MemberId(1))),
        [
            "aeron:udp?endpoint=127.0.0.1:0|control=127.0.0.1:20106|control-mode=dynamic",
            "aeron:udp?endpoint=127.0.0.1:0|control=127.0.0.1:20126|control-mode=dynamic"
        ]
    );
    assert_eq!(cluster.status_subscriptions(None).len(), 3);
    assert_eq!(cluster.log_channel(), "aeron:udp?term-length=16m");
    let member = cluster.member(MemberId(2)).expect("member 2");
    assert_eq!(member.archive_control_channel(), "aeron:udp?endpoint=127.0.0.1:20124");
    assert_eq!(member.replication_channel(), "aeron:udp?endpoint=127.0.0.1:0");
    assert_eq!(cluster.deployment().egress_channel(), "aeron:udp?endpoint=127.0.0.1:0");
    assert_eq!(cluster.deployment().streams.archive_response(ClusterId(0), 0), 121);
    assert_eq!(cluster.deployment().streams.archive_response(ClusterId(3), 0), 421);
}

#[test]
fn an_ipv6_host_has_brackets() {
    let text = ONE_MEMBER.replace("port", "host = \"::1\"\nport");
    let cluster = parse(&text).expect("good").cluster(ClusterId(0)).expect("cluster 0");
    assert_eq!(cluster.ingress_endpoints(), "0=[::1]:20100");
}

#[test]
fn every_key_is_read() {
    let folder = folder_with_key();
    let deployment = Deployment::parse(EVERY_KEY, folder.path()).expect("good");
    let cluster = deployment.cluster(ClusterId(4)).expect("cluster 4");
    let member = cluster.member(MemberId(3)).expect("member 3");
    assert_eq!(cluster.name, "bitcoin");
    assert_eq!(
        cluster.members_string(),
        "3,127.0.0.3:30001,127.0.0.5:30002,127.0.0.5:30003,127.0.0.5:30004,127.0.0.5:30005"
    );
    assert_eq!(member.archive_control_channel(), "aeron:udp?endpoint=127.0.0.5:30005");
    assert_eq!(member.replication_channel(), "aeron:udp?endpoint=127.0.0.5:0");
    assert!(cluster.market_data_channel(member).contains("control=127.0.0.3:30006"));
    assert!(cluster.status_channel(member).contains("control=127.0.0.5:30007"), "it is a port for members");
    assert_eq!(member.dir, folder.path().join("state/cluster-4/member-3"));
    assert_eq!(member.aeron_dir, folder.path().join("aeron"));
    assert_eq!(member.archive_dir, Path::new("/tmp/archive"));
    assert_eq!(member.cores.as_ref().map(|cores| cores.driver), Some([1, 2, 3]));
    assert_eq!(deployment.profile.idle_strategy(), IdleStrategy::BusySpin);
    assert_eq!(deployment.archive.segment_length, Size::mib(64));
    let keys = deployment.participant_keys().expect("keys");
    let key = Key::parse("ffeeddccbbaa99887766554433221100").expect("a key");
    assert_eq!(keys.get(1), Some(&(7, key)));
    let roles: Vec<_> = deployment.participants.iter().map(|participant| participant.role().name()).collect();
    assert_eq!(roles, ["operator", "reader", "trader"]);
    assert_eq!(deployment.participants[1].maximum_messages_per_second, 500);
    let instrument = deployment.instruments_of(ClusterId(4)).next().expect("an instrument");
    assert_eq!(instrument.currencies(), Some(("ESH4", "USD")));
    assert_eq!((instrument.tick_size.mantissa(), instrument.tick_size.exponent()), (25, -2));
}

/// A client has the deployment's file, but not the members' key: only who asks for the key reads its file.
#[test]
fn the_members_key_is_read_when_it_is_asked_for() {
    let folder = folder_with_key();
    let mut deployment = Deployment::parse(EVERY_KEY, folder.path()).expect("good without the file");
    let error = deployment.members_key().expect_err("no such file").to_string();
    assert!(
        error.contains("authentication.members_key_file: can't read a key from ") && error.contains("/members.key")
    );
    fs::write(folder.path().join("members.key"), "0a".repeat(32)).expect("written");
    let key = deployment.members_key().expect("read").expect("a key");
    assert_eq!(key, Key::parse(&"0a".repeat(32)).expect("a key"));

    deployment.authentication.members_key_file = None;
    assert!(deployment.has_members_key(), "mode keys has one without a file");
    assert_ne!(deployment.members_key().expect("worked out"), Some(key));

    let open = Deployment::default_local(1, 20_100);
    assert!(!open.has_members_key());
    assert_eq!(open.members_key().expect("none"), None);
}

#[test]
fn what_is_written_reads_as_it_was() {
    let folder = folder_with_key();
    let path = folder.path().join("cluster.toml");
    for mut deployment in [
        Deployment::default_local(1, 20_100),
        Deployment::default_local(3, 20_100),
        Deployment::parse(EVERY_KEY, folder.path()).expect("good"),
    ] {
        deployment.save(&path).expect("saved");
        assert_eq!(Deployment::load(&path).expect("loaded"), deployment);
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("metadata").permissions());
    assert_eq!(mode & 0o777, 0o600, "a file with a key is its owner's alone");
}

#[test]
fn a_relative_path_starts_from_the_files_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cluster.toml");
    fs::write(&path, format!("dir = \".\"\n{ONE_MEMBER}")).expect("written");
    assert_eq!(Deployment::load(&path).expect("loaded").state_dir(), folder.path());
}

#[test]
fn an_error_names_file_line_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cluster.toml");
    fs::write(&path, format!("{ONE_MEMBER}[timeouts]\nheartbeat_timeout = \"30ms\"\n")).expect("written");
    let message = Deployment::load(&path).expect_err("bad").to_string();
    assert_eq!(
        message,
        format!(
            "{}:7: timeouts.heartbeat_timeout: 30ms must be at least twice timeouts.heartbeat_interval (20ms)",
            path.display()
        )
    );
    let message = Deployment::load(&folder.path().join("none.toml")).expect_err("missing").to_string();
    assert!(message.contains("none.toml: can't read it"), "{message}");
}

/// What is wrong in a line put in place of, or after, a good file's; the key and the line that are named; and a part of the
/// message.
#[test]
fn bad_files() {
    let with = |line: &str| format!("{line}\n{ONE_MEMBER}");
    let after = |lines: &str| format!("{ONE_MEMBER}{lines}\n");
    let second_member = "[[cluster.member]]\nid = 1\n";
    let keys = "[authentication]\nmode = \"keys\"";
    for (text, key, line, message) in [
        (String::new(), "cluster", None, "no cluster"),
        (String::from("[[cluster]]\nid = 0\n"), "cluster[0]", Some(1), "no member"),
        (with("dir = 7"), "dir", Some(1), "invalid type"),
        (with("dirs = \"x\""), "dirs", Some(1), "unknown field `dirs`"),
        (with("dir = \"x"), "dir", Some(1), "invalid basic string"),
        (with("profile = \"fast\""), "profile", Some(1), "unknown variant `fast`"),
        (with("nice = -21"), "nice", Some(1), "-21 is outside -20 to 19"),
        (with("dir = \"a|b\""), "dir", Some(1), "in its name"),
        (after("[timeouts]\nelection_timeout = 30"), "timeouts.election_timeout", Some(7), "expected a string"),
        (after("[timeouts]\nelection_timeout = \"30\""), "timeouts.election_timeout", Some(7), "is not a duration"),
        (after("[timeouts]\nelection_timeout = \"0ms\""), "timeouts.election_timeout", Some(7), "outside 1ms to 3600s"),
        (after("[timeouts]\njoin_timeout = \"0ms\""), "timeouts.join_timeout", Some(7), "outside 1ms to 3600s"),
        (
            after("[timeouts]\nservice_progress_timeout = \"100ms\""),
            "timeouts.service_progress_timeout",
            Some(7),
            "100ms is outside 400ms to 3600s",
        ),
        (
            after("[supervision]\nlongest_delay = \"50ms\""),
            "supervision.longest_delay",
            Some(7),
            "50ms is outside 100ms to 3600s",
        ),
        (after("[timeouts]\nheartbeat = \"1s\""), "timeouts.heartbeat", Some(7), "unknown field"),
        (
            after("[timeouts]\nheartbeat_timeout = \"2s\"\nsession_timeout = \"20s\""),
            "timeouts.startup_canvass_timeout",
            Some(6),
            "at least twice",
        ),
        (after("[timeouts]\nelection_timeout = \"15ms\""), "timeouts.election_timeout", Some(7), "at least twice"),
        (
            after("[java]\nwarm_up = \"8s\""),
            "java.warm_up",
            Some(7),
            "8s must be at most a quarter of timeouts.start_timeout (30s)",
        ),
        (
            after("[timeouts]\nsession_timeout = \"1s\""),
            "timeouts.session_timeout",
            Some(7),
            "client.keep_alive_interval",
        ),
        (after("[term_length]\nlog = \"17m\""), "term_length.log", Some(7), "power of two"),
        (after("[term_length]\nlog = \"2g\""), "term_length.log", Some(7), "power of two from 64k to 1g"),
        (after("[term_length]\nlog = \"16MB\""), "term_length.log", Some(7), "is not a length"),
        (after("[driver]\nmtu = \"1500\""), "driver.mtu", Some(7), "multiple of 32 bytes from 1408 to 16k"),
        (after("[driver]\nmtu = \"1376\""), "driver.mtu", Some(7), "from 1408 to 16k"),
        (after("[driver]\nmtu = \"32k\""), "driver.mtu", Some(7), "from 1408 to 16k"),
        (
            after("[archive]\nsegment_length = \"8m\""),
            "archive.segment_length",
            Some(7),
            "at least term_length.log (16m)",
        ),
        (
            after("[archive]\nminimum_free_space = \"8m\""),
            "archive.minimum_free_space",
            Some(7),
            "archive.segment_length",
        ),
        (
            after("[archive]\ndisk_reserve = \"255m\""),
            "archive.disk_reserve",
            Some(7),
            "at least archive.minimum_free_space (256m)",
        ),
        (after("[retention]\nsnapshots = 0"), "retention.snapshots", Some(7), "0 is outside 1 to"),
        (after("[retention]\nsnapshot_interval = \"10ms\""), "retention.snapshot_interval", Some(7), "outside 1s to"),
        (after("[retention]\nsnapshot_log_length = \"1k\""), "retention.snapshot_log_length", Some(7), "at least 64k"),
        (after("[retention]\nlog_retention_days = -1"), "retention.log_retention_days", Some(7), "invalid value"),
        (after("[archive]\nsync_level = 3"), "archive.sync_level", Some(7), "3 is outside 0 to 2"),
        (after("[archive]\nchecksum = \"MD5\""), "archive.checksum", Some(7), "unknown variant"),
        (after("[streams]\nlog = 101"), "streams.log", Some(7), "also at streams.ingress"),
        (after("[streams]\nlog = 0"), "streams.log", Some(7), "outside 1 to 119"),
        (after("[consensus]\nmaximum_sessions = 0"), "consensus.maximum_sessions", Some(7), "outside 1 to"),
        (
            after("[consensus]\nmaximum_pending_connects = 0"),
            "consensus.maximum_pending_connects",
            Some(7),
            "outside 1 to",
        ),
        (
            after("[consensus]\nmaximum_pending_connects_of_address = 201"),
            "consensus.maximum_pending_connects_of_address",
            Some(7),
            "outside 1 to 200",
        ),
        (after("[engine]\nretained_events = -1"), "engine.retained_events", Some(7), "invalid value"),
        (after("[engine]\nmaximum_open_orders = 0"), "engine.maximum_open_orders", Some(7), "outside 1 to"),
        (after("[log]\nmaximum_size = \"1k\""), "log.maximum_size", Some(7), "outside"),
        (
            after("[telemetry]\notlp_endpoint = \"https://192.0.2.7:4318\""),
            "telemetry.otlp_endpoint",
            Some(7),
            "without TLS",
        ),
        (after("[telemetry]\notlp_endpoint = \"http://192.0.2.7\""), "telemetry.otlp_endpoint", Some(7), "HOST:PORT"),
        (after("[telemetry]\notlp_endpoint = \"http://:4318/a\""), "telemetry.otlp_endpoint", Some(7), "HOST:PORT"),
        (after("[stages]\ncapacity = 0"), "stages.capacity", Some(7), "outside 1 to 1048576"),
        (after("[java]\nmaximum_heap = \"64m\""), "java.maximum_heap", Some(7), "at least java.initial_heap (128m)"),
        (after("[client]\ningress = \"ipc\""), "client.ingress", Some(7), "set client.aeron_dir"),
        (after("[client]\negress_host = \"a b\""), "client.egress_host", Some(7), "is not a host name"),
        (
            after("[client]\nretry_backoff = \"3s\""),
            "client.retry_backoff_maximum",
            Some(6),
            "at least client.retry_backoff",
        ),
        (after("[client]\nretry_attempts = 0"), "client.retry_attempts", Some(7), "outside 1 to"),
        (after("[client]\nprofile = \"pinned\""), "client.cores", Some(6), "needs cores"),
        (with("profile = \"pinned\""), "cluster[0].member[0].cores", Some(4), "needs cores"),
        (
            after("cores = { driver = [1,2,3], consensus = [4], service = 5 }"),
            "cluster[0].member[0].cores",
            Some(6),
            "only with",
        ),
        (
            with("profile = \"pinned\"") + "cores = { driver = [1,2,3], consensus = [3], service = 5 }\n",
            "cluster[0].member[0].cores",
            Some(7),
            "core 3 of 127.0.0.1 is used twice",
        ),
        (after(second_member), "cluster[0].member[1]", Some(6), "missing field `port`"),
        (
            after(&format!("{second_member}port = 20104")),
            "cluster[0].member[1].port",
            Some(8),
            "port 20104 at 127.0.0.1 is used twice",
        ),
        (
            after(&format!("{second_member}host = \"localhost\"\nport = 20096")),
            "cluster[0].member[1].port",
            Some(9),
            "port 20100 at 127.0.0.1 is used twice",
        ),
        (after("[[cluster.member]]\nid = 0\nport = 1"), "cluster[0].member[1].id", Some(7), "0 is used twice"),
        (after(&format!("{second_member}port = 65533")), "cluster[0].member[1].port", Some(8), "65533 is outside 1 to"),
        (after(&format!("{second_member}port = 65536")), "cluster[0].member[1].port", Some(8), "invalid value"),
        (after("ports = { logs = 1 }"), "cluster[0].member[0].ports.logs", Some(6), "unknown field"),
        (after("ports = { log = 20100 }"), "cluster[0].member[0].ports.log", Some(6), "is used twice"),
        (after("host = \"\""), "cluster[0].member[0].host", Some(6), "is not a host name"),
        (
            after("aeron_dir = \"/tmp/x\"\narchive_dir = \"/tmp/x\""),
            "cluster[0].member[0].archive_dir",
            Some(7),
            "is used twice",
        ),
        (after("[[cluster]]\nid = 0"), "cluster[1].id", Some(7), "is used twice"),
        (after("[[cluster]]\nid = 10000"), "cluster[1].id", Some(7), "outside 0 to 9999"),
        (after("host = \"10.0.0.1\""), "authentication.mode", None, "member 0 is at 10.0.0.1"),
        (after("members_host = \"10.0.0.1\""), "authentication.mode", None, "member 0 is at 10.0.0.1"),
        (after("[authentication]\nmode = \"keys\""), "authentication.mode", Some(7), "at least one [[participant]]"),
        (
            after("[authentication]\nmode = \"keys\"\n[[participant]]\nid = 7"),
            "participant[0].id",
            Some(9),
            "has no key",
        ),
        (
            after("[authentication]\nmode = \"keys\"\n[[participant]]\nid = 7\nkey_file = \"none\""),
            "participant[0].key_file",
            Some(10),
            "/srv/lugus/none: No such file",
        ),
        (after("[[participant]]\nid = 7\nkey = \"abc\""), "participant[0].key", Some(8), "hexadecimal digits"),
        (after("[[participant]]\nid = 7\n[[participant]]\nid = 7"), "participant[1].id", Some(9), "is used twice"),
        (after("[[participant]]\nid = 7\nrole = \"reader\""), "participant[0].role", Some(8), "would bind nobody"),
        (
            after("[[participant]]\nid = 7\nmaximum_messages_per_second = 1"),
            "participant[0].maximum_messages_per_second",
            Some(8),
            "would bind nobody",
        ),
        (
            after(&format!("{keys}\n[[participant]]\nid = 7\nrole = \"operator\"")),
            "participant[0].role",
            Some(10),
            "participant 0 is the operator",
        ),
        (
            after(&format!("{keys}\n[[participant]]\nid = 0\nrole = \"administrator\"")),
            "participant[0].role",
            Some(10),
            "participant 0 is the operator",
        ),
        (
            after(&format!("{keys}\n[[participant]]\nid = 7\nmaximum_messages_per_second = 1000001")),
            "participant[0].maximum_messages_per_second",
            Some(10),
            "outside 0 to 1000000",
        ),
        (after("[[participant]]\nid = 7\nrole = \"owner\""), "participant[0].role", Some(8), "unknown variant"),
        (after("[[instrument]]\nid = 0\nsymbol = \"A/B\""), "instrument[0].id", Some(7), "outside 1 to"),
        (after("[[instrument]]\nid = 1\nsymbol = \"BTCUSDT\""), "instrument[0].symbol", Some(8), "is not a pair"),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\ncluster = 1"),
            "instrument[0].cluster",
            Some(9),
            "no cluster 1",
        ),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\ntick_size = 0.01"),
            "instrument[0].tick_size",
            Some(9),
            "invalid type",
        ),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\ntick_size = \"0\""),
            "instrument[0].tick_size",
            Some(9),
            "positive decimal",
        ),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\nmaximum_price = 0"),
            "instrument[0].maximum_price",
            Some(9),
            "outside 1",
        ),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\nreference_price = 0"),
            "instrument[0].reference_price",
            Some(9),
            "outside 1",
        ),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\n[instrument.protection]\non_breach = \"HALT\""),
            "instrument[0].protection.auction_milliseconds",
            Some(9),
            "needs auction_milliseconds",
        ),
        (
            after("[[instrument]]\nid = 1\nsymbol = \"A/B\"\n[[instrument]]\nid = 2\nsymbol = \"A/B\""),
            "instrument[1].symbol",
            Some(11),
            "is used twice",
        ),
    ] {
        let (place, found) = fails(&text);
        assert_eq!((place.key.as_str(), place.line), (key, line), "{found} of\n{text}");
        assert!(found.contains(message), "{found:?} does not say {message:?} of\n{text}");
        assert!(!found.contains('\n'), "{found:?} is more than a line");
    }
}

#[test]
fn without_a_role_participant_0_is_the_operator_and_others_are_traders() {
    for (id, role) in [(0, "operator"), (7, "trader")] {
        let text = format!(
            "{ONE_MEMBER}[authentication]\nmode = \"keys\"\n[[participant]]\nid = {id}\nkey = \"{}\"\n",
            "0".repeat(32)
        );
        let participant = &parse(&text).expect("good").participants[0];
        assert_eq!((participant.role().name(), participant.maximum_messages_per_second), (role, 0));
    }
}

#[test]
fn unwise_settings_give_warnings() {
    let even = Deployment::default_local(2, 20_100);
    assert_eq!(even.warnings(), [Warning::EvenMembers { cluster: ClusterId(0), members: 2 }]);
    let text = format!(
        "{ONE_MEMBER}host = \"10.0.0.1\"\n[authentication]\nmode = \"keys\"\n[[participant]]\nid = 0\nkey = \"{}\"\n",
        "0".repeat(32)
    );
    assert_eq!(parse(&text).expect("good").warnings(), [], "a client's own address is looked up");
    let remote = parse(&(text + "[client]\negress_host = \"127.0.0.1\"\n")).expect("good").warnings();
    assert!(matches!(remote.as_slice(), [Warning::EgressOnLoopback { .. }]), "{remote:?}");
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cluster.toml");
    fs::write(&path, "#".repeat(2 << 20)).expect("written");
    let message = Deployment::load(&path).expect_err("too long").to_string();
    assert!(message.contains("not a cluster.toml"), "{message}");
}

#[test]
fn profiles_idle_as_they_say() {
    assert!(matches!(Profile::Shared.idle_strategy(), IdleStrategy::BackOff { .. }));
    assert_eq!(Profile::Dedicated.idle_strategy(), IdleStrategy::Yield);
    assert_eq!(Profile::Pinned.idle_strategy(), IdleStrategy::BusySpin);
}
