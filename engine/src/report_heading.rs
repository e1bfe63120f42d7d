//! What all reports have in common: a report without its body.

use lugus_vocabulary::{ClientSequence, EpochNanos, EventSequence, InstrumentId, ParticipantId, Report, ReportBody};

/// A report without its body.
///
/// Executions travel through the engine as a heading and a body that is never copied: see
/// [`crate::reporter::Reporter::tell_execution`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportHeading {
    pub(crate) participant: ParticipantId,
    pub(crate) instrument: InstrumentId,
    pub(crate) event_sequence: EventSequence,
    pub(crate) client_sequence: ClientSequence,
    pub(crate) time: EpochNanos,
}

impl ReportHeading {
    #[inline(always)]
    pub(crate) fn of(report: &Report) -> Self {
        let Report { participant, instrument, event_sequence, client_sequence, time, .. } = *report;
        Self { participant, instrument, event_sequence, client_sequence, time }
    }

    /// The whole report.
    #[inline(always)]
    pub(crate) fn with_body(self, body: ReportBody) -> Report {
        let Self { participant, instrument, event_sequence, client_sequence, time } = self;
        Report { participant, instrument, event_sequence, client_sequence, time, body }
    }
}
