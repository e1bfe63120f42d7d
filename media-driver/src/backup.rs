//! Copies a running cluster's newest snapshots and log: Aeron's `ClusterBackup` in a JVM, with an archive of its own.

use std::path::PathBuf;

use lugus_topology::{ClusterSpec, Deployment, MemberSpec, aeron_duration};

use crate::archive::{ArchivePlace, archive_properties};
use crate::consensus_module::{clear_directories, shared_properties};
use crate::file_system::{delete, text};
use crate::java::{self, Property};
use crate::members_key::{members_key_property, write_members_key, write_secret};
use crate::{ChildProcess, ClientDriver, FolderLock, Launch, ProcessError};

const MAIN: &str = "io.lugus.BackupProcess";
const LOG: &str = "backup.log";

/// Name of the file with the operator's key, which is deleted when the backup ends.
const KEY_FILE: &str = "operator-key";

/// A backup under way. It is killed when this is dropped.
#[derive(Debug)]
pub struct Backup {
    // Dropped in this order: the process before its media driver.
    process: ChildProcess,
    driver: ClientDriver,
    key: KeyFile,
}

/// The operator's key as a file; without a path there is none.
#[derive(Debug)]
struct KeyFile(Option<PathBuf>);

impl Drop for KeyFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = delete(path);
        }
    }
}

impl Backup {
    /// Starts to copy from `sources`, members of `cluster`, into the directories of `target`, which is a member that does not
    /// run, or one that exists only as a backup: its endpoints are free ports of this host. What the directories have of an
    /// earlier backup is continued. The caller holds the lock of the target's folder.
    ///
    /// The backup ends by itself when it has the log up to the position `until`; without one it follows the cluster.
    ///
    /// # Errors
    ///
    /// A program is missing, a directory can't be written, or the deployment has keys but none of the operator.
    pub fn start(
        cluster: &ClusterSpec,
        target: &MemberSpec,
        sources: &[MemberSpec],
        until: Option<i64>,
        lock: &FolderLock,
    ) -> Result<Self, ProcessError> {
        let deployment = cluster.deployment();
        let driver = ClientDriver::start(deployment)?;
        let target = MemberSpec { aeron_dir: driver.aeron_dir().to_path_buf(), ..target.clone() };
        clear_directories(&target)?;
        let key = KeyFile::write(deployment, &target)?;
        write_members_key(deployment, &target.dir)?;
        let mut properties = properties(cluster, &target, sources);
        properties.extend(members_key_property(deployment, &target.dir));
        properties.extend(until.map(|position| ("lugus.backup.position", position.to_string())));
        properties.extend(key.0.as_deref().map(|path| ("lugus.operator.key", text(path))));
        let process = ChildProcess::start(Launch {
            name: "backup",
            program: deployment.java.binary.clone(),
            arguments: java::arguments(deployment, properties, MAIN)?,
            log: target.dir.join(LOG),
            log_limit: deployment.log,
            lock: Some(lock),
            cores: &[],
        })?;
        Ok(Self { process, driver, key })
    }

    /// Whether the backup has reached its position and has ended. Does not block.
    ///
    /// # Errors
    ///
    /// The backup, or its media driver, has ended otherwise.
    pub fn is_complete(&mut self) -> Result<bool, ProcessError> {
        if self.process.has_succeeded()? {
            return Ok(true);
        }
        self.driver.check().map(|()| false)
    }

    /// Ends the backup in order, so that it can be used and continued.
    pub fn stop(self, deployment: &Deployment) {
        self.process.stop(deployment.timeouts.stop_timeout);
        drop(self.key);
    }
}

impl KeyFile {
    fn write(deployment: &Deployment, target: &MemberSpec) -> Result<Self, ProcessError> {
        let Some(key) = deployment.operator_key()? else { return Ok(Self(None)) };
        let path = target.dir.join(KEY_FILE);
        let file = Self(Some(path.clone()));
        write_secret(&path, &key.to_hex())?;
        Ok(file)
    }
}

fn properties(cluster: &ClusterSpec, target: &MemberSpec, sources: &[MemberSpec]) -> Vec<Property> {
    let deployment = cluster.deployment();
    let timeouts = &deployment.timeouts;
    let endpoints: Vec<String> = sources.iter().map(|member| member.endpoints.consensus.to_string()).collect();
    let mut properties = shared_properties(cluster, target);
    properties.extend(archive_properties(
        deployment,
        ArchivePlace {
            dir: &target.archive_dir,
            control_channel: target.archive_control_channel(),
            replication_channel: target.replication_channel(),
            segment_length: deployment.archive.segment_length,
        },
    ));
    properties.extend([
        ("aeron.archive.control.response.channel", target.replication_channel()),
        ("aeron.cluster.consensus.channel", target.consensus_channel()),
        ("aeron.cluster.consensus.stream.id", deployment.streams.consensus.to_string()),
        ("aeron.cluster.consensus.endpoints", endpoints.join(",")),
        ("aeron.cluster.log.stream.id", deployment.streams.log.to_string()),
        ("aeron.cluster.backup.catchup.channel", cluster.backup_channel()),
        ("aeron.cluster.backup.catchup.endpoint", target.endpoints.catch_up.to_string()),
        // A cluster without a leader is asked again when it may have one.
        ("aeron.cluster.backup.cool.down.interval", aeron_duration(timeouts.startup_canvass_timeout)),
        // How often a backup that follows the cluster asks for newer snapshots.
        ("aeron.cluster.backup.interval", aeron_duration(timeouts.start_timeout)),
        ("lugus.backup.timeout", aeron_duration(timeouts.start_timeout * 2)),
    ]);
    properties
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lugus_topology::ClusterId;

    use super::*;

    #[test]
    fn a_backup_asks_the_sources_and_listens_at_the_targets_ports() {
        let deployment = Deployment::default_local(3, 20_100);
        let cluster = deployment.cluster(ClusterId(0)).expect("cluster 0");
        let list = properties(&cluster, &cluster.members[2], &cluster.members[..2]);
        let count = list.len();
        let properties: BTreeMap<_, _> = list.into_iter().collect();
        assert_eq!(properties.len(), count, "each is there once");
        let consensus = |i: usize| cluster.members[i].endpoints.consensus.to_string();
        for (name, value) in [
            ("aeron.cluster.consensus.endpoints", [consensus(0), consensus(1)].join(",")),
            ("aeron.cluster.consensus.channel", format!("aeron:udp?endpoint={}", consensus(2))),
            ("aeron.cluster.backup.catchup.endpoint", cluster.members[2].endpoints.catch_up.to_string()),
            ("aeron.archive.record.checksum", String::from("CRC-32C")),
            ("aeron.cluster.log.stream.id", deployment.streams.log.to_string()),
        ] {
            assert_eq!(properties.get(name), Some(&value), "{name}");
        }
    }
}
