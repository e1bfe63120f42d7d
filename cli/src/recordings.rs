//! `lugus recordings`: what members' archives have recorded, read from their files.

use std::fmt::Write;

use aeron_archive_files::{
    ArchiveFileError, CONSENSUS_MODULE, DescribedRecording, FrameChecksum, FrameReader, Recording, RecordingLog,
    SegmentFiles,
};
use comfy_table::Table;
use lugus_topology::Streams;
use serde::Serialize;

use crate::archived_member::{self, ArchivedMember};
use crate::arguments::{self, ArchivedMembers, RecordingsCommand};
use crate::deployment::DeploymentFile;
use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;

/// Flag of a message's first frame.
const BEGIN_OF_MESSAGE: u8 = 0x80;

/// The JSON document of the list.
#[derive(Debug, Serialize)]
struct Listed {
    members: Vec<ListedMember>,
}

/// The recordings of one archive.
#[derive(Debug, Serialize)]
struct ListedMember {
    /// The cluster's number.
    cluster: i32,
    /// The cluster's name.
    cluster_name: String,
    /// The member's number; `None` for a copy.
    member: Option<i32>,
    archive_dir: String,
    /// Why the recordings can't be listed; `None` if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    recordings: Vec<Listing>,
}

/// One recording.
#[derive(Debug, Clone, Serialize)]
struct Listing {
    recording: i64,
    #[serde(flatten)]
    content: Content,
    state: State,
    /// Position of the first byte that was not purged.
    start_position: i64,
    /// Position after the last whole frame.
    end_position: i64,
    /// Number of segment files that are there.
    segments: usize,
    /// Sum of their lengths; the archive makes each in its full length.
    bytes: u64,
    segment_length: i64,
    term_length: i64,
    mtu_length: i32,
    /// Wall clock when the recording began, in milliseconds since 1970.
    start_timestamp: i64,
    /// Wall clock when it ended; `None` if the archive has not noted it.
    stop_timestamp: Option<i64>,
    stream_id: i32,
    session_id: i32,
    channel: String,
    source_identity: String,
}

/// What a recording is to the cluster's member.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "content", rename_all = "snake_case")]
enum Content {
    /// The log.
    Log,
    /// A snapshot of the service.
    Snapshot { log_position: i64, leadership_term_id: i64 },
    /// A snapshot of the consensus module, which belongs to the service's of the same position.
    ConsensusModuleSnapshot { log_position: i64, leadership_term_id: i64 },
    /// Increments of market data, for listeners that miss some.
    MarketData,
    /// Nothing that the member's recording log names.
    Other,
}

/// Whether a recording goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It is being recorded.
    Active,
    /// The archive has noted where it ends.
    Stopped,
    /// The archive was killed; the end is where no whole frame follows.
    Interrupted,
}

/// The JSON document of one recording.
#[derive(Debug, Serialize)]
struct Described {
    cluster: i32,
    cluster_name: String,
    member: Option<i32>,
    #[serde(flatten)]
    listing: Listing,
    /// Number of frames with data.
    frames: u64,
    /// Number of messages, each in one frame or more.
    messages: u64,
    /// Sum of the messages' lengths.
    payload_bytes: u64,
    /// Where the recording is damaged, and how; `None` if all frames are as they were recorded.
    damage: Option<String>,
    /// Leadership terms that begin in the log.
    terms: Vec<ListedTerm>,
}

/// A leadership term.
#[derive(Debug, Serialize)]
struct ListedTerm {
    leadership_term_id: i64,
    base_log_position: i64,
}

/// Lists the recordings of the chosen archives, or describes one.
///
/// # Errors
/// There is no such archive or recording, or it can't be read; with [`FINDING_EXIT_CODE`] if a recording that is described is
/// damaged.
pub fn run(found: &DeploymentFile, arguments: &arguments::Recordings, output: Output) -> Result<(), Failure> {
    match &arguments.command {
        None => list(found, &arguments.members, output),
        Some(RecordingsCommand::List { members }) => list(found, members, output),
        Some(RecordingsCommand::Describe { recording, members }) => describe(found, members, *recording, output),
    }
}

