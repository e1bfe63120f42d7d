//! Archive and consensus module of a member: their system properties, and the start of their JVM.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use lugus_topology::{
    AuthenticationMode, Checksum, ClusterSpec, Deployment, Key, MemberSpec, Participant, WARM_UP_STREAM_OFFSET,
    aeron_duration,
};

use crate::archive::{self, ArchivePlace, archive_properties, idle_strategy_arguments, idle_strategy_class};
use crate::file_system::{delete, text};
use crate::java::{self, Property};
use crate::members_key::{members_key_property, write_members_key, write_secret};
use crate::{ChildProcess, FolderLock, Launch, ProcessError};

const MAIN: &str = "io.lugus.ClusteredArchiveProcess";

/// Name of the file in a member's directory that the JVM's output goes to.
pub const CONSENSUS_MODULE_LOG: &str = "consensus-module.log";

/// Name of the file with the participants' keys, which the authenticator reads.
const PARTICIPANTS_FILE: &str = "participants";

/// Begin of the names of the cluster's mark files, which are cleared for the same reason as the archive's.
const CLUSTER_MARK_FILES: &str = "cluster-mark";

/// Starts the JVM, and does not wait until it answers.
pub(crate) fn start(
    cluster: &ClusterSpec,
    member: &MemberSpec,
    lock: &FolderLock,
) -> Result<ChildProcess, ProcessError> {
    let deployment = cluster.deployment();
    if deployment.authentication.mode == AuthenticationMode::Keys {
        write_participants(cluster, member)?;
    }
    write_members_key(deployment, &member.dir)?;
    let mut properties = consensus_module_properties(cluster, member);
    if !deployment.java.warm_up.is_zero() {
        properties.extend([
            ("lugus.warm.up.limit", aeron_duration(deployment.java.warm_up)),
            ("lugus.warm.up.folder", text(&member.warm_up_dir())),
            ("lugus.warm.up.stream.offset", WARM_UP_STREAM_OFFSET.to_string()),
        ]);
    }
    // This process: the consensus module's ends it when the service hangs.
    properties.push(("lugus.node.pid", std::process::id().to_string()));
    ChildProcess::start(Launch {
        name: "consensus module",
        program: deployment.java.binary.clone(),
        arguments: java::arguments(deployment, properties, MAIN)?,
        log: member.dir.join(CONSENSUS_MODULE_LOG),
        log_limit: deployment.log,
        lock: Some(lock),
        cores: member.cores.as_ref().map_or(&[], |cores| &cores.consensus),
    })
}

/// Makes the directories, and deletes the mark files of a predecessor. The caller holds the member's lock, so that no process
/// of a predecessor is alive.
pub(crate) fn clear_directories(member: &MemberSpec) -> Result<(), ProcessError> {
    archive::clear_directory(&member.archive_dir)?;
    clear_warm_up(member)?;
    fs::create_dir_all(&member.cluster_dir).map_err(ProcessError::file("make", &member.cluster_dir))?;
    let entries = fs::read_dir(&member.cluster_dir).map_err(ProcessError::file("read", &member.cluster_dir))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(CLUSTER_MARK_FILES) && name.ends_with(".dat") {
            delete(&entry.path())?;
        }
    }
    Ok(())
}

/// Deletes what the warm-up of a killed predecessor has left.
pub(crate) fn clear_warm_up(member: &MemberSpec) -> Result<(), ProcessError> {
    let dir = member.warm_up_dir();
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ProcessError::file("delete", &dir)(error)),
        _ => Ok(()),
    }
}

/// System properties of the JVM with a member's `Archive` and `ConsensusModule`.
pub fn consensus_module_properties(cluster: &ClusterSpec, member: &MemberSpec) -> Vec<Property> {
    let mut properties = shared_properties(cluster, member);
    let place = ArchivePlace {
        dir: &member.archive_dir,
        control_channel: member.archive_control_channel(),
        replication_channel: member.replication_channel(),
        segment_length: cluster.deployment().archive.segment_length,
    };
    properties.extend(archive_properties(cluster.deployment(), place));
    // Not for the coordinator's archive, whose maps have digests.
    if cluster.deployment().archive.checksum == Checksum::Crc32c {
        properties.push(("aeron.archive.replay.checksum", String::from("CRC-32C")));
    }
    properties.extend(consensus_properties(cluster, member));
    properties.extend(timeout_properties(cluster));
    properties.extend(retention_properties(cluster.deployment()));
    properties.extend(authentication_properties(cluster, member));
    properties.extend(members_key_property(cluster.deployment(), &member.dir));
    properties
}

