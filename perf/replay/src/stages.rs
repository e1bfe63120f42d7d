//! Where the time of a command's round trip goes: the records of the member that led, joined with what the client knows of the
//! same commands, as one histogram a stage.
//!
//! Client and member must be on one host, so that their wall clocks are one. The stages of [`CHAIN`] follow one another without a
//! gap: for each command their sum is [`Stage::RoundTrip`].

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::{CreationError, Histogram};
use lugus_stages::StageRecord;

use crate::round_trips::{LONGEST, SIGNIFICANT_DIGITS, WriteError, write_distribution};

/// A stage of a command's way, from one time stamp to a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From when the command was due until the client sent it.
    Client,
    /// Until the leader's consensus module took it from the ingress and appended it to the log.
    Ingress,
    /// Until the leader's service container saw a commit position that covers it.
    Commit,
    /// Until the container took it from the log, behind the commands before it.
    Poll,
    /// Until the service has decoded it.
    Decode,
    /// Until the engine told its first report for the sender.
    Engine,
    /// Until that report was encoded and offered to the sender's egress.
    Egress,
    /// Until the client heard it.
    Answer,
    /// All of it: from due to heard.
    RoundTrip,
    /// The node's own time: from the poll to the offer ([`Decode`](Self::Decode), [`Engine`](Self::Engine) and
    /// [`Egress`](Self::Egress)).
    Node,
    /// All of the engine's work with the command, the offers of all its reports included.
    Apply,
}

/// The stages that follow one another from due to heard.
pub const CHAIN: [Stage; 8] = [
    Stage::Client,
    Stage::Ingress,
    Stage::Commit,
    Stage::Poll,
    Stage::Decode,
    Stage::Engine,
    Stage::Egress,
    Stage::Answer,
];

/// All stages: the chain, and what covers several of it.
pub const STAGES: [Stage; 11] = [
    Stage::Client,
    Stage::Ingress,
    Stage::Commit,
    Stage::Poll,
    Stage::Decode,
    Stage::Engine,
    Stage::Egress,
    Stage::Answer,
    Stage::RoundTrip,
    Stage::Node,
    Stage::Apply,
];

/// What the client knows of its commands, by command number: nanoseconds since the epoch, 0 for none.
#[derive(Debug, Clone, Copy)]
pub struct ClientTimes<'a> {
    /// When each command was due; without a pace that is when it was sent.
    pub due: &'a [u64],
    /// When each command was really offered to the ingress.
    pub sent: &'a [u64],
    /// When each command's first answer was heard.
    pub heard: &'a [u64],
}

/// The stages of the commands that both the member and the client know.
#[derive(Debug)]
pub struct StageTimes {
    /// Histograms in nanoseconds, in the order of [`STAGES`].
    histograms: Vec<Histogram<u64>>,
    /// The commands, in the order of the log.
    commands: Vec<CommandTimes>,
    /// Number of records of commands that the client does not know, or does not count.
    pub unknown: u64,
    /// Number of records of commands without an answer: not offered by this member, or not heard by the client.
    pub unanswered: u64,
    /// Number of further records of commands that the client sent again; the first one counts.
    pub repeated: u64,
    /// Number of stages that ended before they began, because two clocks differ or one was set back. They count as 0.
    pub out_of_order: u64,
}

/// Times of one command, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct CommandTimes {
    /// Since the epoch.
    due: u64,
    /// Durations, in the order of [`STAGES`].
    stages: [u64; STAGES.len()],
}

impl Stage {
    /// Name of the stage, which is its tag in a log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Ingress => "ingress",
            Self::Commit => "commit",
            Self::Poll => "poll",
            Self::Decode => "decode",
            Self::Engine => "engine",
            Self::Egress => "egress",
            Self::Answer => "answer",
            Self::RoundTrip => "round-trip",
            Self::Node => "node",
            Self::Apply => "apply",
        }
    }
}

