//! Files as an archive writes them are read frame by frame, and what is bent in them is found.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;

use aeron_archive_files::testing::{
    CHANNEL, End, SOURCE_IDENTITY, START_TIMESTAMP, STOP_TIMESTAMP, TERM_LENGTH, WrittenRecording, segment_path,
    write_archive, write_recording_log,
};
use aeron_archive_files::{
    ArchiveFileError, CONSENSUS_MODULE, DescribedRecording, Fault, FrameChecksum, FrameReader, Recording, RecordingLog,
    SegmentFiles, Snapshot, Term,
};

const ID: i64 = 3;

/// Three segments of messages, each with its number.
fn recording() -> WrittenRecording {
    let mut recording = WrittenRecording::new(ID);
    for i in 0_u32..2_000 {
        recording.append(&[i.to_le_bytes().as_slice(), &[7; 40]].concat());
    }
    assert!(recording.position() as usize > 2 * TERM_LENGTH);
    recording
}

fn reader(dir: &Path, position: i64) -> FrameReader {
    FrameReader::new(Recording::find(dir, ID).unwrap(), position, FrameChecksum::Crc32c)
}

/// Numbers of the messages that are read, and the error or the position at the end.
fn read(dir: &Path) -> (Vec<u32>, Result<i64, ArchiveFileError>) {
    let mut reader = reader(dir, 0);
    let mut numbers = Vec::new();
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => numbers.push(u32::from_le_bytes(*frame.payload.first_chunk().unwrap())),
            Ok(None) => return (numbers, Ok(reader.position())),
            Err(error) => return (numbers, Err(error)),
        }
    }
}

fn bend(path: &Path, offset: usize, f: impl FnOnce(&mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    f(&mut bytes[offset..]);
    fs::write(path, bytes).unwrap();
}

#[test]
fn all_frames_are_read_whether_the_end_is_known_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let (other, recording) = (WrittenRecording::new(1), recording());
    for end in [End::Ordered, End::Killed] {
        write_archive(dir.path(), &[&other, &recording], end).unwrap();
        let (numbers, result) = read(dir.path());
        assert!(numbers.into_iter().eq(0..2_000), "{end:?}");
        assert_eq!(result.unwrap(), recording.position(), "{end:?}");
    }
    let mut reader = reader(dir.path(), 96);
    assert_eq!(reader.next_frame().unwrap().unwrap().payload[0], 1);
    assert!(matches!(Recording::find(dir.path(), 9), Err(ArchiveFileError::NoRecording { id: 9, .. })));
}

#[test]
fn all_recordings_are_listed_with_their_sources() {
    for (end, stop) in [(End::Ordered, Some(STOP_TIMESTAMP)), (End::Killed, None)] {
        let dir = tempfile::tempdir().unwrap();
        let mut purged = WrittenRecording::new(1);
        purged.append(&[1; 100]);
        let recording = recording();
        write_archive(dir.path(), &[&purged, &recording], end).unwrap();
        let all = DescribedRecording::all(dir.path()).unwrap();
        assert_eq!(all.iter().map(|one| one.recording.id).collect::<Vec<_>>(), [1, ID]);
        let described = &all[1];
        assert_eq!((described.channel.as_str(), described.source_identity.as_str()), (CHANNEL, SOURCE_IDENTITY));
        assert_eq!((described.start_timestamp, described.stop_timestamp), (START_TIMESTAMP, stop));
        assert_eq!(described.recording, Recording::find(dir.path(), ID).unwrap());
        let files = SegmentFiles { count: 3, bytes: 3 * TERM_LENGTH as u64 };
        assert_eq!(described.recording.segment_files(), files);
        assert_eq!(FrameReader::end_position(&described.recording), recording.position(), "{end:?}");
        assert_eq!(FrameReader::end_position(&all[0].recording), purged.position(), "{end:?}");
    }
}

#[test]
fn a_frame_that_is_put_back_is_the_next_one_again() {
    let dir = tempfile::tempdir().unwrap();
    write_archive(dir.path(), &[&recording()], End::Killed).unwrap();
    let mut reader = reader(dir.path(), 0);
    let number = |reader: &mut FrameReader| {
        u32::from_le_bytes(*reader.next_frame().unwrap().unwrap().payload.first_chunk().unwrap())
    };
    for _ in 0..1_500 {
        number(&mut reader);
    }
    assert_eq!(number(&mut reader), 1_500);
    let after = reader.position();
    reader.put_back();
    assert_eq!(reader.next_frame().unwrap().unwrap().payload[..4], 1_500_u32.to_le_bytes());
    assert_eq!(reader.position(), after);
}

#[test]
fn a_purged_recording_begins_at_its_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut recording = recording();
    recording.purge(TERM_LENGTH as i64 + 1);
    write_archive(dir.path(), &[&recording], End::Ordered).unwrap();
    assert!(!segment_path(dir.path(), ID, 0).exists());
    let (numbers, _) = read(dir.path());
    assert!(numbers[0] > 600 && numbers.last() == Some(&1_999), "{:?}", numbers.first());
}