/// System properties on which the consensus module and a service container in Java must agree.
pub(crate) fn shared_properties(cluster: &ClusterSpec, member: &MemberSpec) -> Vec<Property> {
    let streams = &cluster.deployment().streams;
    let mut properties = vec![
        ("aeron.dir", text(&member.aeron_dir)),
        ("aeron.archive.local.control.channel", cluster.archive_local_control_channel()),
        ("aeron.archive.local.control.stream.id", streams.archive_local_control.to_string()),
        ("aeron.cluster.id", cluster.id.to_string()),
        ("aeron.cluster.dir", text(&member.cluster_dir)),
        ("aeron.cluster.control.channel", cluster.control_channel()),
        ("aeron.cluster.service.stream.id", streams.service.to_string()),
        ("aeron.cluster.consensus.module.stream.id", streams.consensus_module.to_string()),
        ("aeron.cluster.snapshot.channel", cluster.snapshot_channel()),
        ("aeron.cluster.replay.channel", cluster.replay_channel()),
        ("aeron.cluster.replay.stream.id", streams.replay.to_string()),
        ("aeron.cluster.idle.strategy", idle_strategy_class(cluster.deployment())),
    ];
    properties.extend(idle_strategy_arguments(cluster.deployment()));
    properties
}

fn consensus_properties(cluster: &ClusterSpec, member: &MemberSpec) -> Vec<Property> {
    let deployment = cluster.deployment();
    let streams = &deployment.streams;
    vec![
        ("aeron.cluster.member.id", member.id.to_string()),
        ("aeron.cluster.members", cluster.members_string()),
        ("aeron.cluster.service.count", String::from("1")),
        ("lugus.clock.maximum.difference", aeron_duration(deployment.consensus.maximum_clock_difference)),
        ("aeron.cluster.ingress.channel", cluster.ingress_channel()),
        ("aeron.cluster.ingress.stream.id", streams.ingress.to_string()),
        ("aeron.cluster.ingress.ipc.allowed", deployment.consensus.ingress_ipc.to_string()),
        ("aeron.cluster.max.sessions", deployment.consensus.maximum_sessions.to_string()),
        ("lugus.maximum.pending.connects", deployment.consensus.maximum_pending_connects.to_string()),
        (
            "lugus.maximum.pending.connects.of.address",
            deployment.consensus.maximum_pending_connects_of_address.to_string(),
        ),
        // What a client asks for is replaced by this, so that nobody can make a member's media driver map large terms.
        ("aeron.cluster.egress.channel", cluster.egress_template()),
        ("aeron.cluster.log.channel", cluster.log_channel()),
        ("aeron.cluster.log.stream.id", streams.log.to_string()),
        ("aeron.cluster.consensus.stream.id", streams.consensus.to_string()),
        ("aeron.cluster.replication.channel", member.replication_channel()),
        ("aeron.cluster.snapshot.stream.id", streams.consensus_module_snapshot.to_string()),
    ]
}

fn timeout_properties(cluster: &ClusterSpec) -> Vec<Property> {
    let timeouts = &cluster.deployment().timeouts;
    vec![
        ("aeron.cluster.leader.heartbeat.timeout", aeron_duration(timeouts.heartbeat_timeout)),
        ("aeron.cluster.leader.heartbeat.interval", aeron_duration(timeouts.heartbeat_interval)),
        ("aeron.cluster.election.timeout", aeron_duration(timeouts.election_timeout)),
        ("aeron.cluster.election.status.interval", aeron_duration(timeouts.election_status_interval)),
        ("aeron.cluster.startup.canvass.timeout", aeron_duration(timeouts.startup_canvass_timeout)),
        ("lugus.join.timeout", aeron_duration(timeouts.join_timeout)),
        ("aeron.cluster.session.timeout", aeron_duration(timeouts.session_timeout)),
        ("aeron.cluster.termination.timeout", aeron_duration(timeouts.termination_timeout)),
        ("lugus.service.progress.timeout", aeron_duration(timeouts.service_progress_timeout)),
    ]
}

