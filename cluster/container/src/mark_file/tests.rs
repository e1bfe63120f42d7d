//! The layout of the file, and who may take it.

use std::fs;
use std::path::Path;

use super::*;
use crate::error_log;

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
