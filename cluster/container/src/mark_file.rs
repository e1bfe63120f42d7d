//! The mark file: says that a container runs, with what settings, and holds its error log.
//!
//! Layout of Aeron 1.47 and later: the 8-byte SBE message header, the fields of `MarkFileHeader` (schema 110), zeros up
//! to [`HEADER_LENGTH`], the error log. `ClusterTool` reads it. Source: `ClusterMarkFile`, and Agrona's `MarkFile`.
//!
//! # Beside a living container
//! [`MarkFile::open`] refuses when the file belongs to a running container, that is when another process of this
//! library holds the file's lock (`flock`), or when the file was active less than [`LIVENESS_TIMEOUT_MS`] ago, as
//! Aeron's own. With one exception, so that a supervised restart need not wait: a recently active file whose process is
//! verifiably dead (no such process, or a zombie) is taken over at once. A process of another PID namespace looks dead
//! from here: don't share a cluster directory between containers of an operating system that hide their processes
//! from each other, unless all use this library, whose lock holds across them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use aeron_cluster_codecs::mark_file::{
    ReadBuf, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION, WriteBuf, cluster_component_type::ClusterComponentType,
    mark_file_header_codec as codec,
};
use aeron_cluster_codecs::{HEADER_LENGTH as MESSAGE_HEADER_LENGTH, write_header};
use memmap2::MmapMut;
use thiserror::Error;
use tracing::warn;

use crate::error_log::{self, ErrorLog, atomic_i32, atomic_i64};

/// Bytes before the error log.
pub(crate) const HEADER_LENGTH: usize = 8 * 1024;
/// How old the activity of a mark file must be for its process to count as gone, in milliseconds.
pub const LIVENESS_TIMEOUT_MS: i64 = 10_000;
/// Smallest error log, in bytes.
pub(crate) const ERROR_BUFFER_MIN_LENGTH: usize = 1024 * 1024;
/// Greatest error log, in bytes.
pub(crate) const ERROR_BUFFER_MAX_LENGTH: usize = 1024 * 1024 * 1024;

/// Version 0.3.0 of the file, as Agrona's `SemanticVersion` composes it.
const SEMANTIC_VERSION: i32 = 3 << 8;
/// Stored for the version by a container that failed to start.
const VERSION_FAILED: i32 = -1;
/// "No value" in Aeron's fields.
const NULL_VALUE: i32 = -1;
const PAGE_SIZE: usize = 4096;

const VERSION_OFFSET: usize = MESSAGE_HEADER_LENGTH;
const ACTIVITY_TIMESTAMP_OFFSET: usize = MESSAGE_HEADER_LENGTH + 8;
const MEMBER_ID_OFFSET: usize = MESSAGE_HEADER_LENGTH + 56;
/// Lengths of the six texts after the fields.
const VAR_DATA_LENGTHS: usize = 6 * 4;

/// Why a mark file cannot be had.
#[derive(Debug, Error)]
pub enum MarkFileError {
    /// A container of this service is running.
    #[error(
        "active mark file {path} (process {pid}, active {age_ms} ms ago): another container of this service runs, or \
         was killed less than {LIVENESS_TIMEOUT_MS} ms ago; stop it, or wait"
    )]
    Active {
        /// The file.
        path: PathBuf,
        /// Process that the file names.
        pid: i64,
        /// How long ago that was active, in milliseconds.
        age_ms: i64,
    },
    /// The file is another component's, or of another major version.
    #[error(
        "mark file {path} is not a service container's of version 0: component type {component}, version {version}"
    )]
    NotAContainer {
        /// The file.
        path: PathBuf,
        /// Component type that it says.
        component: i32,
        /// Semantic version that it says.
        version: i32,
    },
    /// Settings that the header has no room for.
    #[error(
        "the mark file's header has room for {HEADER_LENGTH} bytes, but directories, channel and name need {needed}"
    )]
    HeaderTooLong {
        /// Bytes needed.
        needed: usize,
    },
    /// The file system refuses.
    #[error("mark file {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Its error.
        source: io::Error,
    },
}

/// What a mark file tells of its container.
#[derive(Debug, Clone)]
pub(crate) struct MarkFileFields<'a> {
    pub(crate) cluster_id: i32,
    pub(crate) service_id: i32,
    pub(crate) archive_stream_id: i32,
    pub(crate) service_stream_id: i32,
    pub(crate) consensus_module_stream_id: i32,
    pub(crate) error_buffer_length: usize,
    pub(crate) aeron_directory: &'a str,
    pub(crate) control_channel: &'a str,
    pub(crate) service_name: &'a str,
}

