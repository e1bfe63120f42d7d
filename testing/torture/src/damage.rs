//! Damages what a member that is down has recorded: bytes are changed, files are cut off, folders are gone.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aeron_archive_files::{ArchiveFileError, CONSENSUS_MODULE, FrameReader, Recording, RecordingLog};
use lugus_node::member::SERVICE_ID;
use lugus_simulator::Random;
use lugus_topology::MemberSpec;
use thiserror::Error;

use crate::fault::FaultKind;

/// Longest run of bytes that are changed.
const LONGEST_BEND: u64 = 64;

/// Length of an entry of the catalog, as the archive writes it by default, in bytes.
const CATALOG_ENTRY: u64 = 1_024;

/// Why nothing was damaged.
#[derive(Debug, Error)]
pub(crate) enum DamageError {
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// The archive's files can't be read, as they are damaged already.
    #[error(transparent)]
    Archive(#[from] ArchiveFileError),
    /// There is no such thing yet.
    #[error("there is no {0}")]
    Missing(&'static str),
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> DamageError + '_ {
    move |source| DamageError::File { path: path.to_path_buf(), source }
}

/// Damages what a member that is down has recorded, as the fault says; returns what was done, for people.
///
/// # Errors
/// There is nothing to damage.
pub(crate) fn damage(member: &MemberSpec, kind: FaultKind, choice: u64) -> Result<String, DamageError> {
    let random = &mut Random::new(choice, 1);
    match kind {
        FaultKind::DeleteState => delete(member),
        FaultKind::BendLog => {
            let (path, offset) = place_in_log(member, random)?;
            bend_at(&path, offset, random)
        }
        FaultKind::TruncateLog => {
            let (path, offset) = place_in_log(member, random)?;
            cut(&path, offset)
        }
        FaultKind::BendSnapshot => {
            let (path, length) = newest_snapshot(member, random)?;
            bend_at(&path, random.below(length), random)
        }
        FaultKind::BendCatalog => {
            let path = member.archive_dir.join("archive.catalog");
            let entries = RecordingLog::read(&member.cluster_dir).map_or(1, |log| 1 + log.snapshots.len() as u64);
            bend_or_cut(&path, (entries + 1) * CATALOG_ENTRY, random)
        }
        FaultKind::BendMarkFile => {
            let all = mark_files(member);
            let path = pick(&all, random).ok_or(DamageError::Missing("mark file"))?;
            if random.below(3) == 0 {
                fs::remove_file(path).map_err(file(path))?;
                return Ok(format!("{} is gone", path.display()));
            }
            bend_or_cut(path, u64::MAX, random)
        }
        FaultKind::BendRecordingLog => bend_or_cut(&member.cluster_dir.join("recording.log"), u64::MAX, random),
        _ => Err(DamageError::Missing("such damage")),
    }
}

fn delete(member: &MemberSpec) -> Result<String, DamageError> {
    for dir in [&member.archive_dir, &member.cluster_dir] {
        fs::remove_dir_all(dir).map_err(file(dir))?;
    }
    Ok(format!("{} and {} are gone", member.archive_dir.display(), member.cluster_dir.display()))
}

/// A place in what a member applies when it starts: after its newest snapshot, if anything is there.
fn place_in_log(member: &MemberSpec, random: &mut Random) -> Result<(PathBuf, u64), DamageError> {
    let log = RecordingLog::read(&member.cluster_dir)?;
    let recording = Recording::find(&member.archive_dir, log.log_recording_id().ok_or(DamageError::Missing("log"))?)?;
    let end = FrameReader::end_position(&recording);
    let snapshot = log.snapshots_of(SERVICE_ID).next_back().map_or(0, |snapshot| snapshot.log_position);
    let begin = snapshot.clamp(recording.start_position, end);
    let begin = if begin == end { recording.start_position } else { begin };
    let length = u64::try_from(end - begin).ok().filter(|length| *length > 0).ok_or(DamageError::Missing("log"))?;
    let position = begin + random.below(length).cast_signed();
    let base = recording.segment_base(position);
    Ok((recording.segment_path(base), (position - base).unsigned_abs()))
}

/// File and length of the newest snapshot of the service or of the consensus module.
fn newest_snapshot(member: &MemberSpec, random: &mut Random) -> Result<(PathBuf, u64), DamageError> {
    let log = RecordingLog::read(&member.cluster_dir)?;
    let of = random.one_of(&[SERVICE_ID, CONSENSUS_MODULE]);
    let snapshot = log.snapshots_of(of).next_back().ok_or(DamageError::Missing("snapshot"))?;
    let recording = Recording::find(&member.archive_dir, snapshot.recording_id)?;
    let length = FrameReader::end_position(&recording) - recording.start_position;
    Ok((recording.segment_path(recording.segment_base(recording.start_position)), length.unsigned_abs().max(1)))
}

fn mark_files(member: &MemberSpec) -> Vec<PathBuf> {
    let dirs = [&member.archive_dir, &member.cluster_dir];
    let files = dirs.into_iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten().map(|entry| entry.path());
    let is_mark = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains("mark"));
    let mut all: Vec<PathBuf> = files.filter(is_mark).collect();
    all.sort();
    all
}

fn pick<'a, T>(all: &'a [T], random: &mut Random) -> Option<&'a T> {
    all.get(random.below(all.len() as u64) as usize)
}

