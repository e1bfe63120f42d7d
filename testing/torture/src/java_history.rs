//! Reads the journal of a client in Java (`Journal.java`), and makes a record of it that is judged as those of the SDK. The messages are there
//! as they went over the network, so that nothing is believed that the client has made of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use lugus_client::InstrumentId;
use lugus_codecs::Envelope;
use lugus_codecs::order_entry::{decode_command, decode_report};
use lugus_vocabulary::{ClientSequence, Command, EventSequence, ParticipantId, Report};

use crate::answers::Answers;
use crate::error::TortureError;
use crate::fingerprint::fingerprint;
use crate::record::{Outcome, Record, Sent};

/// Most bytes that are read at once.
const CHUNK: u64 = 1 << 20;

/// What a client in Java has written.
#[derive(Debug)]
pub(crate) struct JavaHistory {
    participant: ParticipantId,
    answers: Arc<Answers>,
    path: PathBuf,
    /// Length of the lines that were read, in bytes.
    read: u64,
    record: Record,
    /// Numbers of the commands of each instrument, in the order of the record.
    numbers: BTreeMap<InstrumentId, Vec<u64>>,
    outstanding: u64,
    is_connected: bool,
    rests_in: u8,
}

impl JavaHistory {
    /// Of a participant; the file need not be there yet.
    pub(crate) fn new(participant: ParticipantId, path: PathBuf, answers: Arc<Answers>) -> Self {
        let record = Record::new(Arc::clone(&answers));
        let numbers = BTreeMap::new();
        Self { participant, answers, path, read: 0, record, numbers, outstanding: 0, is_connected: false, rests_in: 0 }
    }

    /// Reads the lines that have been written since the last time. A line that is not ended yet is read later; the client's next process cuts it
    /// off if its writer was killed.
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) fn read(&mut self) -> Result<(), TortureError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(TortureError::file("open", &self.path)(error)),
        };
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let sought = file.seek(SeekFrom::Start(self.read));
            let read = sought.and_then(|_| file.by_ref().take(CHUNK).read_to_end(&mut bytes));
            read.map_err(TortureError::file("read", &self.path))?;
            let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') else { return Ok(()) };
            self.read += end as u64 + 1;
            String::from_utf8_lossy(&bytes[..end]).split('\n').for_each(|line| self.take(line));
        }
    }

    /// Notes something that can't be true.
    pub(crate) fn wrong(&mut self, what: String) {
        self.record.wrong(format!("the client in Java: {what}"));
    }

    /// The phase in which the client has come to rest.
    pub(crate) fn rests_in(&self) -> u8 {
        self.rests_in
    }

    /// Whether it has a session.
    pub(crate) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Number of commands without an outcome.
    pub(crate) fn outstanding(&self) -> u64 {
        self.outstanding
    }

    /// All that was read.
    pub(crate) fn into_record(self) -> Record {
        self.record
    }

    fn take(&mut self, line: &str) {
        if self.try_take(line).is_none() {
            self.wrong(format!("it has written {line:?}"));
        }
    }

    /// Takes a line; `None` if it is none of the client's lines.
    fn try_take(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        let mut words = rest.split(' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        match kind {
            "process" => self.is_connected = false,
            "send" | "event" => {
                let (instrument, number, at) = (instrument(number()?)?, number()?, self.answers.at(number()?));
                let message = bytes(words.next()?)?;
                if kind == "send" {
                    self.sent(instrument, number, at, &message);
                } else {
                    self.told(instrument, number, at, &message);
                }
            }
            "gap" => {
                let (instrument, number) = (instrument(number()?)?, number()?);
                self.record.followed.entry(instrument).or_default().last_event = Some(number);
            }
            "applied" => {
                let (instrument, number) = (instrument(number()?)?, number()?);
                self.settle(instrument, number, Outcome::GaveUp { may_have_been_applied: true });
            }
            "session" => {
                self.record.sessions += 1;
                self.is_connected = true;
            }
            "end" => self.is_connected = false,
            "leader" => {}
            "rest" => self.rests_in = u8::try_from(number()?).ok()?,
            "wrong" => self.wrong(rest.to_owned()),
            _ => return None,
        }
        Some(())
    }

    fn sent(&mut self, instrument: InstrumentId, number: u64, at: u64, message: &[u8]) {
        let numbers = self.numbers.entry(instrument).or_default();
        let last = numbers.last().copied().unwrap_or(0);
        if number != last + 1 {
            self.wrong(format!("command {number} of instrument {instrument} follows {last}"));
        }
        let command = Envelope::open(message).ok().and_then(|it| decode_command(self.participant, it).ok().flatten());
        let is_it = |it: &Command| (it.instrument, it.client_sequence) == (instrument, ClientSequence(number));
        let Some(command) = command.filter(is_it) else {
            return self.wrong(format!("command {number} of instrument {instrument} is another message"));
        };
        if number > last {
            self.numbers.entry(instrument).or_default().push(number);
            let sent = Sent { action: fingerprint(&command.action), at, outcome: Outcome::None };
            self.record.followed.entry(instrument).or_default().commands.push(sent);
            self.outstanding += 1;
        }
    }

    fn told(&mut self, instrument: InstrumentId, number: u64, at: u64, message: &[u8]) {
        let report = Envelope::open(message).ok().and_then(|it| decode_report(it).ok().flatten());
        let (me, event) = (self.participant, EventSequence(number));
        let is_it = |it: &Report| (it.participant, it.instrument, it.event_sequence) == (me, instrument, event);
        let Some(report) = report.filter(is_it) else {
            return self.wrong(format!("event {number} of instrument {instrument} is another message"));
        };
        let followed = self.record.followed.entry(instrument).or_default();
        followed.events.push((number, fingerprint(&report)));
        let last = followed.last_event.replace(number).unwrap_or(0);
        if number != last + 1 {
            self.wrong(format!("event {number} of instrument {instrument} was told after {last}"));
        }
        if report.client_sequence.0 > 0 {
            self.settle(
                instrument,
                report.client_sequence.0,
                Outcome::Answered { number: report.client_sequence.0, at },
            );
        }
    }

    /// Gives a command its outcome. More than one event may answer a command.
    fn settle(&mut self, instrument: InstrumentId, number: u64, outcome: Outcome) {
        let at = self.numbers.get(&instrument).and_then(|numbers| numbers.binary_search(&number).ok());
        let followed = self.record.followed.get_mut(&instrument);
        let command = at.zip(followed).and_then(|(at, followed)| followed.commands.get_mut(at));
        match command {
            Some(command) if command.outcome == Outcome::None => {
                command.outcome = outcome;
                self.outstanding -= 1;
            }
            Some(_) => {}
            None => {
                self.wrong(format!("{outcome:?} for command {number} of instrument {instrument}, which it never sent"))
            }
        }
    }
}

