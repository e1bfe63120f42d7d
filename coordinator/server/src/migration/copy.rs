//! Copies an instrument's records from the old cluster to the new one. Records are requested a few messages at a time, sent
//! on in order, and kept until the new cluster reports that it has them.
//!
//! A *part* is the run of records in one message.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ExportCursor, ExportManifest, InstrumentId, MigrationId, MigrationOutcome, MigrationReport, MigrationStep,
};

use super::messages::{Action, ClusterRequest, Exported, MAXIMUM_MESSAGES, Party};
use super::move_step::MoveStep;

/// Maximum number of parts kept. The next export request is sent only when there is room for all parts of its answer.
const MAXIMUM_PARTS: usize = 64;
/// Maximum number of parts that have been sent but not yet answered.
const WINDOW: usize = 32;

/// A copy in progress. The instrument is not traded meanwhile, so the copy waits for no answer that it does not need:
/// it requests the export right after the fence, and sends the new cluster the begin, the records and the end without
/// waiting in between. A session delivers them in order; what arrives out of order after the loss of a session is
/// refused and sent again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copying {
    /// Manifest of the export, once the fence has reported it. Nothing is sent to the new cluster before.
    manifest: Option<ExportManifest>,
    begin: Begin,
    /// Number of records that the new cluster has reported as received.
    received: u64,
    /// Position in the export after the last part received.
    cursor: ExportCursor,
    export: Option<Export>,
    /// Parts that the new cluster has not yet reported as received.
    parts: VecDeque<Exported>,
    /// Number of parts, from the first of `parts`, that have been sent.
    sent: usize,
    /// Correlation id of the request that ends the import, once it has been sent.
    end: Option<u64>,
    /// Correlation id of the first request of this copy.
    first_correlation_id: Option<u64>,
    /// First missing record of the last gap after which parts were sent again at once.
    resent_after_gap: Option<u64>,
}

/// State of the request that begins the import at the new cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    NotSent,
    /// Sent with this correlation id, and not answered yet.
    Sent(u64),
    /// The new cluster has accepted the begin.
    Accepted,
}

/// An export request whose answer is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Export {
    correlation_id: u64,
    /// Number of messages of the answer still to come.
    awaited: u16,
}

/// Consequence of a report for the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The report changes nothing.
    Nothing,
    /// The new cluster has received more.
    Progress,
    /// The new cluster has all records, and their state is that of this manifest.
    Whole(ExportManifest),
    /// The state at the new cluster differs from the exported one.
    OtherState,
    /// A cluster refused a request; the copy cannot continue.
    Refused,
}

impl Copying {
    pub(super) fn new() -> Self {
        Self {
            manifest: None,
            begin: Begin::NotSent,
            received: 0,
            cursor: ExportCursor::START,
            export: None,
            parts: VecDeque::with_capacity(MAXIMUM_PARTS),
            sent: 0,
            end: None,
            first_correlation_id: None,
            resent_after_gap: None,
        }
    }

    /// The same copy, after the fence has reported the manifest.
    pub(super) fn after_fence(mut self, manifest: ExportManifest) -> Self {
        self.manifest = Some(manifest);
        self
    }

