//! What the oracle tells.

use lugus_vocabulary::{FirmEvent, FirmReply, InstrumentId, Reply, Report};

/// One thing that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// An event.
    Report(Report),
    /// An answer that is no event.
    Reply(Reply),
    /// An event, as one of its participant's firm.
    FirmEvent(FirmEvent),
    /// An answer to who asks for the events of a firm.
    FirmReply(FirmReply),
}

impl Told {
    /// The instrument that it is about.
    pub(crate) fn instrument(&self) -> InstrumentId {
        match *self {
            Self::Report(report)
            | Self::Reply(Reply::Again(report))
            | Self::FirmEvent(FirmEvent { report, .. })
            | Self::FirmReply(FirmReply::Again(FirmEvent { report, .. })) => report.instrument,
            Self::FirmReply(_) => InstrumentId::NONE,
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