/// A mark file that is this container's; released when dropped.
#[derive(Debug)]
pub(crate) struct MarkFile {
    path: PathBuf,
    map: MmapMut,
    errors: ErrorLog,
    /// Holds the lock.
    file: File,
}

impl MarkFile {
    /// Takes the mark file of `fields.service_id` in `directory`, which must exist. It is not ready yet.
    pub(crate) fn open(directory: &Path, fields: &MarkFileFields<'_>, now_ms: i64) -> Result<Self, MarkFileError> {
        let texts = [fields.aeron_directory, fields.control_channel, fields.service_name];
        let needed = MESSAGE_HEADER_LENGTH
            + usize::from(codec::SBE_BLOCK_LENGTH)
            + VAR_DATA_LENGTHS
            + texts.iter().map(|text| text.len()).sum::<usize>();
        if needed > HEADER_LENGTH {
            return Err(MarkFileError::HeaderTooLong { needed });
        }

        let path = directory.join(file_name(fields.service_id));
        let failed = |source| MarkFileError::Io { path: path.clone(), source };
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let existing = fs::read(&path).map_err(failed)?;
        let previous = Previous::read(&existing);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(previous.active(&path, now_ms)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        previous.check(&path, now_ms)?;
        for (text, count) in previous.errors(&existing) {
            warn!(mark_file = %path.display(), count, "error left by the previous container: {text}");
        }

        let length = (HEADER_LENGTH + fields.error_buffer_length).next_multiple_of(PAGE_SIZE);
        file.set_len(length as u64).and_then(|()| reserve(&file, length)).map_err(failed)?;
        // SAFETY: the file is locked, its length is set, and nobody shortens it while its container lives; others only
        // read it, by the same protocol of atomic fields.
        let mut map = unsafe { MmapMut::map_mut(&file) }.map_err(failed)?;
        map.fill(0);
        write_fields(&mut map, fields, now_ms);
        let errors = ErrorLog::new(HEADER_LENGTH..HEADER_LENGTH + fields.error_buffer_length);
        Ok(Self { path, map, errors, file })
    }

    /// Says that the container has its settings and is about to run.
    pub(crate) fn signal_ready(&mut self, now_ms: i64) {
        self.signal(SEMANTIC_VERSION, now_ms);
    }

    /// Says that the container failed to start.
    pub(crate) fn signal_failed_start(&mut self) {
        self.signal(VERSION_FAILED, i64::from(NULL_VALUE));
    }

    /// Says that the container is alive.
    pub(crate) fn update_activity(&mut self, now_ms: i64) {
        atomic_i64(&mut self.map, ACTIVITY_TIMESTAMP_OFFSET).store(now_ms, Ordering::Release);
    }

    /// Says which member this is.
    pub(crate) fn set_member_id(&mut self, member_id: i32) {
        atomic_i32(&mut self.map, MEMBER_ID_OFFSET).store(member_id, Ordering::Release);
    }

    /// Adds an observation of an error to the log; when that is full, new errors are not kept.
    pub(crate) fn record_error(&mut self, text: &str, now_ms: i64) {
        if !self.errors.record(&mut self.map, text, now_ms) {
            warn!(mark_file = %self.path.display(), "the error log is full");
        }
    }

    fn signal(&mut self, version: i32, activity_ms: i64) {
        self.update_activity(activity_ms);
        atomic_i32(&mut self.map, VERSION_OFFSET).store(version, Ordering::Release);
        self.flush();
    }

    fn flush(&self) {
        if let Err(error) = self.map.flush() {
            warn!(mark_file = %self.path.display(), "cannot be flushed: {error}");
        }
    }
}

impl Drop for MarkFile {
    fn drop(&mut self) {
        self.update_activity(i64::from(NULL_VALUE));
        self.flush();
        // Closing the file is not enough: a child process that is just being made has it, too, until it runs its program.
        if let Err(error) = self.file.unlock() {
            warn!(mark_file = %self.path.display(), %error, "not unlocked");
        }
    }
}

/// Name of the mark file of a service.
pub(crate) fn file_name(service_id: i32) -> String {
    format!("cluster-mark-service-{service_id}.dat")
}

/// Makes the mark file be found from the cluster directory when it lies elsewhere: a link file holds its directory.
/// Both directories must be canonical. Source: Agrona's `MarkFile.ensureMarkFileLink`.
pub(crate) fn write_link(cluster_dir: &Path, mark_file_dir: &Path, service_id: i32) -> Result<(), MarkFileError> {
    let link = cluster_dir.join(format!("cluster-mark-service-{service_id}.lnk"));
    let result = if cluster_dir == mark_file_dir {
        match fs::remove_file(&link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    } else {
        fs::write(&link, mark_file_dir.as_os_str().as_encoded_bytes())
    };
    result.map_err(|source| MarkFileError::Io { path: link, source })
}

/// What the file held before.
#[derive(Debug, Default)]
struct Previous {
    exists: bool,
    version: i32,
    component: i32,
    activity_ms: i64,
    pid: i64,
    errors: (usize, usize),
}

impl Previous {
    fn read(file: &[u8]) -> Self {
        let block_length = codec::SBE_BLOCK_LENGTH;
        let header =
            |at: usize| file.get(at..at + 2).and_then(|b| b.first_chunk::<2>()).map(|b| u16::from_le_bytes(*b));
        let is_current = header(2) == Some(codec::SBE_TEMPLATE_ID) && header(4) == Some(SBE_SCHEMA_ID);
        // before 1.47 the fields were at the start of the file
        let offset = if is_current { MESSAGE_HEADER_LENGTH } else { 0 };
        if file.len() < offset + usize::from(block_length) {
            return Self::default();
        }
        let decoder =
            codec::MarkFileHeaderDecoder::default().wrap(ReadBuf::new(file), offset, block_length, SBE_SCHEMA_VERSION);
        Self {
            exists: true,
            version: decoder.version(),
            component: decoder.component_type() as i32,
            activity_ms: decoder.activity_timestamp(),
            pid: decoder.pid(),
            errors: (decoder.header_length() as usize, decoder.error_buffer_length() as usize),
        }
    }

    fn check(&self, path: &Path, now_ms: i64) -> Result<(), MarkFileError> {
        let known = [ClusterComponentType::UNKNOWN as i32, ClusterComponentType::CONTAINER as i32];
        let major = self.version >> 16;
        if self.exists && (!known.contains(&self.component) || (major != 0 && self.version != VERSION_FAILED)) {
            let (component, version) = (self.component, self.version);
            return Err(MarkFileError::NotAContainer { path: path.to_owned(), component, version });
        }
        if self.activity_ms > 0 && now_ms - self.activity_ms < LIVENESS_TIMEOUT_MS {
            if !is_dead(self.pid) {
                return Err(self.active(path, now_ms));
            }
            warn!(mark_file = %path.display(), pid = self.pid, "taken over from a dead process");
        }
        Ok(())
    }

    fn active(&self, path: &Path, now_ms: i64) -> MarkFileError {
        MarkFileError::Active { path: path.to_owned(), pid: self.pid, age_ms: now_ms - self.activity_ms }
    }

    fn errors(&self, file: &[u8]) -> Vec<(String, i32)> {
        let (start, length) = self.errors;
        file.get(start..start.saturating_add(length)).map(error_log::read).unwrap_or_default()
    }
}

/// Whether there is verifiably no such process: it does not exist, or is a zombie that nobody has waited for yet. Our own
/// pid in a file that we could lock is that of a process before us, as when each is the first of its PID namespace.
fn is_dead(pid: i64) -> bool {
    if pid <= 0 {
        return false;
    }
    if pid == i64::from(std::process::id()) {
        return true;
    }
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // the state follows the name, which is in brackets and may hold any character
        Ok(stat) => stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])),
        Err(error) => error.kind() == io::ErrorKind::NotFound && Path::new("/proc/self/stat").exists(),
    }
}

