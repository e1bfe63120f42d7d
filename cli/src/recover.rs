//! `lugus recover`: the members of a cluster that has lost its files get those of a backup.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lugus_media_driver::FolderLock;
use lugus_node::archived_log::ArchivedLog;
use lugus_topology::{ClusterId, MemberId, MemberSpec};
use serde::Serialize;

use crate::arguments;
use crate::backup::{ARCHIVE, CLUSTER, files_in};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::set_aside::{delete, new_of, replace_by_new};

/// The JSON document.
#[derive(Debug, Serialize)]
struct Recovered {
    cluster: ClusterId,
    cluster_name: String,
    members: Vec<MemberId>,
    /// Log position up to which the members have the log.
    position: i64,
    /// Log position of the snapshot from which they start.
    snapshot_position: Option<i64>,
    /// Folders with what the members had before.
    set_aside: Vec<PathBuf>,
    elapsed_ms: u64,
}

/// Copies a backup into the folders of members that do not run, and sets aside what these had.
///
/// # Errors
/// A member runs, the folder holds no backup, or a folder can't be written.
pub fn run(found: &DeploymentFile, arguments: &arguments::Recover, output: Output) -> Result<(), Failure> {
    let begin = Instant::now();
    let cluster = found.cluster_named(&arguments.cluster)?;
    let wanted = |member: &&MemberSpec| arguments.member.is_none_or(|id| member.id == MemberId(i32::from(id)));
    let members: Vec<&MemberSpec> = cluster.members.iter().filter(wanted).collect();
    let first = members.first().ok_or_else(|| Failure::new(format!("{} has no such member", cluster.name)))?;
    let dir = &arguments.folder;
    let log = ArchivedLog::open(files_in(dir, &cluster, first)).map_err(|error| {
        Failure::new(format!("{} holds no backup: {error}", dir.display())).hint("`lugus backup` makes one")
    })?;
    let (position, snapshot_position) = (log.end_position(), log.newest_snapshot());
    // A backup that is still being written is no backup yet.
    let _source = FolderLock::take(dir).map_err(Failure::new)?;
    let locks = members.iter().map(|member| FolderLock::take(&member.dir)).collect::<Result<Vec<_>, _>>();
    let _locks = locks
        .map_err(|error| Failure::new(error).hint("all members that are recovered must be stopped: `lugus down`"))?;
    let mut aside = Vec::new();
    for member in &members {
        for (name, place) in [(ARCHIVE, &member.archive_dir), (CLUSTER, &member.cluster_dir)] {
            let new = new_of(place);
            delete(&new)?;
            let from = dir.join(name);
            copy_folder(&from, &new).map_err(|error| {
                Failure::new(format!("can't copy {} to {}: {error}", from.display(), new.display()))
            })?;
            aside.extend(replace_by_new(place)?);
        }
    }
    let text = format!(
        "{} members of {} have the log up to position {position}; what came after is lost\nnext: `lugus up`",
        members.len(),
        cluster.name
    );
    let recovered = Recovered {
        cluster: cluster.id,
        cluster_name: cluster.name.clone(),
        members: members.iter().map(|member| member.id).collect(),
        position,
        snapshot_position,
        set_aside: aside,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    output.answer(&recovered, text)
}

/// Copies the files of a folder; an archive's and a recording log's have none below them.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let copy = to.join(entry.file_name());
            fs::copy(entry.path(), &copy)?;
            fs::File::open(&copy)?.sync_all()?;
        }
    }
    fs::File::open(to)?.sync_all()
}
