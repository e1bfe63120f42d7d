//! The file in which an interrupted replay of a log keeps its state: a line of JSON, and the messages of a snapshot of the engine.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use lugus_node::archived_log::{ArchivedLog, SavedState};
use lugus_topology::ClusterSpec;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Version of the file. Another one is refused.
const VERSION: u32 = 1;

/// Longest first line that is read, in bytes.
const MAXIMUM_HEADER_LENGTH: u64 = 4_096;

/// Longest message of a snapshot that is read, in bytes.
const MAXIMUM_MESSAGE_LENGTH: u32 = 16 * 1024 * 1024;

/// What a replay has done before it was interrupted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Number of commands.
    pub commands: u64,
    /// Number of snapshots that were compared.
    pub snapshots_compared: u64,
    /// Number of differences.
    pub differences: u64,
    /// The first difference: its position, and what differs.
    pub first_difference: Option<(i64, String)>,
    /// Number of events that were written.
    pub events: u64,
    /// Length of the file of the events then, in bytes.
    pub events_length: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    lugus_replay_state: u32,
    cluster: i32,
    /// Where the state stands in the log.
    position: i64,
    leadership_term_id: i64,
    timestamp: i64,
    messages: u64,
    #[serde(flatten)]
    done: Done,
}

/// Writes a state; a file that exists is replaced when the new one is whole.
///
/// # Errors
/// The file can't be written.
pub fn write(path: &Path, cluster: &ClusterSpec, state: &SavedState, done: &Done) -> Result<(), Failure> {
    let unfinished = path.with_extension("unfinished");
    let header = Header {
        lugus_replay_state: VERSION,
        cluster: cluster.id.0,
        position: state.place.position,
        leadership_term_id: state.place.leadership_term_id,
        timestamp: state.place.timestamp,
        messages: state.messages.len() as u64,
        done: done.clone(),
    };
    let written = File::create(&unfinished).and_then(|file| {
        let mut output = BufWriter::new(file);
        serde_json::to_writer(&mut output, &header)?;
        output.write_all(b"\n")?;
        for message in &state.messages {
            let length = u32::try_from(message.len()).map_err(std::io::Error::other)?;
            output.write_all(&length.to_le_bytes())?;
            output.write_all(message)?;
        }
        output.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&unfinished, path)
    });
    written.map_err(|error| Failure::new(format!("can't write {}: {error}", path.display())))
}

/// Reads a state of this cluster's log; `None` if there is no such file.
///
/// # Errors
/// The file can't be read, is of another cluster, or is not such a file.
pub fn read(path: &Path, cluster: &ClusterSpec, log: &ArchivedLog) -> Result<Option<(SavedState, Done)>, Failure> {
    let failed = |what: &str| {
        Failure::new(format!("can't go on from {}: {what}", path.display()))
            .hint("remove the file to begin from the beginning")
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error.to_string())),
    };
    let mut input = BufReader::new(file);
    let mut line = Vec::new();
    let read = input.by_ref().take(MAXIMUM_HEADER_LENGTH).read_until(b'\n', &mut line);
    read.map_err(|error| failed(&error.to_string()))?;
    let header: Header =
        serde_json::from_slice(&line).map_err(|error| failed(&format!("it is no state of a replay: {error}")))?;
    if header.lugus_replay_state != VERSION {
        return Err(failed(&format!("its version is {}, not {VERSION}", header.lugus_replay_state)));
    }
    if header.cluster != cluster.id.0 {
        return Err(failed(&format!("it is of cluster {}, not of {}", header.cluster, cluster.id)));
    }
    if header.position < log.start_position() || header.position > log.end_position() {
        return Err(failed(&format!("the log has no position {}", header.position)));
    }
    let mut messages = Vec::new();
    for _ in 0..header.messages {
        messages.push(message(&mut input).map_err(|error| failed(&error.to_string()))?);
    }
    let place = lugus_node::archived_log::LogPlace {
        position: header.position,
        leadership_term_id: header.leadership_term_id,
        timestamp: header.timestamp,
    };
    Ok(Some((SavedState { place, messages }, header.done)))
}

fn message(input: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAXIMUM_MESSAGE_LENGTH {
        return Err(std::io::Error::other(format!("a message of {length} bytes is too long")));
    }
    let mut message = vec![0; length as usize];
    input.read_exact(&mut message)?;
    Ok(message)
}