fn list(found: &DeploymentFile, chosen: &ArchivedMembers, output: Output) -> Result<(), Failure> {
    let mut members = Vec::new();
    for (cluster, archived) in archived_member::find(found, chosen)? {
        for member in archived {
            let (recordings, error) = match listings(&member, &found.deployment.streams) {
                Ok(recordings) => (recordings, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            members.push(ListedMember {
                cluster: cluster.id.0,
                cluster_name: cluster.name.clone(),
                member: member.id,
                archive_dir: member.files.archive_dir.display().to_string(),
                error,
                recordings,
            });
        }
    }
    let is_readable = members.iter().any(|member| member.error.is_none());
    let listed = Listed { members };
    output.answer(&listed, listed.text())?;
    if is_readable { Ok(()) } else { Err(Failure::new("no archive can be read")) }
}

fn describe(found: &DeploymentFile, chosen: &ArchivedMembers, id: i64, output: Output) -> Result<(), Failure> {
    let mut all = archived_member::find(found, chosen)?;
    let ambiguous = || Failure::new("whose recording?").hint("say with --cluster and --member, or with --dir");
    let (cluster, mut members) = all.pop().filter(|_| all.is_empty()).ok_or_else(ambiguous)?;
    let member = members.pop().filter(|_| members.is_empty()).ok_or_else(ambiguous)?;
    let listing = listings(&member, &found.deployment.streams)
        .map_err(Failure::new)?
        .into_iter()
        .find(|listing| listing.recording == id);
    let listing = listing.ok_or_else(|| {
        Failure::new(format!("{member} of {} has no recording {id}", cluster.name))
            .hint("`lugus recordings` lists what there is")
    })?;
    let recording = Recording::find(&member.files.archive_dir, id).map_err(Failure::new)?;
    // A running archive may write the last frame at this moment.
    let is_active = listing.state == State::Active;
    let mut described = Described {
        cluster: cluster.id.0,
        cluster_name: cluster.name.clone(),
        member: member.id,
        terms: terms(&member, &listing.content),
        listing,
        frames: 0,
        messages: 0,
        payload_bytes: 0,
        damage: None,
    };
    let mut reader = FrameReader::new(recording, 0, member.files.checksum);
    while !is_active || reader.position() < described.listing.end_position {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                described.frames += 1;
                described.messages += u64::from(frame.flags & BEGIN_OF_MESSAGE != 0);
                described.payload_bytes += frame.payload.len() as u64;
            }
            Ok(None) => break,
            Err(ArchiveFileError::Damage(damage)) => {
                described.damage = Some(damage.to_string());
                break;
            }
            Err(error) => return Err(Failure::new(error)),
        }
    }
    let text = described.text(member.files.checksum);
    output.answer(&described, text)?;
    match &described.damage {
        None => Ok(()),
        Some(damage) => Err(Failure::new(format!("recording {id} of {member} is damaged at {damage}"))
            .hint("docs/damaged-log.md says what that means, and what to do")
            .with_exit_code(FINDING_EXIT_CODE)),
    }
}

fn terms(member: &ArchivedMember, content: &Content) -> Vec<ListedTerm> {
    let recording_log = match content {
        Content::Log => RecordingLog::read(&member.files.cluster_dir).unwrap_or_default(),
        _ => RecordingLog::default(),
    };
    let listed = recording_log.terms.iter().map(|term| ListedTerm {
        leadership_term_id: term.leadership_term_id,
        base_log_position: term.base_log_position,
    });
    listed.collect()
}

fn listings(member: &ArchivedMember, streams: &Streams) -> Result<Vec<Listing>, ArchiveFileError> {
    let recording_log = RecordingLog::read(&member.files.cluster_dir).unwrap_or_default();
    let all = DescribedRecording::all(&member.files.archive_dir)?;
    let is_running = member.published.is_some();
    Ok(all.into_iter().map(|described| Listing::of(described, &recording_log, streams, is_running)).collect())
}