impl StageTimes {
    /// Joins the records of the member that led, in the order of the log, with the times of the client. `number_of` is the
    /// number of a record's command in the client's arrays: `None` for a command of another client, or of a warm-up.
    ///
    /// # Errors
    /// When there is no memory for the histograms.
    pub fn join(
        records: &[StageRecord],
        mut number_of: impl FnMut(&StageRecord) -> Option<usize>,
        client: &ClientTimes<'_>,
    ) -> Result<Self, CreationError> {
        let mut joined = Self::empty()?;
        let mut known = HashSet::with_capacity(records.len());
        for record in records {
            let number = number_of(record);
            let time_of = |times: &[u64]| times.get(number?).copied().filter(|time| *time != 0);
            let (Some(due), Some(sent)) = (time_of(client.due), time_of(client.sent)) else {
                joined.unknown += 1;
                continue;
            };
            if !known.insert(number) {
                joined.repeated += 1;
                continue;
            }
            let (Some(answered), Some(offered), Some(heard)) = (record.answered, record.offered, time_of(client.heard))
            else {
                joined.unanswered += 1;
                continue;
            };
            let member = [record.logged, record.committed, record.polled, record.engine_begun, answered, offered];
            let [logged, committed, polled, begun, answered, offered] =
                member.map(|time| time.0.max(0).cast_unsigned());
            let applied = record.applied.0.max(0).cast_unsigned();
            let mut between = |from: u64, to: u64| {
                joined.out_of_order += u64::from(to < from);
                to.saturating_sub(from)
            };
            let stages = STAGES.map(|stage| match stage {
                Stage::Client => between(due, sent),
                Stage::Ingress => between(sent, logged),
                Stage::Commit => between(logged, committed),
                Stage::Poll => between(committed, polled),
                Stage::Decode => between(polled, begun),
                Stage::Engine => between(begun, answered),
                Stage::Egress => between(answered, offered),
                Stage::Answer => between(offered, heard),
                Stage::RoundTrip => between(due, heard),
                Stage::Node => between(polled, offered),
                Stage::Apply => between(begun, applied),
            });
            for (histogram, nanos) in joined.histograms.iter_mut().zip(stages) {
                histogram.saturating_record(nanos);
            }
            joined.commands.push(CommandTimes { due, stages });
        }
        Ok(joined)
    }

    fn empty() -> Result<Self, CreationError> {
        let histograms =
            STAGES.iter().map(|_| Histogram::new_with_max(LONGEST, SIGNIFICANT_DIGITS)).collect::<Result<_, _>>()?;
        Ok(Self { histograms, commands: Vec::new(), unknown: 0, unanswered: 0, repeated: 0, out_of_order: 0 })
    }

    /// Number of commands that were joined.
    pub fn commands(&self) -> usize {
        self.commands.len()
    }

    /// Times of a stage, in nanoseconds.
    pub fn of(&self, stage: Stage) -> &Histogram<u64> {
        &self.histograms[stage as usize]
    }

    /// For each command that was joined, the sum of the stages of [`CHAIN`] and the round trip, in nanoseconds. The two differ only
    /// when stamps are [out of order](Self::out_of_order).
    pub fn sums(&self) -> impl Iterator<Item = (u64, u64)> {
        self.commands.iter().map(|command| {
            let sum = CHAIN.iter().map(|stage| command.stages[*stage as usize]).sum();
            (sum, command.stages[Stage::RoundTrip as usize])
        })
    }

    /// Writes `NAME-stages.hlog`, the histograms of each second by stage in nanoseconds, each with the stage's name as its tag, and
    /// for each stage `NAME-STAGE.hgrm`, the distribution in microseconds, into a folder, which is made if there is none.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), WriteError> {
        std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_path_buf(), source })?;
        for stage in STAGES {
            write_file(folder, &format!("{name}-{}.hgrm", stage.name()), |file| {
                write_distribution(self.of(stage), file)
            })?;
        }
        write_file(folder, &format!("{name}-stages.hlog"), |file| self.write_log(file))
    }

    /// Writes the log: for each second in which commands were due, one line a stage.
    fn write_log(&self, file: &mut impl Write) -> io::Result<()> {
        const SECOND: u64 = 1_000_000_000;
        let mut commands = self.commands.clone();
        commands.sort_by_key(|command| command.due);
        let begin = commands.first().map_or(0, |command| command.due);
        let second_of = |command: &CommandTimes| (command.due - begin) / SECOND;
        let begun_at = SystemTime::UNIX_EPOCH + Duration::from_nanos(begin);
        let mut serializer = V2DeflateSerializer::new();
        let mut log = IntervalLogWriterBuilder::new()
            .add_comment("[Histogram log format version 1.3]")
            .add_comment("stages of sampled commands in nanoseconds")
            .with_start_time(begun_at)
            .with_base_time(begun_at)
            .begin_log_with(file, &mut serializer)?;
        let mut histogram: Histogram<u64> =
            Histogram::new_with_max(LONGEST, SIGNIFICANT_DIGITS).map_err(io::Error::other)?;
        for of_second in commands.chunk_by(|one, next| second_of(one) == second_of(next)) {
            let start = Duration::from_secs(of_second.first().map_or(0, second_of));
            for stage in STAGES {
                histogram.reset();
                of_second.iter().for_each(|command| histogram.saturating_record(command.stages[stage as usize]));
                log.write_histogram(&histogram, start, Duration::from_secs(1), Tag::new(stage.name()))
                    .map_err(|error| io::Error::other(format!("{error:?}")))?;
            }
        }
        Ok(())
    }
}

