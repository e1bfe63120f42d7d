//! Aeron's archive: its system properties, its mark file, and the JVM that runs the coordinator's archive alone.

use std::fs;
use std::path::Path;

use lugus_topology::{Checksum, CoordinatorSpec, Deployment, IdleStrategy, Size};

use crate::driver_options::Idle;
use crate::file_system::{delete, text};
use crate::java::{self, Property};
use crate::members_key::{members_key_property, write_members_key};
use crate::{ChildProcess, FolderLock, Launch, ProcessError};

const MAIN: &str = "io.lugus.ArchiveProcess";
const LOG: &str = "archive.log";

/// The archive's mark file. For 10 s after its process was killed Aeron takes the file for a living process's. Its
/// content is of no use to a successor.
const MARK_FILE: &str = "archive-mark.dat";

/// Greatest number of subscribers that replay the map at once. The archive tells one more to try again, and it does.
/// Aeron's default is 20.
const MAXIMUM_REPLAYS: u32 = 256;

/// Directory of an archive, and the channels by which it is reached.
pub(crate) struct ArchivePlace<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) control_channel: String,
    pub(crate) replication_channel: String,
    pub(crate) segment_length: Size,
}

/// Starts a JVM with the coordinator's archive, and does not wait until it answers.
pub(crate) fn start(
    deployment: &Deployment,
    coordinator: &CoordinatorSpec,
    lock: &FolderLock,
) -> Result<ChildProcess, ProcessError> {
    write_members_key(deployment, &coordinator.dir)?;
    ChildProcess::start(Launch {
        name: "archive",
        program: deployment.java.binary.clone(),
        arguments: java::arguments(deployment, coordinator_properties(deployment, coordinator), MAIN)?,
        log: coordinator.dir.join(LOG),
        log_limit: deployment.log,
        lock: Some(lock),
        cores: &[],
    })
}

fn coordinator_properties(deployment: &Deployment, coordinator: &CoordinatorSpec) -> Vec<Property> {
    let mut properties = vec![
        ("aeron.dir", text(&coordinator.aeron_dir)),
        ("aeron.archive.local.control.channel", coordinator.archive_local_control_channel()),
        ("aeron.archive.local.control.stream.id", deployment.streams.archive_local_control.to_string()),
    ];
    let place = ArchivePlace {
        dir: &coordinator.archive_dir,
        control_channel: coordinator.archive_control_channel(),
        replication_channel: coordinator.replication_channel(),
        segment_length: coordinator.coordinator.term_length,
    };
    properties.extend(archive_properties(deployment, place));
    properties.push(("aeron.archive.max.concurrent.replays", MAXIMUM_REPLAYS.to_string()));
    properties.extend(members_key_property(deployment, &coordinator.dir));
    // Every client of the deployment reads the map.
    properties.push(("lugus.archive.readers", String::from("true")));
    properties.extend(idle_strategy_arguments(deployment));
    properties
}

/// System properties of an archive.
pub(crate) fn archive_properties(deployment: &Deployment, place: ArchivePlace<'_>) -> Vec<Property> {
    let (archive, streams) = (&deployment.archive, &deployment.streams);
    let mut properties = vec![
        ("aeron.archive.dir", text(place.dir)),
        ("aeron.archive.control.channel", place.control_channel),
        ("aeron.archive.control.stream.id", streams.archive_control.to_string()),
        ("aeron.archive.replication.channel", place.replication_channel),
        ("aeron.archive.recording.events.enabled", String::from("false")),
        ("aeron.archive.threading.mode", String::from("SHARED")),
        ("aeron.archive.file.sync.level", archive.sync_level.to_string()),
        ("aeron.archive.catalog.file.sync.level", archive.sync_level.to_string()),
        ("aeron.archive.segment.file.length", place.segment_length.to_string()),
        ("aeron.archive.low.storage.space.threshold", archive.minimum_free_space.to_string()),
        ("aeron.archive.idle.strategy", idle_strategy_class(deployment)),
        // Our process prints errors itself. Aeron's own way is for when its error log is full, and has no limit.
        ("aeron.fallback.logger", String::from("no_op")),
    ];
    if archive.checksum == Checksum::Crc32c {
        properties.push(("aeron.archive.record.checksum", String::from("CRC-32C")));
    }
    properties
}

/// Class of the idle strategy of a JVM's threads.
pub(crate) fn idle_strategy_class(deployment: &Deployment) -> String {
    let class = match deployment.profile.idle_strategy() {
        IdleStrategy::BackOff { .. } => "io.lugus.ParkingIdleStrategy",
        IdleStrategy::Yield => "org.agrona.concurrent.YieldingIdleStrategy",
        IdleStrategy::BusySpin => "org.agrona.concurrent.BusySpinIdleStrategy",
    };
    String::from(class)
}

/// The property with the numbers of [`idle_strategy_class`]: spins, yields and parks, if that strategy has them.
pub(crate) fn idle_strategy_arguments(deployment: &Deployment) -> Option<Property> {
    match deployment.profile.idle_strategy().into() {
        Idle::BackOff(back_off) => Some(("lugus.idle.strategy", back_off.to_string())),
        Idle::Yield | Idle::Spin => None,
    }
}

/// Makes an archive's directory, and deletes the mark file of a predecessor. The caller holds the lock of the folder,
/// so that no process of a predecessor is alive.
pub(crate) fn clear_directory(dir: &Path) -> Result<(), ProcessError> {
    fs::create_dir_all(dir).map_err(ProcessError::file("make", dir))?;
    delete(&dir.join(MARK_FILE))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_coordinators_archive_gets_these_settings_of_aeron() {
        let deployment = Deployment::default_local(1, 20_100);
        let properties = coordinator_properties(&deployment, &deployment.coordinator_spec());
        let properties: BTreeMap<&str, String> = properties.into_iter().collect();
        for (name, value) in [
            ("aeron.archive.control.channel", "aeron:udp?endpoint=127.0.0.1:20090"),
            ("aeron.archive.segment.file.length", "2m"),
            ("aeron.archive.record.checksum", "CRC-32C"),
            ("lugus.idle.strategy", "0-50-1000-50000-200000"),
            ("lugus.archive.readers", "true"),
        ] {
            assert_eq!(properties.get(name).map(String::as_str), Some(value), "{name}");
        }
        // The digest of a map finds what is damaged, and the coordinator says at which position.
        assert_eq!(properties.get("aeron.archive.replay.checksum"), None);
    }
}
