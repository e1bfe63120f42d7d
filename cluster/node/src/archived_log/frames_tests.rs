//! Frames that a thread reads ahead are those that a reader reads.

use std::path::Path;

use aeron_archive_files::testing::{End, WrittenRecording, segment_path, write_archive};
use aeron_archive_files::{ArchiveFileError, FrameChecksum, FrameReader, Recording};

use super::{BATCH_LENGTH, LogFrames, SHORT_LOG};

const ID: i64 = 3;

/// A recording of more than `length` bytes.
fn recording(length: i64) -> WrittenRecording {
    let mut recording = WrittenRecording::new(ID);
    let mut number = 0_u64;
    while recording.position() <= length {
        number += 1;
        // Some messages take several frames.
        recording.append(&number.to_le_bytes().repeat(if number.is_multiple_of(50) { 400 } else { 90 }));
    }
    recording
}

fn find(dir: &Path) -> Recording {
    Recording::find(dir, ID).unwrap()
}

type Read = (Vec<(Vec<u8>, u8, i64)>, Result<i64, String>);

fn read(
    mut next: impl FnMut() -> Option<Result<(Vec<u8>, u8, i64), ArchiveFileError>>,
    end: impl FnOnce() -> i64,
) -> Read {
    let mut frames = Vec::new();
    loop {
        match next() {
            Some(Ok(frame)) => frames.push(frame),
            Some(Err(error)) => return (frames, Err(error.to_string())),
            None => return (frames, Ok(end())),
        }
    }
}

fn ahead(frames: &mut LogFrames) -> Read {
    let frames = std::cell::RefCell::new(frames);
    let next = || {
        let mut frames = frames.borrow_mut();
        let frame = frames.next_frame();
        frame.map(|frame| frame.map(|frame| (frame.payload.to_vec(), frame.flags, frame.position))).transpose()
    };
    read(next, || frames.borrow().position())
}

fn directly(dir: &Path, position: i64) -> Read {
    let reader = std::cell::RefCell::new(FrameReader::new(find(dir), position, FrameChecksum::Crc32c));
    let next = || {
        let mut reader = reader.borrow_mut();
        let frame = reader.next_frame();
        frame.map(|frame| frame.map(|frame| (frame.payload.to_vec(), frame.flags, frame.position))).transpose()
    };
    read(next, || reader.borrow().position())
}

fn frames_of(dir: &Path, position: i64) -> LogFrames {
    LogFrames::new(find(dir), position, FrameChecksum::Crc32c)
}

#[test]
fn a_thread_reads_the_same_frames_and_what_is_appended_later_is_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut recording = recording(SHORT_LOG + 3 * BATCH_LENGTH as i64);
    write_archive(dir.path(), &[&recording], End::Killed).unwrap();
    let mut frames = frames_of(dir.path(), 0);
    assert!(frames.ahead.is_some());
    let all = ahead(&mut frames);
    assert!(all == directly(dir.path(), 0), "the frames differ");
    assert_eq!(all.1, Ok(recording.position()));

    recording.append(b"later");
    write_archive(dir.path(), &[&recording], End::Killed).unwrap();
    let (later, end) = ahead(&mut frames);
    assert_eq!((later.len(), later[0].0.as_slice(), end), (1, b"later".as_slice(), Ok(recording.position())));
}

#[test]
fn damage_is_found_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    write_archive(dir.path(), &[&recording(SHORT_LOG + 3 * BATCH_LENGTH as i64)], End::Ordered).unwrap();
    let path = segment_path(dir.path(), ID, 20);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut frames = frames_of(dir.path(), 0);
    let found = ahead(&mut frames);
    assert!(found == directly(dir.path(), 0) && found.1.is_err(), "{:?}", found.1);
    // And again.
    assert_eq!(ahead(&mut frames), (Vec::new(), found.1));
}

#[test]
fn a_frame_that_is_put_back_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    write_archive(dir.path(), &[&recording(SHORT_LOG + BATCH_LENGTH as i64)], End::Ordered).unwrap();
    let mut frames = frames_of(dir.path(), 0);
    let mut count = 0;
    loop {
        let before = frames.position();
        let Some(first) = frames.next_frame().unwrap().map(|frame| (frame.payload.to_vec(), frame.position)) else {
            break;
        };
        assert_eq!(frames.position(), first.1);
        frames.put_back();
        assert_eq!(frames.position(), before);
        let again = frames.next_frame().unwrap().map(|frame| (frame.payload.to_vec(), frame.position));
        assert!(again == Some(first), "frame {count}");
        count += 1;
    }
    assert_eq!(count, directly(dir.path(), 0).0.len());
    // A thread whose frames nobody takes ends.
    drop(frames_of(dir.path(), 0));
}