/// Changes bytes among the first ones of a file, or cuts the file off there.
fn bend_or_cut(path: &Path, first: u64, random: &mut Random) -> Result<String, DamageError> {
    let length = fs::metadata(path).map_err(file(path))?.len().min(first);
    let offset = random.below(length);
    if random.below(3) == 0 { cut(path, offset) } else { bend_at(path, offset, random) }
}

fn cut(path: &Path, length: u64) -> Result<String, DamageError> {
    let opened = File::options().write(true).open(path).map_err(file(path))?;
    opened.set_len(length).map_err(file(path))?;
    Ok(format!("{} ends at byte {length}", path.display()))
}

fn bend_at(path: &Path, offset: u64, random: &mut Random) -> Result<String, DamageError> {
    let opened = File::options().read(true).write(true).open(path).map_err(file(path))?;
    let mut bytes = vec![0; random.between(1, LONGEST_BEND) as usize];
    let length = opened.read_at(&mut bytes, offset).map_err(file(path))?;
    let mask = random.between(1, 255) as u8;
    bytes[..length].iter_mut().for_each(|byte| *byte ^= mask);
    opened.write_all_at(&bytes[..length], offset).map_err(file(path))?;
    Ok(format!("{length} bytes of {} from {offset} on are changed by {mask:#04x}", path.display()))
}

#[cfg(test)]
mod tests {
    use lugus_topology::{ClusterId, Deployment};

    use super::*;

    fn member(folder: &Path) -> MemberSpec {
        let mut deployment = Deployment::default_local(1, 20_100);
        deployment.dir = folder.to_path_buf();
        let member = deployment.cluster(ClusterId(0)).unwrap().members[0].clone();
        fs::create_dir_all(&member.archive_dir).unwrap();
        fs::create_dir_all(&member.cluster_dir).unwrap();
        member
    }

    #[test]
    fn the_same_choice_bends_the_same_bytes_and_changes_at_least_one() {
        let folder = tempfile::tempdir().unwrap();
        let member = member(folder.path());
        let path = member.cluster_dir.join("recording.log");
        for choice in 0..50 {
            let after = [(); 2].map(|()| {
                fs::write(&path, [7; 640]).unwrap();
                damage(&member, FaultKind::BendRecordingLog, choice).unwrap();
                fs::read(&path).unwrap()
            });
            assert_eq!(after[0], after[1]);
            assert_ne!(after[0], [7; 640]);
        }
    }

    #[test]
    fn what_is_not_there_is_not_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let member = member(folder.path());
        for kind in [FaultKind::BendLog, FaultKind::BendSnapshot, FaultKind::BendMarkFile, FaultKind::BendCatalog] {
            assert!(damage(&member, kind, 1).is_err(), "{kind:?}");
        }
        assert!(damage(&member, FaultKind::DeleteState, 1).is_ok());
        assert!(!member.archive_dir.exists() && !member.cluster_dir.exists());
    }
}