fn write_file(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let path = folder.join(name);
    let written = File::create(&path).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file).and_then(|()| file.flush())
    });
    written.map_err(|source| WriteError { path, source })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use lugus_vocabulary::{ClientSequence, EpochNanos, InstrumentId, LogPosition, ParticipantId};

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Record of command `sequence` of participant 1, that was due at `due`.
    fn record(sequence: u64, due: u64) -> StageRecord {
        let after = |nanos: u64| EpochNanos((due + nanos).cast_signed());
        StageRecord {
            log_position: LogPosition(64 * sequence.cast_signed()),
            participant: ParticipantId(1),
            instrument: InstrumentId(1),
            client_sequence: ClientSequence(sequence),
            logged: after(111),
            committed: after(1_111),
            polled: after(1_131),
            engine_begun: after(1_134),
            answered: Some(after(1_138)),
            offered: Some(after(1_143)),
            applied: after(1_151),
        }
    }

    /// The client's command number is its sequence less one; participant 1 is the only one that it knows.
    fn number_of(record: &StageRecord) -> Option<usize> {
        (record.participant == ParticipantId(1)).then_some(record.client_sequence.0 as usize - 1)
    }

    fn join(records: &[StageRecord], due: &[u64], heard: &[u64]) -> StageTimes {
        let sent: Vec<u64> = due.iter().map(|due| if *due == 0 { 0 } else { due + 11 }).collect();
        StageTimes::join(records, number_of, &ClientTimes { due, sent: &sent, heard }).expect("memory")
    }

    #[test]
    fn the_stages_of_a_command_add_up_to_its_round_trip() {
        let (due, heard) = ([5 * SECOND, 6 * SECOND], [5 * SECOND + 2_143, 6 * SECOND + 3_143]);
        let joined = join(&[record(1, due[0]), record(2, due[1])], &due, &heard);
        let least = |stage| joined.of(stage).min();
        assert_eq!(CHAIN.map(least), [11, 100, 1_000, 20, 3, 4, 5, 1_000]);
        assert_eq!([Stage::Node, Stage::Apply].map(least), [12, 17]);
        assert_eq!(joined.sums().collect::<Vec<_>>(), [(2_143, 2_143), (3_143, 3_143)]);
        assert_eq!((joined.commands(), joined.out_of_order), (2, 0));
        assert_eq!(STAGES.map(|stage| STAGES[stage as usize]), STAGES, "a stage's histogram is at its own place");
    }

    #[test]
    fn commands_that_the_client_does_not_know_and_repeated_ones_are_not_joined() {
        let due = [SECOND, 0, SECOND, SECOND];
        let heard = [SECOND + 5_000, SECOND + 5_000, 0, SECOND + 5_000];
        let other = StageRecord { participant: ParticipantId(2), ..record(1, SECOND) };
        let follower = StageRecord { offered: None, ..record(4, SECOND) };
        let records = [
            record(1, SECOND),
            record(1, SECOND + 90),
            other,
            record(2, SECOND),
            record(3, SECOND),
            follower,
            record(5, 1),
        ];
        let joined = join(&records, &due, &heard);
        assert_eq!((joined.commands(), joined.repeated), (1, 1));
        assert_eq!(joined.unknown, 3, "of another participant, never sent, and with a number above all");
        assert_eq!(joined.unanswered, 2, "never heard, and not offered by this member");
        assert_eq!(joined.of(Stage::Client).len(), 1);
    }

    #[test]
    fn a_stage_that_ends_before_it_begins_counts_as_nothing_and_is_told() {
        let joined = join(&[record(1, SECOND)], &[SECOND], &[SECOND + 1_000]);
        assert_eq!((joined.out_of_order, joined.of(Stage::Answer).max()), (1, 0), "heard before it was offered");
    }

    #[test]
    fn the_log_has_each_stage_of_each_second_under_its_tag() {
        let due = [SECOND, SECOND + 1, 3 * SECOND + 7];
        let heard = due.map(|due| due + 9_000);
        let records = [record(1, due[0]), record(2, due[1]), record(3, due[2])];
        let joined = join(&records, &due, &heard);
        let folder = tempfile::tempdir().expect("a folder");
        joined.write(folder.path(), "run").expect("written");
        let log = std::fs::read(folder.path().join("run-stages.hlog")).expect("a log");
        let mut starts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for entry in IntervalLogIterator::new(&log) {
            if let LogEntry::Interval(interval) = entry.expect("a line") {
                let tag = interval.tag().expect("a tag").as_str().to_owned();
                starts.entry(tag).or_default().push(interval.start_timestamp().as_secs());
            }
        }
        let expected = STAGES.map(|stage| (stage.name().to_owned(), vec![0, 2]));
        assert_eq!(starts, BTreeMap::from(expected));
        let distribution = std::fs::read_to_string(folder.path().join("run-node.hgrm")).expect("a distribution");
        assert!(distribution.contains("Total count    =            3"), "{distribution}");
    }
}