/// Reserves the space on the file system, so that a full one is an error here and not a fault at a later write.
fn reserve(file: &File, length: usize) -> io::Result<()> {
    let length = libc::off_t::try_from(length).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open for as long as `file`; the call touches no memory of ours.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

fn write_fields(map: &mut MmapMut, fields: &MarkFileFields<'_>, now_ms: i64) {
    write_header(map, codec::SBE_BLOCK_LENGTH, codec::SBE_TEMPLATE_ID, SBE_SCHEMA_ID, SBE_SCHEMA_VERSION);
    let mut encoder = codec::MarkFileHeaderEncoder::default().wrap(WriteBuf::new(map), MESSAGE_HEADER_LENGTH);
    encoder
        .component_type(ClusterComponentType::CONTAINER)
        .start_timestamp(now_ms)
        .pid(i64::from(std::process::id()))
        .candidate_term_id(i64::from(NULL_VALUE))
        .archive_stream_id(fields.archive_stream_id)
        .service_stream_id(fields.service_stream_id)
        .consensus_module_stream_id(fields.consensus_module_stream_id)
        .ingress_stream_id(NULL_VALUE)
        .member_id(NULL_VALUE)
        .service_id(fields.service_id)
        .header_length(HEADER_LENGTH as i32)
        .error_buffer_length(fields.error_buffer_length as i32)
        .cluster_id(fields.cluster_id)
        .aeron_directory(fields.aeron_directory.as_bytes())
        .control_channel(fields.control_channel.as_bytes())
        .ingress_channel(b"")
        .service_name(fields.service_name.as_bytes())
        .authenticator(b"")
        .services_cluster_dir(b"");
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn fields() -> MarkFileFields<'static> {
        MarkFileFields {
            cluster_id: 3,
            service_id: 1,
            archive_stream_id: 10,
            service_stream_id: 104,
            consensus_module_stream_id: 105,
            error_buffer_length: ERROR_BUFFER_MIN_LENGTH,
            aeron_directory: "/dev/shm/x",
            control_channel: "aeron:ipc",
            service_name: "echo",
        }
    }

    fn bytes(directory: &Path) -> Vec<u8> {
        fs::read(directory.join("cluster-mark-service-1.dat")).unwrap()
    }

    fn i32_at(bytes: &[u8], at: usize) -> i32 {
        i32::from_le_bytes(*bytes[at..].first_chunk().unwrap())
    }

    fn i64_at(bytes: &[u8], at: usize) -> i64 {
        i64::from_le_bytes(*bytes[at..].first_chunk().unwrap())
    }

    /// A process that has ended and has been waited for.
    fn dead_pid() -> i64 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        i64::from(child.id())
    }

    fn write_pid(directory: &Path, pid: i64) {
        let mut file = bytes(directory);
        file[32..40].copy_from_slice(&pid.to_le_bytes());
        fs::write(directory.join("cluster-mark-service-1.dat"), file).unwrap();
    }

    /// Leaves a file as a killed process would: active, not released, not locked.
    fn leave_active(directory: &Path, pid: i64) {
        let mut mark_file = MarkFile::open(directory, &fields(), NOW).unwrap();
        mark_file.signal_ready(NOW);
        drop(mark_file);
        let mut file = bytes(directory);
        file[16..24].copy_from_slice(&NOW.to_le_bytes());
        fs::write(directory.join("cluster-mark-service-1.dat"), file).unwrap();
        write_pid(directory, pid);
    }

    #[test]
    fn the_layout_is_aerons() {
        let directory = tempfile::tempdir().unwrap();
        let mut mark_file = MarkFile::open(directory.path(), &fields(), NOW).unwrap();
        assert_eq!(i32_at(&bytes(directory.path()), 8), 0, "not ready");
        mark_file.signal_ready(NOW + 1);
        mark_file.set_member_id(2);
        mark_file.record_error("it broke", NOW + 2);
        let file = bytes(directory.path());

        assert_eq!(file.len(), HEADER_LENGTH + ERROR_BUFFER_MIN_LENGTH);
        assert_eq!(file[..8], [128, 0, 200, 0, 110, 0, 2, 0], "block length, template, schema, version");
        let pid = i64::from(std::process::id());
        assert_eq!(i32_at(&file, 8), 768, "version 0.3.0");
        assert_eq!(i32_at(&file, 12), 2, "component type");
        assert_eq!([16, 24, 32, 40].map(|at| i64_at(&file, at)), [NOW + 1, NOW, pid, -1]);
        let integers = [48, 52, 56, 60, 64, 68, 72, 76, 80].map(|at| i32_at(&file, at));
        assert_eq!(integers, [10, 104, 105, -1, 2, 1, 8192, 1_048_576, 3]);
        let texts = b"\x0a\0\0\0/dev/shm/x\x09\0\0\0aeron:ipc\0\0\0\0\x04\0\0\0echo\0\0\0\0\0\0\0\0";
        assert_eq!(&file[136..136 + texts.len()], texts);
        assert_eq!(error_log::read(&file[HEADER_LENGTH..]), [("it broke".to_owned(), 1)]);
    }

    #[test]
    fn it_is_released_at_the_end_and_can_be_taken_again() {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut mark_file = MarkFile::open(directory.path(), &fields(), NOW).unwrap();
            mark_file.signal_ready(NOW);
            mark_file.record_error("once", NOW);
            drop(mark_file);
            let file = bytes(directory.path());
            assert_eq!(i64_at(&file, 16), -1);
            assert_eq!(error_log::read(&file[HEADER_LENGTH..]), [("once".to_owned(), 1)], "earlier errors are gone");
        }
    }

    /// As a child process has it between its making and its program.
    #[test]
    fn another_handle_of_the_file_does_not_keep_it_locked() {
        let directory = tempfile::tempdir().unwrap();
        let mark_file = MarkFile::open(directory.path(), &fields(), NOW).unwrap();
        let inherited = mark_file.file.try_clone().unwrap();
        drop(mark_file);
        MarkFile::open(directory.path(), &fields(), NOW).unwrap();
        drop(inherited);
    }

    #[test]
    fn a_living_container_is_not_disturbed() {
        let directory = tempfile::tempdir().unwrap();
        let mut mark_file = MarkFile::open(directory.path(), &fields(), NOW).unwrap();
        mark_file.signal_ready(NOW);
        let late = NOW + 2 * LIVENESS_TIMEOUT_MS;
        assert!(matches!(MarkFile::open(directory.path(), &fields(), late), Err(MarkFileError::Active { .. })));
        drop(mark_file);

        // as left by a container that takes no lock, such as Java's
        let parent = i64::from(std::os::unix::process::parent_id());
        leave_active(directory.path(), parent);
        let soon = NOW + LIVENESS_TIMEOUT_MS - 1;
        match MarkFile::open(directory.path(), &fields(), soon) {
            Err(MarkFileError::Active { pid, age_ms, .. }) => assert_eq!((pid, age_ms), (parent, 9_999)),
            other => panic!("{other:?}"),
        }
        assert!(MarkFile::open(directory.path(), &fields(), NOW + LIVENESS_TIMEOUT_MS).is_ok());
    }

    #[test]
    fn a_dead_containers_file_is_taken_over_at_once() {
        let directory = tempfile::tempdir().unwrap();
        leave_active(directory.path(), dead_pid());
        assert!(MarkFile::open(directory.path(), &fields(), NOW + 1).is_ok());

        let mut zombie = std::process::Command::new("true").spawn().unwrap();
        let pid = i64::from(zombie.id());
        let stat = format!("/proc/{pid}/stat");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
            assert!(std::time::Instant::now() < deadline, "the child does not end");
            std::thread::yield_now();
        }
        leave_active(directory.path(), pid);
        assert!(MarkFile::open(directory.path(), &fields(), NOW + 1).is_ok());
        zombie.wait().unwrap();
    }

    #[test]
    fn another_components_file_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        leave_active(directory.path(), dead_pid());
        let mut file = bytes(directory.path());
        file[12] = 1;
        fs::write(directory.path().join("cluster-mark-service-1.dat"), &file).unwrap();
        let result = MarkFile::open(directory.path(), &fields(), NOW + 2 * LIVENESS_TIMEOUT_MS);
        assert!(matches!(result, Err(MarkFileError::NotAContainer { component: 1, .. })), "{result:?}");
        assert_eq!(bytes(directory.path()), file);
    }

    #[test]
    fn a_file_of_the_old_layout_or_of_garbage_is_understood() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cluster-mark-service-1.dat");
        let mut old = vec![0; HEADER_LENGTH];
        old[0..4].copy_from_slice(&768_i32.to_le_bytes());
        old[4] = 2;
        old[8..16].copy_from_slice(&NOW.to_le_bytes());
        old[24..32].copy_from_slice(&i64::from(std::os::unix::process::parent_id()).to_le_bytes());
        fs::write(&path, &old).unwrap();
        assert!(matches!(MarkFile::open(directory.path(), &fields(), NOW + 1), Err(MarkFileError::Active { .. })));
        fs::write(&path, b"short").unwrap();
        assert!(MarkFile::open(directory.path(), &fields(), NOW + 1).is_ok());
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let long = "x".repeat(HEADER_LENGTH);
        let fields = MarkFileFields { aeron_directory: &long, ..fields() };
        assert!(matches!(
            MarkFile::open(directory.path(), &fields, NOW),
            Err(MarkFileError::HeaderTooLong { needed: 8_365 })
        ));
    }

    #[test]
    fn a_link_says_where_a_file_elsewhere_is() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().join("marks");
        let link = directory.path().join("cluster-mark-service-1.lnk");
        write_link(directory.path(), &elsewhere, 1).unwrap();
        assert_eq!(fs::read(&link).unwrap(), elsewhere.as_os_str().as_encoded_bytes());
        write_link(directory.path(), directory.path(), 1).unwrap();
        assert!(!link.exists());
    }
}