fn instrument(number: u64) -> Option<InstrumentId> {
    u32::try_from(number).ok().map(InstrumentId)
}

/// The bytes of a text in hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|it| it.to_digit(16).map(|it| it as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use lugus_codecs::order_entry::{MAXIMUM_COMMAND_LENGTH, MAXIMUM_REPORT_LENGTH, encode_command, encode_report};
    use lugus_vocabulary::{Action, ClientOrderId, EpochNanos, RejectReason, ReportBody};

    use super::*;
    use crate::truth::{ScopeKey, Told};
    use crate::verdict::{History, Program, Verdict};

    const KEY: ScopeKey = (ParticipantId(5), InstrumentId(2));

    fn command(number: u64) -> Command {
        let action = Action::Cancel { orig_client_order_id: ClientOrderId(100 + number) };
        Command { participant: KEY.0, instrument: KEY.1, client_sequence: ClientSequence(number), action }
    }

    fn report(event: u64, command: u64) -> Report {
        Report {
            participant: KEY.0,
            instrument: KEY.1,
            event_sequence: EventSequence(event),
            client_sequence: ClientSequence(command),
            time: EpochNanos(77),
            body: ReportBody::CancelReject {
                orig_client_order_id: ClientOrderId(100 + command),
                client_order_id: ClientOrderId(0),
                reason: RejectReason::UnknownOrder,
                order_status: None,
            },
        }
    }

    fn hex(message: &[u8]) -> String {
        message.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn send(number: u64, command: &Command) -> String {
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        format!("send 2 {number} {} {}\n", 1_000 * number, hex(encode_command(command, &mut buffer)))
    }

    fn event(report: &Report) -> String {
        let mut buffer = [0; MAXIMUM_REPORT_LENGTH];
        let number = report.event_sequence.0;
        format!("event 2 {number} {} {}\n", 1_000 * number + 500, hex(encode_report(report, &mut buffer)))
    }

    /// What the log says when the commands were applied that these events answer.
    fn log(events: &[(u64, u64)]) -> Told {
        let mut told = Told::default();
        for &(event, number) in events {
            let scope = told.scopes.entry(KEY).or_default();
            scope.events.put(event, fingerprint(&report(event, number)));
            if number > 0 && scope.applied.put(number, fingerprint(&command(number).action)) {
                if told.order.is_empty() {
                    told.order.push(Vec::new());
                }
                told.order[0].push((KEY, number));
            }
        }
        told
    }

    fn read(text: &str) -> JavaHistory {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        fs::write(&path, text).unwrap();
        let mut history = JavaHistory::new(KEY.0, path, Arc::new(Answers::new()));
        history.read().unwrap();
        history
    }

    fn verdict(text: &str, told: &Told) -> Verdict {
        let record = read(text).into_record();
        Verdict::of(&[History { participant: KEY.0, program: Program::Java, processes: vec![record] }], told)
    }

    fn counts(verdict: &Verdict) -> ([u64; 3], usize) {
        ([verdict.lost, verdict.duplicated, verdict.out_of_order], verdict.findings.len())
    }

    #[test]
    fn a_journal_is_read_while_it_is_written_also_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut history = JavaHistory::new(KEY.0, path.clone(), Arc::new(Answers::new()));
        history.read().unwrap();
        let mut file = File::create(&path).unwrap();
        write!(file, "process 71\nsession 0 12 1\n{}{}event 2 1 3", send(1, &command(1)), send(2, &command(2)))
            .unwrap();
        history.read().unwrap();
        assert_eq!((history.is_connected(), history.outstanding(), history.rests_in()), (true, 2, 0));
        // Killed in the middle of a line, which the next process cuts off.
        file.set_len(file.metadata().unwrap().len() - "event 2 1 3".len() as u64).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        writeln!(file, "process 72").unwrap();
        history.read().unwrap();
        assert!(!history.is_connected());
        write!(
            file,
            "session 0 13 2\nleader 0 1\n{}{}{}",
            event(&report(1, 1)),
            event(&report(2, 0)),
            event(&report(3, 2))
        )
        .unwrap();
        write!(file, "end 0 no answer\nrest 1\n").unwrap();
        history.read().unwrap();
        assert_eq!((history.is_connected(), history.outstanding(), history.rests_in()), (false, 0, 1));
        let record = history.into_record();
        assert_eq!((record.sessions, record.wrong.as_slice()), (2, [].as_slice()));
        let histories = [History { participant: KEY.0, program: Program::Java, processes: vec![record] }];
        let verdict = Verdict::of(&histories, &log(&[(1, 1), (2, 0), (3, 2)]));
        assert_eq!(counts(&verdict), ([0, 0, 0], 0));
        assert_eq!((verdict.commands, verdict.answered), (2, 2));
        assert_eq!((verdict.java_commands, verdict.java_answered, verdict.java_sessions), (2, 2, 2));
    }

    #[test]
    fn an_answer_that_the_client_never_had_is_told() {
        // It says that command 2 was answered, of which the log knows nothing.
        let text = [send(1, &command(1)), send(2, &command(2)), event(&report(1, 1)), event(&report(2, 2))].concat();
        assert_eq!(counts(&verdict(&text, &log(&[(1, 1), (2, 2)]))), ([0, 0, 0], 0));
        assert_eq!(counts(&verdict(&text, &log(&[(1, 1)]))).0, [2, 0, 0], "the command and the event");
        // The event is another one in the log.
        let mut told = log(&[(1, 1), (2, 2)]);
        told.scopes.get_mut(&KEY).unwrap().events.put(2, 7);
        assert_eq!(counts(&verdict(&text, &told)).0, [1, 0, 0]);
        // An answer to a command that was never sent.
        let unsent = [send(1, &command(1)), event(&report(1, 1)), event(&report(2, 2))].concat();
        assert_eq!(read(&unsent).record.wrong.len(), 1);
    }

    #[test]
    fn numbers_that_are_skipped_or_used_twice_are_told() {
        let skipped = send(1, &command(1)) + &send(3, &command(3));
        let twice = send(1, &command(1)) + &send(1, &command(1));
        let hole = send(1, &command(1)) + &event(&report(2, 1));
        let repeated = [send(1, &command(1)), event(&report(1, 1)), event(&report(1, 1))].concat();
        // The line says another number than the message.
        let other = send(1, &command(2));
        for text in [skipped, twice, hole, repeated, other] {
            assert_eq!(read(&text).record.wrong.len(), 1, "{text}");
            assert!(!verdict(&text, &log(&[])).findings.is_empty());
        }
    }

    #[test]
    fn commands_whose_events_are_lost_may_have_been_applied() {
        let text =
            [send(1, &command(1)), send(2, &command(2)), String::from("gap 2 4\napplied 2 1\n"), event(&report(5, 2))];
        let found = verdict(&text.concat(), &log(&[(1, 1), (2, 0), (3, 0), (4, 0), (5, 2)]));
        assert_eq!(counts(&found), ([0, 0, 0], 0));
        assert_eq!((found.given_up, found.answered), (1, 1));
    }

    #[test]
    fn what_the_client_finds_wrong_and_what_is_no_line_of_its_is_told() {
        for text in ["wrong no event answers command 7\n", "sent 2 1 1 00\n", "send 2 1\n", "event 2 1 1 0\n", "\n"] {
            assert_eq!(read(text).record.wrong.len(), 1, "{text}");
        }
    }
}