    /// Number of records that the new cluster has received, and number of all records.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.received, self.manifest.map_or(0, |manifest| manifest.records()))
    }

    /// The step that the copy is at.
    pub(super) fn step(&self) -> MoveStep {
        match self.begin {
            Begin::NotSent | Begin::Sent(_) => MoveStep::Import,
            Begin::Accepted if self.cursor.is_end() && self.parts.is_empty() => MoveStep::Verify,
            Begin::Accepted => MoveStep::Export,
        }
    }

    /// Makes the next [`poll`](Self::poll) send again all unanswered requests, as they may be lost.
    pub(super) fn send_again(&mut self) {
        (self.export, self.end) = (None, None);
        self.sent = 0;
        if self.begin != Begin::Accepted {
            self.begin = Begin::NotSent;
        }
    }

    /// Appends the requests that are due now, except those of held steps.
    pub(super) fn poll(
        &mut self,
        migration: MigrationId,
        instrument: InstrumentId,
        held: &[MoveStep],
        next_correlation_id: &mut u64,
        actions: &mut Vec<Action>,
    ) {
        self.first_correlation_id.get_or_insert(*next_correlation_id);
        let mut send = |party, step| {
            let correlation_id = *next_correlation_id;
            *next_correlation_id += 1;
            let request = ClusterRequest { correlation_id, instrument, migration, step };
            actions.push(Action::Cluster { party, request });
            correlation_id
        };
        if held.contains(&MoveStep::Import) {
            return;
        }
        if let (Some(manifest), Begin::NotSent) = (self.manifest, self.begin) {
            self.begin = Begin::Sent(send(Party::To, MigrationStep::ImportBegin { manifest }));
        }
        if held.contains(&MoveStep::Export) {
            return;
        }
        let has_room = self.parts.len() + usize::from(MAXIMUM_MESSAGES) <= MAXIMUM_PARTS;
        if self.export.is_none() && !self.cursor.is_end() && has_room {
            let step = MigrationStep::Export { cursor: self.cursor, messages: MAXIMUM_MESSAGES };
            let correlation_id = send(Party::From, step);
            self.export = Some(Export { correlation_id, awaited: MAXIMUM_MESSAGES });
        }
        if self.manifest.is_none() {
            return;
        }
        while self.sent < self.parts.len().min(WINDOW) {
            let Exported { first_record, ref records, .. } = self.parts[self.sent];
            send(Party::To, MigrationStep::ImportRecords { first_record, records: records.clone() });
            self.sent += 1;
        }
        let all_sent = self.cursor.is_end() && self.sent == self.parts.len();
        if all_sent && self.end.is_none() && !held.contains(&MoveStep::Verify) {
            self.end = Some(send(Party::To, MigrationStep::ImportEnd { checksum: self.cursor.checksum }));
        }
    }

    /// Takes a part. Returns whether it was the expected one. Any other part is ignored; the next export request asks
    /// for it again.
    pub(super) fn on_exported(&mut self, exported: Exported) -> bool {
        let Some(export) = self.export.as_mut().filter(|export| export.correlation_id == exported.correlation_id)
        else {
            return false;
        };
        if exported.first_record != self.cursor.records {
            return false;
        }
        self.cursor = exported.cursor;
        export.awaited -= 1;
        if export.awaited == 0 || exported.cursor.is_end() {
            self.export = None;
        }
        if exported.cursor.records > self.received {
            self.parts.push_back(exported);
        }
        true
    }

    /// Takes a report, and returns its consequence. When the new cluster reports a gap, all parts that it lacks are
    /// sent again at once. If it reports the same gap again, they are sent again only with the next repeat of
    /// unanswered requests.
    pub(super) fn on_report(&mut self, party: Party, report: &MigrationReport) -> Meaning {
        match party {
            Party::To if self.first_correlation_id.is_some_and(|first| report.correlation_id >= first) => {
                self.on_imported(report)
            }
            Party::From if self.export.is_some_and(|export| export.correlation_id == report.correlation_id) => {
                if report.outcome.is_refusal() { Meaning::Refused } else { Meaning::Nothing }
            }
            _ => Meaning::Nothing,
        }
    }

    fn on_imported(&mut self, report: &MigrationReport) -> Meaning {
        let (is_begin, is_end) =
            (self.begin == Begin::Sent(report.correlation_id), self.end == Some(report.correlation_id));
        match report.outcome {
            MigrationOutcome::Done if is_end => match self.manifest {
                Some(manifest) if manifest == report.manifest => Meaning::Whole(manifest),
                _ => Meaning::OtherState,
            },
            MigrationOutcome::Done => {
                let is_new = self.begin != Begin::Accepted;
                self.begin = Begin::Accepted;
                if self.on_received(report.detail) || is_new { Meaning::Progress } else { Meaning::Nothing }
            }
            MigrationOutcome::Checksum if is_end => Meaning::OtherState,
            MigrationOutcome::Gap => {
                self.end = self.end.filter(|_| !is_end);
                if report.detail >= self.received && self.resent_after_gap != Some(report.detail) {
                    self.resent_after_gap = Some(report.detail);
                    (self.sent, self.end) = (0, None);
                    if self.on_received(report.detail) {
                        return Meaning::Progress;
                    }
                }
                Meaning::Nothing
            }
            // The begin was lost while a later request was not; the begin is repeated.
            _ if self.begin != Begin::Accepted && !is_begin => Meaning::Nothing,
            outcome if outcome.is_refusal() => Meaning::Refused,
            _ => Meaning::Nothing,
        }
    }

    fn on_received(&mut self, received: u64) -> bool {
        if received <= self.received {
            return false;
        }
        self.received = received;
        while self.parts.front().is_some_and(|part| part.cursor.records <= received) {
            self.parts.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        true
    }
}
