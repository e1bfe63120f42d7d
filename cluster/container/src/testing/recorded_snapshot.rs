//! A snapshot in memory.

use crate::service_error::ServiceError;
use crate::snapshot::{SnapshotPoll, SnapshotReader, SnapshotWriter};

/// Longest message of the default snapshot channel, in bytes: an eighth of Aeron's default IPC term.
const DEFAULT_MAX_MESSAGE_LENGTH: usize = 8 * 1024 * 1024;
/// Greatest number of messages that one poll reads.
const POLL_LIMIT: usize = 2;

/// A snapshot in memory: write it as a [`SnapshotWriter`], and read it with [`RecordedSnapshot::reader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSnapshot {
    /// The messages of the service, in the order in which they were written. A test may change them.
    pub messages: Vec<Vec<u8>>,
    max_message_length: usize,
}

impl RecordedSnapshot {
    /// An empty snapshot, which accepts messages of up to 8 MiB.
    pub fn new() -> Self {
        Self { messages: Vec::new(), max_message_length: DEFAULT_MAX_MESSAGE_LENGTH }
    }

    /// An empty snapshot, which accepts messages of up to `max_message_length` bytes.
    pub fn with_max_message_length(max_message_length: usize) -> Self {
        Self { max_message_length, ..Self::new() }
    }

    /// A reader that begins at the first message.
    pub fn reader(&self) -> RecordedSnapshotReader<'_> {
        RecordedSnapshotReader { messages: &self.messages, has_idled: false }
    }
}

impl Default for RecordedSnapshot {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Vec<Vec<u8>>> for RecordedSnapshot {
    fn from(messages: Vec<Vec<u8>>) -> Self {
        Self { messages, ..Self::new() }
    }
}

impl SnapshotWriter for RecordedSnapshot {
    fn offer(&mut self, message: &[u8]) -> Result<(), ServiceError> {
        if message.len() > self.max_message_length {
            let (length, maximum) = (message.len(), self.max_message_length);
            return Err(ServiceError::message(format!("message of {length} bytes is longer than {maximum}")));
        }
        self.messages.push(message.to_vec());
        Ok(())
    }

    fn keep_alive(&mut self) -> Result<(), ServiceError> {
        Ok(())
    }

    fn max_message_length(&self) -> usize {
        self.max_message_length
    }
}

/// Reads a [`RecordedSnapshot`]. Every other poll finds that nothing has arrived, as it may happen in a replay.
#[derive(Debug)]
pub struct RecordedSnapshotReader<'a> {
    /// The messages that have not been read.
    messages: &'a [Vec<u8>],
    has_idled: bool,
}

impl SnapshotReader for RecordedSnapshotReader<'_> {
    fn poll(
        &mut self,
        handler: &mut dyn FnMut(&[u8]) -> Result<(), ServiceError>,
    ) -> Result<SnapshotPoll, ServiceError> {
        self.has_idled = !self.has_idled;
        if self.has_idled {
            return Ok(SnapshotPoll::Idle);
        }
        let (next, rest) = self.messages.split_at(self.messages.len().min(POLL_LIMIT));
        if next.is_empty() {
            return Ok(SnapshotPoll::End);
        }
        self.messages = rest;
        next.iter().try_for_each(|message| handler(message))?;
        Ok(SnapshotPoll::Messages(next.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(snapshot: &RecordedSnapshot) -> Result<(Vec<Vec<u8>>, Vec<SnapshotPoll>), ServiceError> {
        let (mut messages, mut polls) = (Vec::new(), Vec::new());
        let mut reader = snapshot.reader();
        while polls.last() != Some(&SnapshotPoll::End) {
            polls.push(reader.poll(&mut |message| {
                if message.is_empty() {
                    return Err(ServiceError::message("an empty message"));
                }
                messages.push(message.to_vec());
                Ok(())
            })?);
        }
        Ok((messages, polls))
    }

    #[test]
    fn what_is_written_is_read_in_parts() {
        let mut snapshot = RecordedSnapshot::with_max_message_length(3);
        for message in [&b"one"[..], b"two", b"3"] {
            snapshot.offer(message).unwrap();
        }
        assert_eq!(snapshot.offer(b"four").unwrap_err().to_string(), "message of 4 bytes is longer than 3");
        let (messages, polls) = read(&snapshot).unwrap();
        assert_eq!(messages, snapshot.messages);
        use SnapshotPoll::{End, Idle, Messages};
        assert_eq!(polls, [Idle, Messages(2), Idle, Messages(1), Idle, End]);
    }

    #[test]
    fn the_error_of_the_handler_ends_the_poll() {
        let snapshot = RecordedSnapshot::from(vec![b"one".to_vec(), Vec::new()]);
        assert_eq!(read(&snapshot).unwrap_err().to_string(), "an empty message");
    }
}
