//! `lugus backup`: Aeron's `ClusterBackup` of a running cluster into a folder, from which members can be recovered.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lugus_media_driver::FolderLock;
use lugus_node::archived_log::MemberFiles;
use lugus_topology::{ClusterId, ClusterSpec, Endpoint, Endpoints, MemberSpec};
use serde::Serialize;

use crate::arguments;
use crate::cluster_copy::{Copied, Until, copy};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;

/// Name of the folder with the archive of a backup.
pub const ARCHIVE: &str = "archive";
/// Name of the folder with the recording log of a backup.
pub const CLUSTER: &str = "cluster";

/// The JSON document.
#[derive(Debug, Serialize)]
struct Done {
    cluster: ClusterId,
    cluster_name: String,
    /// Folder of the backup.
    dir: PathBuf,
    /// Log position up to which the backup has the log.
    position: i64,
    /// Log position of the newest snapshot in the backup.
    snapshot_position: Option<i64>,
    elapsed_ms: u64,
}

/// Copies a cluster's newest snapshots and log into a folder, or continues an earlier backup there.
///
/// # Errors
/// The folder is in use, or the copy fails.
pub fn run(found: &DeploymentFile, arguments: &arguments::Backup, output: Output) -> Result<(), Failure> {
    let begin = Instant::now();
    let cluster = found.cluster_named(&arguments.cluster)?;
    let dir = std::path::absolute(&arguments.folder).map_err(Failure::new)?;
    let lock = FolderLock::take(&dir).map_err(Failure::new)?;
    let target = target(&cluster, &dir, arguments.host.as_deref())?;
    let until = if arguments.follow { Until::Stopped } else { Until::Committed };
    let Copied { position, snapshot_position } = copy(found, &cluster, &target, &cluster.members, until, &lock)?;
    let elapsed_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let snapshot = snapshot_position.map_or_else(|| String::from("no snapshot"), |at| format!("the snapshot of {at}"));
    let text = format!(
        "{} has {snapshot} and the log of {} up to position {position}\n\
         next: `lugus audit --cluster {} --dir {}`",
        dir.display(),
        cluster.name,
        cluster.name,
        dir.display()
    );
    let (cluster, cluster_name) = (cluster.id, cluster.name.clone());
    output.answer(&Done { cluster, cluster_name, dir, position, snapshot_position, elapsed_ms }, text)
}

/// The files of a backup in `dir`, which `member` of the cluster could have.
pub fn files_in(dir: &Path, cluster: &ClusterSpec, member: &MemberSpec) -> MemberFiles {
    MemberFiles { archive_dir: dir.join(ARCHIVE), cluster_dir: dir.join(CLUSTER), ..MemberFiles::of(cluster, member) }
}

/// A member that exists only as a backup in `dir`, with free ports of this host.
fn target(cluster: &ClusterSpec, dir: &Path, host: Option<&str>) -> Result<MemberSpec, Failure> {
    let first = cluster.members.first().ok_or_else(|| Failure::new(format!("{} has no member", cluster.name)))?;
    let host = host.unwrap_or(&first.host).to_owned();
    let sockets = (0..3).map(|_| UdpSocket::bind((host.as_str(), 0))).collect::<Result<Vec<_>, _>>();
    let sockets = sockets.map_err(|error| {
        Failure::new(format!("can't listen at {host}: {error}"))
            .hint("say with --host at which address of this machine members can reach it")
    })?;
    let ports = sockets.iter().map(UdpSocket::local_addr).collect::<Result<Vec<_>, _>>().map_err(Failure::new)?;
    let [consensus, catch_up, archive] = ports.as_slice() else { return Err(Failure::new("no free ports")) };
    let endpoint = |address: &std::net::SocketAddr| Endpoint { host: host.clone(), port: address.port() };
    let endpoints = Endpoints {
        consensus: endpoint(consensus),
        catch_up: endpoint(catch_up),
        archive: endpoint(archive),
        ..first.endpoints.clone()
    };
    Ok(MemberSpec {
        host: host.clone(),
        endpoints,
        dir: dir.to_path_buf(),
        archive_dir: dir.join(ARCHIVE),
        cluster_dir: dir.join(CLUSTER),
        ..first.clone()
    })
}