/// What keeps the log from growing without end (`LogUpkeep.java`).
fn retention_properties(deployment: &Deployment) -> Vec<Property> {
    let retention = &deployment.retention;
    vec![
        ("lugus.snapshot.interval", aeron_duration(retention.snapshot_interval)),
        ("lugus.snapshot.log.length", retention.snapshot_log_length.to_string()),
        ("lugus.retention.snapshots", retention.snapshots.to_string()),
        ("lugus.retention.log.days", retention.log_retention_days.to_string()),
        ("lugus.retention.automatic", retention.automatic_pruning.to_string()),
        ("lugus.disk.reserve", deployment.archive.reserve().to_string()),
    ]
}

fn authentication_properties(cluster: &ClusterSpec, member: &MemberSpec) -> Vec<Property> {
    let mut properties =
        vec![("aeron.cluster.authenticator.supplier", String::from("io.lugus.ParticipantAuthenticatorSupplier"))];
    match cluster.deployment().authentication.mode {
        AuthenticationMode::Open => properties.extend([
            ("lugus.authentication.mode", String::from("open")),
            // Any client may ask for a snapshot, as all are on this host.
            ("aeron.cluster.authorisation.service.supplier", String::from("ALLOW_ALL")),
        ]),
        AuthenticationMode::Keys => properties.extend([
            ("lugus.authentication.mode", String::from("keys")),
            ("aeron.cluster.authorisation.service.supplier", String::from("io.lugus.ClusterAuthorisationSupplier")),
            ("lugus.authentication.participants", text(&participants_file(member))),
        ]),
    }
    properties
}

fn participants_file(member: &MemberSpec) -> PathBuf {
    member.dir.join(PARTICIPANTS_FILE)
}

