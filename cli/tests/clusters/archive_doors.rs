//! Archives obey only who has the members' key, and members replicate, take snapshots and catch up with it.

use std::ffi::CString;
use std::fs;

use crate::harness::{Archive, LocalCluster, Traders, counter};
use lugus_topology::{AuthenticationMode, Coordinator, Endpoint, Key, LOCAL_PORT_STEP, Participant};
use rusteron_archive::AeronArchiveReplayParams;

/// Type of the counter of sessions and requests that an archive has refused (`ArchiveDoor`).
const REFUSALS_TYPE_ID: i32 = 2020;

/// Two sessions with consecutive numbers would differ by 1. The chance of random ones to be as near as this is nil.
const FAR_APART: u64 = 1 << 32;

/// A part of the archive's answer to who has no key.
const REFUSED: &str = "authentication rejected";

fn key(digits: &str) -> Key {
    Key::parse(&digits.repeat(16)).expect("a key")
}

/// Sessions and requests that an archive has refused since its start, as its counter tells.
fn refusals(cluster: &LocalCluster, member: i32) -> i64 {
    counter(&cluster.member(member).aeron_dir, REFUSALS_TYPE_ID).expect("the counter of an archive with a key")
}

#[test]
fn archives_obey_members_alone() {
    let cluster = LocalCluster::prepare(3, |deployment| {
        deployment.authentication.members_key_file = Some("members.key".into());
        let port = deployment.clusters[0].members[0].port - LOCAL_PORT_STEP;
        deployment.coordinator = Some(Coordinator { port, ..Coordinator::default() });
    });
    let members_key = key("5a");
    fs::write(cluster.folder().join("members.key"), members_key.to_hex()).expect("written");
    cluster.up();
    let mut traders = Traders::connect(&cluster);
    traders.trade(200);
    cluster.lugus(&["--json", "snapshot"]).json();
    traders.trade(100);

    let leader = cluster.await_leader();
    let archive = cluster.member(leader).endpoints.archive;
    let before = refusals(&cluster, leader);
    for stranger in [None, Some(key("5b"))] {
        let refused = Archive::connect(&cluster, &archive, stranger).err().expect("refused").to_string();
        assert!(refused.contains(REFUSED), "{refused}");
    }
    assert_eq!(refusals(&cluster, leader) - before, 2);

    let members: [Archive; 2] =
        [(); 2].map(|()| Archive::connect(&cluster, &archive, Some(members_key.clone())).expect("let in"));
    let [first, second] = members.each_ref().map(|member| member.archive.control_session_id());
    assert!(first.abs_diff(second) > FAR_APART, "who knows one number knows the other: {first}, {second}");
    let recordings = members[0].recordings();
    assert!(recordings.len() > 2, "the log and two snapshots: {recordings:?}");
    let (snapshot, stop) = *recordings.iter().find(|(_, stop)| *stop > 0).expect("a snapshot");
    let replay = AeronArchiveReplayParams::new(-1, -1, 0, stop, -1, -1).expect("parameters");
    let nobody = Endpoint { port: archive.port + 5, ..archive.clone() };
    let nobody = CString::new(format!("aeron:udp?endpoint={nobody}")).expect("a channel");
    members[0].archive.start_replay(snapshot, &nobody, 77, &replay).expect("replayed");
    drop(members);

    // Whoever reads the map may read, and no more.
    let coordinator = cluster.deployment.coordinator_spec().archive;
    let reader = Archive::connect(&cluster, &coordinator, None).expect("a reader");
    let recordings = reader.recordings();
    assert_eq!(recordings.len(), 1, "{recordings:?}");
    let unauthorised = |what: Result<i64, rusteron_archive::AeronArchiveError>| {
        let message = what.expect_err("refused").message;
        assert!(message.contains("unauthorised action"), "{message}");
    };
    unauthorised(reader.archive.purge_recording(0));
    unauthorised(reader.archive.purge_segments(0, 0));
    unauthorised(reader.archive.truncate_recording(0, 0));
    assert_eq!(reader.recordings(), recordings);
    drop(reader);

    // Catch-up, replication and snapshots go on: a leader dies and comes back, and then all.
    traders.settle();
    cluster.kill(leader);
    traders.trade(100);
    assert_eq!(cluster.up(), [i64::from(leader)]);
    traders.trade(100);
    traders.settle();
    cluster.await_common_state();
    cluster.kill_all(&[0, 1, 2]);
    assert_eq!(cluster.up(), [0, 1, 2]);
    traders.trade(100);
    traders.settle();
    traders.check();
    cluster.await_common_state();
}

/// In mode `keys` there is a members' key without a file, and nothing to configure.
#[test]
fn a_deployment_with_participants_keys_has_a_members_key() {
    let cluster = LocalCluster::start(1, |deployment| {
        deployment.authentication.mode = AuthenticationMode::Keys;
        let participant = |id, digits| Participant { id, key: Some(key(digits)), ..Participant::default() };
        deployment.participants = vec![participant(0, "0a"), participant(1, "0b")];
    });
    cluster.lugus(&["--json", "snapshot"]).json();
    let archive = cluster.member(0).endpoints.archive;
    for stranger in [None, Some(key("0a"))] {
        let refused = Archive::connect(&cluster, &archive, stranger).err().expect("refused").to_string();
        assert!(refused.contains(REFUSED), "{refused}");
    }
    let members_key = cluster.deployment.members_key().expect("worked out");
    let member = Archive::connect(&cluster, &archive, members_key).expect("let in");
    assert!(member.recordings().len() > 2);
    cluster.kill(0);
    assert_eq!(cluster.up(), [0], "it loads its snapshot");
}