impl Listing {
    fn of(described: DescribedRecording, recording_log: &RecordingLog, streams: &Streams, is_running: bool) -> Self {
        let DescribedRecording {
            recording,
            start_timestamp,
            stop_timestamp,
            mtu_length,
            session_id,
            channel,
            source_identity,
        } = described;
        let state = match recording.stop_position {
            Some(_) => State::Stopped,
            None if is_running => State::Active,
            None => State::Interrupted,
        };
        let SegmentFiles { count, bytes } = recording.segment_files();
        Self {
            recording: recording.id,
            content: Content::of(&recording, recording_log, streams),
            state,
            start_position: recording.start_position,
            end_position: FrameReader::end_position(&recording),
            segments: count,
            bytes,
            segment_length: recording.segment_length,
            term_length: recording.term_length,
            mtu_length,
            start_timestamp,
            stop_timestamp,
            stream_id: recording.stream_id,
            session_id,
            channel,
            source_identity,
        }
    }
}

impl Content {
    fn of(recording: &Recording, recording_log: &RecordingLog, streams: &Streams) -> Self {
        let id = recording.id;
        if recording_log.terms.iter().any(|term| term.recording_id == id) {
            return Self::Log;
        }
        match recording_log.snapshots.iter().find(|snapshot| snapshot.recording_id == id) {
            None if recording.stream_id == streams.market_data_recording => Self::MarketData,
            None => Self::Other,
            Some(snapshot) => {
                let (log_position, leadership_term_id) = (snapshot.log_position, snapshot.leadership_term_id);
                if snapshot.service_id == CONSENSUS_MODULE {
                    Self::ConsensusModuleSnapshot { log_position, leadership_term_id }
                } else {
                    Self::Snapshot { log_position, leadership_term_id }
                }
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Log => String::from("log"),
            Self::Snapshot { log_position, .. } => format!("snapshot of {log_position}"),
            Self::ConsensusModuleSnapshot { log_position, .. } => {
                format!("consensus module's snapshot of {log_position}")
            }
            Self::MarketData => String::from("market data"),
            Self::Other => String::from("other"),
        }
    }
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Listed {
    fn text(&self) -> String {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header([
            "cluster",
            "member",
            "recording",
            "content",
            "state",
            "from position",
            "to position",
            "segments",
            "bytes on disk",
        ]);
        let mut errors = Vec::new();
        for member in &self.members {
            let name = member.member.map_or_else(|| String::from("copy"), |id| id.to_string());
            for listing in &member.recordings {
                table.add_row([
                    member.cluster_name.clone(),
                    name.clone(),
                    listing.recording.to_string(),
                    listing.content.text(),
                    String::from(listing.state.text()),
                    listing.start_position.to_string(),
                    listing.end_position.to_string(),
                    listing.segments.to_string(),
                    listing.bytes.to_string(),
                ]);
            }
            errors.extend(member.error.as_ref().map(|error| format!("{}: {error}", member.archive_dir)));
        }
        std::iter::once(table.to_string()).chain(errors).collect::<Vec<_>>().join("\n")
    }
}

impl Described {
    fn text(&self, checksum: FrameChecksum) -> String {
        let Self { listing, frames, messages, payload_bytes, damage, terms, .. } = self;
        let mut text = format!(
            "recording {}: {}, {}\n\
             positions {} to {}, in {} segment files of {} bytes, terms of {} bytes\n\
             stream {} of session {}, channel {}, from {}\n\
             {messages} messages in {frames} frames, {payload_bytes} bytes without headers\n",
            listing.recording,
            listing.content.text(),
            listing.state.text(),
            listing.start_position,
            listing.end_position,
            listing.segments,
            listing.segment_length,
            listing.term_length,
            listing.stream_id,
            listing.session_id,
            listing.channel,
            listing.source_identity,
        );
        for term in terms {
            let _ =
                writeln!(text, "leadership term {} from position {}", term.leadership_term_id, term.base_log_position);
        }
        text += &match (damage, checksum) {
            (Some(damage), _) => format!("DAMAGED at {damage}"),
            (None, FrameChecksum::Crc32c) => String::from("all frames are as they were recorded (CRC-32C)"),
            (None, FrameChecksum::None) => String::from("all headers are right; the frames have no checksums"),
        };
        text
    }
}