#[test]
fn each_damage_is_found_where_it_is() {
    type Bend = fn(&mut [u8]);
    let cases: [(Bend, Fault); 5] = [
        (|frame| frame[50] ^= 1, Fault::Checksum),
        (|frame| frame[0] = 0, Fault::Length(0)),
        (|frame| frame[8] ^= 32, Fault::Header),
        (|frame| frame[6] = 9, Fault::Type(9)),
        // The length then covers two frames.
        (|frame| frame[0] = 160, Fault::Checksum),
    ];
    for end in [End::Ordered, End::Killed] {
        for (bend_frame, fault) in cases {
            let dir = tempfile::tempdir().unwrap();
            write_archive(dir.path(), &[&recording()], end).unwrap();
            bend(&segment_path(dir.path(), ID, 1), 96 * 5, bend_frame);
            let (_, result) = read(dir.path());
            let Err(ArchiveFileError::Damage(damage)) = result else { panic!("{fault:?} {end:?}: {result:?}") };
            assert_eq!((damage.fault, damage.position), (fault, TERM_LENGTH as i64 + 96 * 5), "{end:?}");
        }
    }
}

#[test]
fn a_missing_or_short_segment_is_damage() {
    for segment in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        write_archive(dir.path(), &[&recording()], End::Ordered).unwrap();
        fs::remove_file(segment_path(dir.path(), ID, segment)).unwrap();
        let (_, result) = read(dir.path());
        assert!(
            matches!(&result, Err(ArchiveFileError::Damage(damage)) if damage.fault == Fault::NoFile),
            "{result:?}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    write_archive(dir.path(), &[&recording()], End::Killed).unwrap();
    let last = segment_path(dir.path(), ID, 2);
    let bytes = fs::read(&last).unwrap();
    fs::write(&last, &bytes[..960]).unwrap();
    let (_, result) = read(dir.path());
    assert!(matches!(&result, Err(ArchiveFileError::Damage(damage)) if damage.fault == Fault::FileEnds), "{result:?}");
}

#[test]
fn a_killed_archive_may_leave_a_part_of_its_last_frame() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recording();
    write_archive(dir.path(), &[&recording], End::Killed).unwrap();
    let last_frame = recording.position() as usize % TERM_LENGTH - 96;
    bend(&segment_path(dir.path(), ID, 2), last_frame, |frame| frame[40..].fill(0));
    let (numbers, result) = read(dir.path());
    assert_eq!((numbers.len(), result.unwrap()), (1_999, recording.position() - 96));
}

#[test]
fn the_recording_log_tells_log_and_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let term = |leadership_term_id, base_log_position| Term { recording_id: ID, leadership_term_id, base_log_position };
    let snapshot = |recording_id, log_position, service_id| Snapshot {
        recording_id,
        leadership_term_id: 1,
        log_position,
        timestamp: 5,
        service_id,
    };
    let snapshots = [snapshot(4, 640, CONSENSUS_MODULE), snapshot(5, 640, 0), snapshot(7, 960, 0)];
    write_recording_log(dir.path(), &[term(0, 0), term(1, 320)], &snapshots).unwrap();
    let log = RecordingLog::read(dir.path()).unwrap();
    assert_eq!(log.terms, [term(0, 0), term(1, 320)]);
    assert_eq!(log.log_recording_id(), Some(ID));
    assert!(log.snapshots_of(0).eq(&snapshots[1..]));

    // The second entry's type, with the flag of an entry that is not valid.
    bend(&dir.path().join("recording.log"), 64 + 47, |byte| byte[0] = 0x80);
    assert_eq!(RecordingLog::read(dir.path()).unwrap().terms, [term(0, 0)]);
    bend(&dir.path().join("recording.log"), 64 + 44, |byte| byte[0] = 9);
    assert!(matches!(RecordingLog::read(dir.path()), Err(ArchiveFileError::Content { offset: 64, .. })));
}

/// Aeron reads each of these as if it were whole.
#[test]
fn a_recording_log_that_is_torn_or_bent_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("recording.log");
    let term = |leadership_term_id, base_log_position| Term { recording_id: ID, leadership_term_id, base_log_position };
    let read_after = |what: &dyn Fn(&mut Vec<u8>)| {
        write_recording_log(dir.path(), &[term(0, 0), term(1, 320), term(2, 640)], &[]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        what(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        RecordingLog::read(dir.path()).map(|log| log.terms.len())
    };
    assert_eq!(read_after(&|_| {}).unwrap(), 3);
    assert_eq!(read_after(&|bytes| bytes.truncate(128)).unwrap(), 2, "an older state, as after a lost disk");
    let is_damage = |what: &dyn Fn(&mut Vec<u8>)| matches!(read_after(what), Err(ArchiveFileError::Content { .. }));
    // In the beginning of an entry, within its fields, and within what follows them.
    for length in [142, 129, 64 + 47, 64 + 50] {
        assert!(is_damage(&|bytes| bytes.truncate(length)), "cut at {length}");
    }
    // A torn entry that Aeron has made whole with zeros, other bytes of each field, and a term twice.
    assert!(is_damage(&|bytes| bytes[128 + 14..192].fill(0)));
    for byte in [0, 8, 16 + 2, 40, 44] {
        assert!(is_damage(&|bytes| bytes[64 + byte] ^= 0x83), "byte {byte}");
    }
    assert!(is_damage(&|bytes| bytes.copy_within(64..128, 128)));
}
