//! What an archive and a consensus module leave on a disk: catalog, recordings, recording log.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use aeron_archive_files::testing::{
    End, TERM_LENGTH, WrittenRecording, segment_path, write_archive, write_recording_log,
};
use aeron_archive_files::{
    CONSENSUS_MODULE, DescribedRecording, FrameChecksum, FrameReader, Recording, RecordingLog, Snapshot, Term,
};

use crate::scratch;

/// Greatest number of frames that are read of a recording.
const FRAMES: usize = 256;
/// Greatest number of recordings of a catalog that are read.
const RECORDINGS: usize = 4;

/// A folder of the scratch folder, made once.
fn folder(name: &str) -> PathBuf {
    let folder = scratch::folder().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The catalog, whose length comes first, and the first segment of each of its recordings.
pub(crate) fn read(bytes: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let dir = FOLDER.get_or_init(|| folder("archive"));
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let (catalog, segment) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    fs::write(dir.join("archive.catalog"), catalog).expect("written");
    let Ok(all) = DescribedRecording::all(dir) else { return };
    for described in all.iter().take(RECORDINGS) {
        let recording = &described.recording;
        let found = Recording::find(dir, recording.id).expect("it is in the catalog");
        assert_eq!(found.id, recording.id);
        let path = recording.segment_path(recording.segment_base(recording.start_position));
        fs::write(&path, segment).expect("written");
        let _ = (FrameReader::end_position(recording), recording.segment_files());
        for checksum in [FrameChecksum::None, FrameChecksum::Crc32c] {
            let mut reader = FrameReader::new(recording.clone(), recording.start_position, checksum);
            for _ in 0..FRAMES {
                let before = reader.position();
                let Ok(Some(frame)) = reader.next_frame() else { break };
                assert!(frame.position > before, "it goes on");
            }
        }
        fs::remove_file(&path).expect("removed");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let dir = folder("seeds");
    let mut recording = WrittenRecording::new(3);
    for message in [&b"a message"[..], &[7; 3_000], b"the last one"] {
        recording.append(message);
    }
    let seed = |end: End| {
        write_archive(&dir, &[&recording], end).expect("an archive");
        let catalog = fs::read(dir.join("archive.catalog")).expect("a catalog");
        let segment = fs::read(segment_path(&dir, 3, 0)).expect("a segment");
        // What the archive has allocated in advance is left out.
        let (catalog, segment) = (&catalog[..256], &segment[..4_096.min(TERM_LENGTH)]);
        [&(catalog.len() as u16).to_le_bytes()[..], catalog, segment].concat()
    };
    vec![seed(End::Ordered), seed(End::Killed)]
}

/// A recording log.
pub(crate) fn read_recording_log(bytes: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let dir = FOLDER.get_or_init(|| folder("cluster"));
    fs::write(dir.join("recording.log"), bytes).expect("written");
    let Ok(log) = RecordingLog::read(dir) else { return };
    assert!(log.terms.is_sorted_by_key(|term| term.leadership_term_id));
    assert!(log.snapshots.is_sorted_by_key(|snapshot| snapshot.log_position));
    assert_eq!(log.log_recording_id().is_some(), !log.terms.is_empty());
    assert!(log.snapshots_of(CONSENSUS_MODULE).count() <= log.snapshots.len());
}

pub(crate) fn recording_log_seeds() -> Vec<Vec<u8>> {
    let dir = folder("seeds");
    let term = |id| Term { recording_id: 3, leadership_term_id: id, base_log_position: 64 * id };
    let snapshot = |service_id| Snapshot {
        recording_id: 4,
        leadership_term_id: 1,
        log_position: 96,
        timestamp: 1_000,
        service_id,
    };
    write_recording_log(&dir, &[term(0), term(1)], &[snapshot(CONSENSUS_MODULE), snapshot(0)]).expect("a log");
    vec![fs::read(dir.join("recording.log")).expect("a log")]
}
