//! A log in memory, which the members of a simulated cluster share.
//!
//! Members of a real cluster have a log each. What a majority has is the same in all of them, and a service reads no
//! further; so one log serves all members, each up to the position that it has.

use std::cell::RefCell;
use std::rc::Rc;

use aeron_support::{BEGIN_FRAGMENT_FLAG, END_FRAGMENT_FLAG, Fragment};

/// Length of a frame's header, and its alignment, in bytes.
const FRAME_ALIGNMENT: usize = 32;

#[derive(Debug)]
struct Frame {
    /// Position of the log before the frame, in bytes.
    begin: i64,
    /// Position after it.
    end: i64,
    flags: u8,
    payload: Box<[u8]>,
}

#[derive(Debug, Default)]
struct Frames {
    frames: Vec<Frame>,
    end: i64,
}

/// A log in memory. Clones are the same log.
#[derive(Debug, Clone)]
pub struct SimulatedLog {
    shared: Rc<RefCell<Frames>>,
    maximum_payload: usize,
}

impl SimulatedLog {
    /// An empty log, whose frames have at most `maximum_payload` bytes after their headers: longer messages are split.
    pub fn new(maximum_payload: usize) -> Self {
        Self { shared: Rc::default(), maximum_payload: maximum_payload.max(1) }
    }

    /// Appends a message. Returns the position after it.
    pub fn append(&self, message: &[u8]) -> i64 {
        let mut log = self.shared.borrow_mut();
        let parts = message.len().div_ceil(self.maximum_payload).max(1);
        for part in 0..parts {
            let from = part * self.maximum_payload;
            let payload = &message[from..message.len().min(from + self.maximum_payload)];
            let first = if part == 0 { BEGIN_FRAGMENT_FLAG } else { 0 };
            let last = if part + 1 == parts { END_FRAGMENT_FLAG } else { 0 };
            let begin = log.end;
            log.end += (FRAME_ALIGNMENT + payload.len()).next_multiple_of(FRAME_ALIGNMENT) as i64;
            let end = log.end;
            log.frames.push(Frame { begin, end, flags: first | last, payload: payload.into() });
        }
        log.end
    }

    /// Position after the last message, in bytes.
    pub fn end(&self) -> i64 {
        self.shared.borrow().end
    }

    /// The position after the first frame that begins at `position` or behind it; `position` at the end of the log.
    pub fn after_next_frame(&self, position: i64) -> i64 {
        let log = self.shared.borrow();
        log.frames.get(log.index_at(position)).map_or(position, |frame| frame.end)
    }

    /// Removes what is behind a position at which a frame ends: a leader was lost that alone had it.
    pub fn truncate(&self, position: i64) {
        let mut log = self.shared.borrow_mut();
        let keep = log.index_at(position);
        log.frames.truncate(keep);
        log.end = log.frames.last().map_or(0, |frame| frame.end);
    }

    /// Calls `handler` with the frames from `position` on that begin before `limit`, at most `maximum` of them, for as long as it
    /// returns true. Returns the position after the last of these.
    pub fn read(
        &self,
        position: i64,
        limit: i64,
        maximum: usize,
        mut handler: impl FnMut(&Fragment<'_>) -> bool,
    ) -> i64 {
        let log = self.shared.borrow();
        let mut reached = position;
        let first = log.index_at(position);
        for frame in log.frames.iter().skip(first).take_while(|frame| frame.begin < limit).take(maximum) {
            reached = frame.end;
            let fragment = Fragment {
                payload: &frame.payload,
                flags: frame.flags,
                session_id: 0,
                term_offset: frame.begin as i32,
                position: frame.end,
            };
            if !handler(&fragment) {
                break;
            }
        }
        reached
    }
}

impl Frames {
    /// Index of the first frame that begins at `position` or behind it.
    fn index_at(&self, position: i64) -> usize {
        self.frames.partition_point(|frame| frame.begin < position)
    }
}
