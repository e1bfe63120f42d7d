//! What the oracle tells.

use lugus_vocabulary::{InstrumentId, Reply, Report};

/// One thing that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// An event.
    Report(Report),
    /// An answer that is no event.
    Reply(Reply),
}

impl Told {
    /// The instrument that it is about.
    pub(crate) fn instrument(&self) -> InstrumentId {
        match *self {
            Self::Report(report) | Self::Reply(Reply::Again(report)) => report.instrument,
            Self::Reply(
                Reply::SequenceReject { instrument, .. }
                | Reply::ResumeComplete { instrument, .. }
                | Reply::EventGap { instrument, .. }
                | Reply::Refused { instrument, .. }
                | Reply::Moved { instrument, .. },
            ) => instrument,
        }
    }
}
