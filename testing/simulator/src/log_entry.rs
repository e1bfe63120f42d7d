//! What a leader has written to its group's log, beside the bytes.

/// An entry of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogEntry {
    /// Position of the log after it, in bytes.
    pub(crate) end: i64,
    pub(crate) entry: Entry,
}

/// What an entry is.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// A leadership term begins.
    Term,
    /// The client at this seat has a session.
    Open { session_id: i64, seat: usize },
    /// A session has ended.
    Close { session_id: i64 },
    /// A message of a session.
    Message { session_id: i64 },
    /// A timer has fired.
    Timer { correlation_id: i64 },
    /// All members take a snapshot.
    Snapshot,
}
