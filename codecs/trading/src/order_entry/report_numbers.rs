//! What all reports have: who is told, in which scope, under which numbers, and when.

/// Writes the fields that all reports have into any of their encoders.
macro_rules! write_numbers {
    ($encoder:expr, $report:expr) => {
        $encoder
            .event_sequence($report.event_sequence.0)
            .client_sequence($report.client_sequence.0)
            .transact_time($report.time.0)
            .participant_id($report.participant.0)
            .instrument_id($report.instrument.0)
    };
}

/// A report of a body and the fields that all reports have, from any of their decoders.
macro_rules! read_report {
    ($decoder:expr, $body:expr) => {
        lugus_vocabulary::Report {
            participant: lugus_vocabulary::ParticipantId($decoder.participant_id()),
            instrument: lugus_vocabulary::InstrumentId($decoder.instrument_id()),
            event_sequence: lugus_vocabulary::EventSequence($decoder.event_sequence()),
            client_sequence: lugus_vocabulary::ClientSequence($decoder.client_sequence()),
            time: lugus_vocabulary::EpochNanos($decoder.transact_time()),
            body: $body,
        }
    };
}

pub(super) use {read_report, write_numbers};