fn write_participants(cluster: &ClusterSpec, member: &MemberSpec) -> Result<(), ProcessError> {
    let deployment = cluster.deployment();
    let keys = deployment.participant_keys()?;
    let line = |(participant, (id, key)): (&Participant, &(u32, Key))| {
        format!("{id} {} {} {}\n", key.to_hex(), participant.role().name(), participant.maximum_messages_per_second)
    };
    let lines: String = deployment.participants.iter().zip(&keys).map(line).collect();
    write_secret(&participants_file(member), &lines)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use lugus_topology::{ClusterId, ParticipantRole, Profile};

    use super::*;

    fn properties(deployment: &Deployment) -> BTreeMap<&'static str, String> {
        let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
        let list = consensus_module_properties(&cluster, &cluster.members[0]);
        let count = list.len();
        let properties: BTreeMap<_, _> = list.into_iter().collect();
        assert_eq!(properties.len(), count, "each is there once");
        properties
    }

    #[test]
    fn a_local_member_gets_these_settings_of_aeron() {
        let properties = properties(&Deployment::default_local(1, 20_100));
        for (name, value) in [
            ("aeron.cluster.leader.heartbeat.timeout", "150ms"),
            ("aeron.cluster.election.timeout", "30ms"),
            ("aeron.cluster.startup.canvass.timeout", "2s"),
            ("lugus.join.timeout", "1s"),
            ("lugus.service.progress.timeout", "500ms"),
            ("aeron.cluster.max.sessions", "1000"),
            ("lugus.maximum.pending.connects", "200"),
            ("lugus.maximum.pending.connects.of.address", "100"),
            ("aeron.cluster.egress.channel", "aeron:udp?term-length=4m"),
            ("aeron.cluster.ingress.ipc.allowed", "true"),
            ("lugus.clock.maximum.difference", "500ms"),
            ("aeron.archive.record.checksum", "CRC-32C"),
            ("aeron.archive.replay.checksum", "CRC-32C"),
            ("aeron.cluster.snapshot.stream.id", "107"),
            ("aeron.archive.idle.strategy", "io.lugus.ParkingIdleStrategy"),
            ("lugus.idle.strategy", "0-50-1000-50000-200000"),
            ("lugus.snapshot.interval", "3600s"),
            ("lugus.snapshot.log.length", "1g"),
            ("lugus.retention.snapshots", "2"),
            ("lugus.retention.log.days", "0"),
            ("lugus.retention.automatic", "true"),
            ("lugus.disk.reserve", "512m"),
            ("lugus.authentication.mode", "open"),
            ("aeron.cluster.authorisation.service.supplier", "ALLOW_ALL"),
        ] {
            assert_eq!(properties.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(properties.get("lugus.archive.key"), None, "mode open has no keys");
    }

    #[test]
    fn profiles_change_what_idle_threads_do() {
        let mut deployment = Deployment::default_local(1, 20_100);
        for (profile, class) in [
            (Profile::Dedicated, "org.agrona.concurrent.YieldingIdleStrategy"),
            (Profile::Pinned, "org.agrona.concurrent.BusySpinIdleStrategy"),
        ] {
            deployment.profile = profile;
            let properties = properties(&deployment);
            assert_eq!(properties["aeron.cluster.idle.strategy"], class);
            assert_eq!(properties.get("lugus.idle.strategy"), None);
        }
    }

    #[test]
    fn keys_go_into_a_file_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut deployment = Deployment::default_local(1, 20_100);
        deployment.dir = folder.path().to_path_buf();
        deployment.authentication.mode = AuthenticationMode::Keys;
        let key = Key::parse(&"0a".repeat(16)).expect("a key");
        let participant = |id| Participant { id, key: Some(key.clone()), ..Participant::default() };
        let role = Some(ParticipantRole::Reader);
        deployment.participants = vec![
            participant(7),
            Participant { role, maximum_messages_per_second: 500, ..participant(8) },
            participant(0),
        ];
        let properties = properties(&deployment);
        let authorisation = properties.get("aeron.cluster.authorisation.service.supplier").map(String::as_str);
        assert_eq!(authorisation, Some("io.lugus.ClusterAuthorisationSupplier"));

        let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
        let member = &cluster.members[0];
        fs::create_dir_all(&member.dir).expect("made");
        for _ in 0..2 {
            write_participants(&cluster, member).expect("written");
            write_members_key(&deployment, &member.dir).expect("written");
        }
        let members_key = deployment.members_key().expect("a key").expect("mode keys has one");
        let digits = "0a".repeat(16);
        for (property, content) in [
            (
                "lugus.authentication.participants",
                format!("7 {digits} trader 0\n8 {digits} reader 500\n0 {digits} operator 0\n"),
            ),
            ("lugus.archive.key", format!("{}\n", members_key.to_hex())),
        ] {
            let path = Path::new(&properties[property]);
            assert_eq!(fs::read_to_string(path).expect("read"), content);
            assert_eq!(fs::metadata(path).expect("metadata").permissions().mode() & 0o777, 0o600, "{property}");
        }
    }

    #[test]
    fn what_a_killed_warm_up_has_left_is_cleared() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut deployment = Deployment::default_local(1, 20_100);
        deployment.dir = folder.path().to_path_buf();
        deployment.aeron_dir = Some(folder.path().join("memory"));
        let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
        let left = cluster.members[0].warm_up_dir().join("archive");
        fs::create_dir_all(&left).expect("made");
        clear_directories(&cluster.members[0]).expect("cleared");
        assert!(!cluster.members[0].warm_up_dir().exists());
    }

    #[test]
    fn only_mark_files_are_cleared() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut deployment = Deployment::default_local(1, 20_100);
        deployment.dir = folder.path().to_path_buf();
        let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
        let member = &cluster.members[0];
        clear_directories(member).expect("makes the directories");
        let (archive, cluster) = (&member.archive_dir, &member.cluster_dir);
        let marks = [
            archive.join("archive-mark.dat"),
            cluster.join("cluster-mark.dat"),
            cluster.join("cluster-mark-service-0.dat"),
        ];
        let others = [archive.join("archive.catalog"), cluster.join("recording.log"), cluster.join("node-state.dat")];
        for path in marks.iter().chain(&others) {
            fs::write(path, "x").expect("written");
        }
        clear_directories(member).expect("cleared");
        assert_eq!(marks.map(|path| path.exists()), [false; 3]);
        assert_eq!(others.map(|path| path.exists()), [true; 3]);
    }
}
