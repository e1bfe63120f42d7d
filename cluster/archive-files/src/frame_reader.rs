//! Reads the frames of a recording in their order.
//!
//! It reads, and does not map, the files: a mapped file that somebody cuts meanwhile would end the process.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::catalog::Recording;
use crate::error::{ArchiveFileError, Damage, Fault};
use crate::frame_header::{ALIGNMENT, FrameHeader, HEADER_LENGTH};

/// Number of bytes that are read at once; longer than any frame with data.
const WINDOW_LENGTH: usize = 1 << 20;

/// What an archive writes in place of a frame's session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameChecksum {
    /// Nothing: only headers are compared.
    None,
    /// The CRC-32C of the payload. Source: `org.agrona`'s `Checksum` as `aeron.archive.record.checksum=CRC-32C` has it.
    Crc32c,
}

/// A frame with data.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Bytes after the header.
    pub payload: &'a [u8],
    /// Flags of the frame, which tell where a message begins and ends.
    pub flags: u8,
    /// Where the frame begins in its term, in bytes.
    pub term_offset: i32,
    /// Position in the recording after the frame, in bytes.
    pub position: i64,
}

/// Reads the frames of a recording.
#[derive(Debug)]
pub struct FrameReader {
    recording: Recording,
    checksum: FrameChecksum,
    /// Position of the next frame, in bytes.
    position: i64,
    /// Position of the frame that was given last, in bytes.
    given: i64,
    last_base: i64,
    /// The open segment file, and the position of its first byte.
    segment: Option<(i64, File)>,
    window: Vec<u8>,
    /// Position of the window's first byte.
    window_position: i64,
    /// Number of bytes in the window.
    window_length: usize,
}

impl FrameReader {
    /// A reader that begins at `position`, where a frame must begin, or at the start of the recording if that is later.
    pub fn new(recording: Recording, position: i64, checksum: FrameChecksum) -> Self {
        let position = position.max(recording.start_position);
        Self {
            position,
            given: position,
            last_base: recording.last_segment_base(),
            recording,
            checksum,
            segment: None,
            window: vec![0; WINDOW_LENGTH],
            window_position: 0,
            window_length: 0,
        }
    }

