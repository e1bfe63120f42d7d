//! Files that a member finds of a run before, or that others read while it runs: the mark file, stages, gauges.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use aeron_cluster_service::testing::open_mark_file;
use lugus_node::gauges::{MemberGauges, MemberReading};
use lugus_stages::{StageFile, StageRecord, StageSource, StageWriter};
use lugus_vocabulary::{ClientSequence, ClusterId, EpochNanos, InstrumentId, LogPosition, MemberId, ParticipantId};

use crate::scratch;

/// The time of the container that opens a mark file, in milliseconds since 1970.
const NOW_MS: i64 = 1_700_000_000_000;

/// Where a container of service 0 looks for its mark file.
fn mark_file() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let folder = scratch::folder().join("mark");
        fs::create_dir_all(&folder).expect("a folder");
        folder.join("cluster-mark-service-0.dat")
    })
}

/// A container takes over what another one has left, or refuses it; what it makes of it another container takes over.
pub(crate) fn take_mark_file(bytes: &[u8]) {
    let path = mark_file();
    fs::write(path, bytes).expect("written");
    let folder = path.parent().expect("a folder");
    if open_mark_file(folder, NOW_MS).is_ok() {
        open_mark_file(folder, NOW_MS).expect("a mark file of this version");
    }
}

/// A mark file as a container leaves it, with the begin of its error log.
pub(crate) fn mark_file_seeds() -> Vec<Vec<u8>> {
    let path = mark_file();
    let _ = fs::remove_file(path);
    open_mark_file(path.parent().expect("a folder"), NOW_MS).expect("a new one");
    let whole = fs::read(path).expect("a mark file");
    vec![whole[..256].to_vec(), whole[..9 * 1024].to_vec()]
}

/// The file of stages of a member.
pub(crate) fn read_stages(bytes: &[u8]) {
    if let Ok(file) = StageFile::read(&scratch::write("stages", bytes)) {
        assert!(file.records.len() + file.torn <= bytes.len() / lugus_stages::RECORD_LENGTH);
    }
}

pub(crate) fn stages_seeds() -> Vec<Vec<u8>> {
    let path = scratch::folder().join("written").join("stages");
    let source = StageSource { cluster: ClusterId(2), member: MemberId(1), every: 10 };
    let seed = |count: i64| {
        let mut writer = StageWriter::create(&path, source, 4).expect("a file");
        for position in 0..count {
            let time = |stage: i64| EpochNanos(1_000 * position + stage);
            writer.write(&StageRecord {
                log_position: LogPosition(position),
                participant: ParticipantId(7),
                instrument: InstrumentId(3),
                client_sequence: ClientSequence(position as u64),
                logged: time(0),
                committed: time(1),
                polled: time(2),
                engine_begun: time(3),
                answered: (position % 2 == 0).then(|| time(4)),
                offered: (position % 2 == 0).then(|| time(5)),
                applied: time(6),
            });
        }
        drop(writer);
        fs::read(&path).expect("a file")
    };
    [0, 3, 6].map(seed).to_vec()
}

/// The file in which a member counts.
pub(crate) fn read_gauges(bytes: &[u8]) {
    let Ok(reading) = MemberReading::read(&scratch::write("gauges", bytes)) else { return };
    let _ = reading.rejects().count() + reading.ended_orders().count() + reading.refused_messages().count();
    for histogram in [reading.engine_time(), reading.answer_time()] {
        let _ = format!("{histogram:?}");
    }
}

pub(crate) fn gauges_seeds() -> Vec<Vec<u8>> {
    let path = scratch::folder().join("written-gauges");
    drop(MemberGauges::create(&path).expect("a file"));
    vec![fs::read(&path).expect("a file")]
}
