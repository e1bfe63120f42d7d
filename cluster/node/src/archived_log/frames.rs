//! The frames of a log, which a second thread reads and checks ahead of their use.
//!
//! Reading and checksums take about a quarter of the time of a replay. The thread reads only what was written when it began, and
//! ends at the first thing that it can't read; from there on the frames are read by their user, who finds the same.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use aeron_archive_files::{ArchiveFileError, Frame, FrameChecksum, FrameReader, Recording};

/// Bytes of frames that the thread hands over at once.
const BATCH_LENGTH: usize = 512 * 1024;

/// Number of batches that wait for their use.
const BATCHES: usize = 4;

/// Logs that are shorter are read without a thread.
const SHORT_LOG: i64 = 4 * BATCH_LENGTH as i64;

/// Reads the frames of a log in their order.
pub(super) struct LogFrames {
    recording: Recording,
    checksum: FrameChecksum,
    /// What the thread has read, until it has ended.
    ahead: Option<Ahead>,
    batch: Batch,
    /// Index of the next frame in the batch.
    next: usize,
    /// Position after the frame that was given last, and after the one before, in bytes.
    position: i64,
    position_before: i64,
    /// Reads what the thread has not read.
    reader: Option<FrameReader>,
}

/// The ends of both channels: full batches come, used ones go back.
struct Ahead {
    full: Receiver<Batch>,
    used: SyncSender<Batch>,
}

/// Frames with data, one after the other.
#[derive(Default)]
struct Batch {
    payloads: Vec<u8>,
    frames: Vec<FrameOfBatch>,
}

#[derive(Clone, Copy)]
struct FrameOfBatch {
    begin: usize,
    end: usize,
    flags: u8,
    term_offset: i32,
    position: i64,
}

impl LogFrames {
    /// A reader that begins at `position`, where a frame must begin, or at the start of the recording if that is later.
    pub(super) fn new(recording: Recording, position: i64, checksum: FrameChecksum) -> Self {
        let position = position.max(recording.start_position);
        let end = FrameReader::end_position(&recording);
        let ahead = (end - position >= SHORT_LOG).then(|| {
            let reader = FrameReader::new(recording.clone(), position, checksum);
            let (full_sender, full) = sync_channel(BATCHES);
            let (used, used_receiver) = sync_channel(BATCHES);
            thread::spawn(move || read(reader, end, &full_sender, &used_receiver));
            Ahead { full, used }
        });
        Self {
            recording,
            checksum,
            ahead,
            batch: Batch::default(),
            next: 0,
            position,
            position_before: position,
            reader: None,
        }
    }

    /// Position after the frame that was given last, in bytes.
    #[inline]
    pub(super) fn position(&self) -> i64 {
        self.reader.as_ref().map_or(self.position, FrameReader::position)
    }

    /// The next frame with data; `None` at the end of the recording, which may have more in the next call.
    ///
    /// # Errors
    /// As [`FrameReader::next_frame`].
    #[inline]
    pub(super) fn next_frame(&mut self) -> Result<Option<Frame<'_>>, ArchiveFileError> {
        if self.next == self.batch.frames.len() {
            self.next_batch();
        }
        match self.batch.frames.get(self.next) {
            Some(FrameOfBatch { begin, end, flags, term_offset, position }) => {
                self.next += 1;
                self.position_before = std::mem::replace(&mut self.position, *position);
                let payload = &self.batch.payloads[*begin..*end];
                Ok(Some(Frame { payload, flags: *flags, term_offset: *term_offset, position: *position }))
            }
            None => self.read_here(),
        }
    }

    /// Takes back the frame that was given last: it is the next one again.
    pub(super) fn put_back(&mut self) {
        match &mut self.reader {
            Some(reader) => reader.put_back(),
            None => {
                self.next = self.next.saturating_sub(1);
                self.position = self.position_before;
            }
        }
    }

    fn read_here(&mut self) -> Result<Option<Frame<'_>>, ArchiveFileError> {
        let Self { recording, position, checksum, .. } = self;
        let reader = self.reader.get_or_insert_with(|| FrameReader::new(recording.clone(), *position, *checksum));
        reader.next_frame()
    }

    #[cold]
    fn next_batch(&mut self) {
        let Some(Ahead { full, used }) = &self.ahead else { return };
        self.next = 0;
        match full.recv() {
            Ok(batch) => {
                // If the thread has ended, nobody needs the used one.
                let _ = used.try_send(std::mem::replace(&mut self.batch, batch));
            }
            Err(_) => {
                self.ahead = None;
                self.batch = Batch::default();
            }
        }
    }
}

impl Batch {
    fn push(&mut self, frame: &Frame<'_>) {
        let begin = self.payloads.len();
        self.payloads.extend_from_slice(frame.payload);
        let end = self.payloads.len();
        let Frame { flags, term_offset, position, .. } = *frame;
        self.frames.push(FrameOfBatch { begin, end, flags, term_offset, position });
    }
}

/// Reads up to the position `end`, or to what can't be read, or until nobody takes the frames any more.
fn read(mut reader: FrameReader, end: i64, full: &SyncSender<Batch>, used: &Receiver<Batch>) {
    loop {
        let mut batch = used.try_recv().unwrap_or_default();
        batch.payloads.clear();
        batch.frames.clear();
        let mut goes_on = true;
        while batch.payloads.len() < BATCH_LENGTH {
            match reader.next_frame() {
                Ok(Some(frame)) if frame.position <= end => batch.push(&frame),
                Ok(_) | Err(_) => {
                    goes_on = false;
                    break;
                }
            }
        }
        if (!batch.frames.is_empty() && full.send(batch).is_err()) || !goes_on {
            return;
        }
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