    /// Position of the next frame, in bytes.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// The next frame with data; `None` at the end of the recording. When nobody knows where the recording ends, it ends with
    /// its last whole frame, if nothing follows. A recording that is being written may have more in the next call.
    ///
    /// # Errors
    /// A file can't be read, or the recording is damaged.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, ArchiveFileError> {
        let header = loop {
            if self.recording.stop_position.is_some_and(|stop| self.position >= stop) {
                return Ok(None);
            }
            let mut header = self.header()?;
            if header.is_err() {
                // What was read may be older than what a running archive has written since.
                self.window_length = 0;
                header = self.header()?;
            }
            match header {
                Ok(header) if header.is_padding => self.position += header.aligned_length() as i64,
                Ok(header) => break header,
                Err(fault) if self.ends_here(fault)? => return Ok(None),
                Err(fault) => return Err(self.damage(fault).into()),
            }
        };
        let begin = (self.position - self.window_position) as usize;
        self.given = self.position;
        self.position += header.aligned_length() as i64;
        Ok(Some(Frame {
            payload: &self.window[begin + HEADER_LENGTH..begin + header.length],
            flags: header.flags,
            term_offset: header.term_offset,
            position: self.position,
        }))
    }

    /// Takes back the frame that was given last: it is the next one again.
    pub fn put_back(&mut self) {
        self.position = self.given;
    }

    /// The header of the next frame, which is whole in the window if it has data, or what is wrong with the frame.
    fn header(&mut self) -> Result<Result<FrameHeader, Fault>, ArchiveFileError> {
        if !self.open_segment()? {
            return Ok(Err(Fault::NoFile));
        }
        let position = self.position;
        self.load(position, HEADER_LENGTH)?;
        let header = FrameHeader::read(&self.recording, position, self.loaded(position));
        let Ok(header) = header else { return Ok(header) };
        if header.is_padding {
            return Ok(Ok(header));
        }
        self.load(position, header.aligned_length())?;
        let payload = self.loaded(position).get(HEADER_LENGTH..header.aligned_length());
        let Some(payload) = payload else { return Ok(Err(Fault::FileEnds)) };
        // The archive's checksum includes what fills the frame up to the next.
        let is_whole =
            self.checksum == FrameChecksum::None || crc32c::crc32c(payload).cast_signed() == header.session_id;
        Ok(if is_whole { Ok(header) } else { Err(Fault::Checksum) })
    }

    /// Opens the segment file that has the next frame; false if it does not exist.
    fn open_segment(&mut self) -> Result<bool, ArchiveFileError> {
        let base = self.recording.segment_base(self.position);
        if self.segment.as_ref().is_some_and(|(open, _)| *open == base) {
            return Ok(true);
        }
        let path = self.recording.segment_path(base);
        match File::open(&path) {
            Ok(file) => {
                self.segment = Some((base, file));
                self.window_length = 0;
                self.last_base = self.last_base.max(base);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(ArchiveFileError::File { path, error }),
        }
    }

    /// Whether the recording, whose end nobody knows, ends before the frame with this fault: nothing follows, and a killed
    /// archive may have written a part of the frame.
    fn ends_here(&mut self, fault: Fault) -> Result<bool, ArchiveFileError> {
        let base = self.recording.segment_base(self.position);
        if self.recording.stop_position.is_some() || base < self.last_base {
            return Ok(false);
        }
        let begin = self.position;
        let length = match fault {
            // The archive makes the next file when it has something to write.
            Fault::NoFile => return Ok(begin == base && base > self.recording.start_position),
            // The archive makes a file in its full length.
            Fault::FileEnds => return Ok(false),
            Fault::Length(_) | Fault::Header | Fault::Type(_) => 0,
            Fault::Checksum => self.cut_frame()?,
        };
        self.is_empty(begin + length, base + self.recording.segment_length)
    }

    /// Length of the frame at hand, if no frame begins in it: a length that is bent may cover other frames.
    fn cut_frame(&mut self) -> Result<i64, ArchiveFileError> {
        let position = self.position;
        self.load(position, WINDOW_LENGTH)?;
        let bytes = self.loaded(position);
        let header_at = |i: usize| FrameHeader::read(&self.recording, position + i as i64, &bytes[i..]);
        let Ok(header) = header_at(0) else { return Ok(0) };
        let length = header.aligned_length();
        let has_frame = (ALIGNMENT..length.min(bytes.len())).step_by(ALIGNMENT).any(|i| header_at(i).is_ok());
        Ok(if has_frame { 0 } else { length as i64 })
    }

    /// Whether there are only zeros between two positions of the open segment.
    fn is_empty(&mut self, from: i64, to: i64) -> Result<bool, ArchiveFileError> {
        let mut position = from;
        while position < to {
            self.load(position, WINDOW_LENGTH)?;
            let bytes = self.loaded(position);
            let length = bytes.len().min((to - position) as usize);
            if length == 0 {
                return Ok(true);
            }
            if bytes[..length].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            position += length as i64;
        }
        Ok(true)
    }

    /// Reads so that the window has `wanted` bytes from `position` on, or all that the open segment has.
    fn load(&mut self, position: i64, wanted: usize) -> Result<(), ArchiveFileError> {
        let Some((base, file)) = &self.segment else { return Ok(()) };
        if self.loaded(position).len() >= wanted {
            return Ok(());
        }
        (self.window_position, self.window_length) = (position, 0);
        while self.window_length < self.window.len() {
            let offset = (position - base) as u64 + self.window_length as u64;
            match file.read_at(&mut self.window[self.window_length..], offset) {
                Ok(0) => break,
                Ok(read) => self.window_length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let path = self.recording.segment_path(*base);
                    return Err(ArchiveFileError::File { path, error });
                }
            }
        }
        Ok(())
    }

    /// What the window has from `position` on.
    fn loaded(&self, position: i64) -> &[u8] {
        let skipped = usize::try_from(position - self.window_position).unwrap_or(usize::MAX);
        self.window[..self.window_length].get(skipped..).unwrap_or_default()
    }

    /// Position after the last whole frame of a recording. Where nobody has noted it, only the headers of the last segment file
    /// are read, and damage there ends the recording.
    pub fn end_position(recording: &Recording) -> i64 {
        if let Some(stop) = recording.stop_position {
            return stop;
        }
        let mut reader = Self::new(recording.clone(), recording.last_segment_base(), FrameChecksum::None);
        while let Ok(Some(_)) = reader.next_frame() {}
        reader.position()
    }

    fn damage(&self, fault: Fault) -> Damage {
        let base = self.recording.segment_base(self.position);
        Damage { position: self.position, path: self.recording.segment_path(base), offset: self.position - base, fault }
    }
}
