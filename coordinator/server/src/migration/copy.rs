//! Copies an instrument's records from the old cluster to the new one: ahead of the fence, the rest after it, or all of them
//! after it. Records are requested a few messages at a time, sent on in order, and kept until the new cluster reports that it
//! has them.
//!
//! A *part* is the run of records in one message.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ExportCursor, ExportKind, ExportManifest, InstrumentId, MigrationId, MigrationOutcome, MigrationReport,
    MigrationStep,
};

use super::messages::{Action, ClusterRequest, Exported, MAXIMUM_MESSAGES, MESSAGES_AHEAD, Party};
use super::move_step::MoveStep;

/// Maximum number of parts that have been sent but not yet answered. Twice as many are kept: the next export request is sent only
/// when there is room for all parts of its answer.
const WINDOW: usize = 32;
/// The same ahead of the fence: the new cluster trades other instruments, and nobody waits.
const WINDOW_AHEAD: usize = 8;

/// A copy in progress. Unless it is ahead of the fence, the instrument is not traded meanwhile, so the copy waits for no answer
/// that it does not need: it requests the export right after the fence, and sends the new cluster the begin, the records and
/// the end without waiting in between. A session delivers them in order; what arrives out of order after the loss of a session
/// is refused and sent again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copying {
    kind: ExportKind,
    /// Manifest of the export, once the fence has reported it. Nothing is sent to the new cluster before.
    manifest: Option<ExportManifest>,
    begin: Begin,
    /// Number of records that the new cluster has reported as received; in the copy of a rest, those copied ahead are counted.
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
    /// What was copied ahead is of no use, as a cluster does not have it any more: all has to be copied after the fence.
    NotAhead,
}

impl Copying {
    /// A copy of all records.
    pub(super) fn new() -> Self {
        Self::of_kind(ExportKind::Whole, ExportCursor::START)
    }

    /// A copy ahead of the fence.
    pub(super) fn ahead() -> Self {
        Self::of_kind(ExportKind::Ahead, ExportCursor::START_AHEAD)
    }

    /// The copy of the rest, after this copy ahead of the fence.
    pub(super) fn rest(&self) -> Self {
        let received = self.received;
        Self { received, ..Self::of_kind(ExportKind::Rest, self.cursor.start_of_rest()) }
    }

    fn of_kind(kind: ExportKind, cursor: ExportCursor) -> Self {
        Self {
            kind,
            manifest: None,
            begin: Begin::NotSent,
            received: 0,
            cursor,
            export: None,
            parts: VecDeque::new(),
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

    /// Whether this is a copy ahead of the fence, or of the rest after it.
    pub(super) fn needs_ahead(&self) -> bool {
        self.kind != ExportKind::Whole
    }

    /// Whether the new cluster has all records that were to be copied ahead of the fence.
    pub(super) fn is_copied_ahead(&self) -> bool {
        self.kind == ExportKind::Ahead && self.cursor.kind == ExportKind::Rest && self.parts.is_empty()
    }

    /// The manifest, once the fence has reported it.
    pub(super) fn manifest(&self) -> Option<ExportManifest> {
        self.manifest
    }

    /// Number of records that the new cluster has received, and number of all records; 0 if that is not known.
    pub(super) fn progress(&self) -> (u64, u64) {
        let whole = self.manifest.filter(|_| self.kind == ExportKind::Whole);
        (self.received, whole.map_or(0, |manifest| manifest.records()))
    }

    /// The step that the copy is at.
    pub(super) fn step(&self) -> MoveStep {
        match self.begin {
            _ if self.kind == ExportKind::Ahead => MoveStep::CopyAhead,
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

    /// Whether all parts are here.
    fn is_exported(&self) -> bool {
        self.cursor.is_end() || self.is_walked()
    }

    /// Whether all parts are here that are copied ahead.
    fn is_walked(&self) -> bool {
        self.kind == ExportKind::Ahead && self.cursor.kind == ExportKind::Rest
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
        let is_whole = self.kind == ExportKind::Whole;
        let mut send = |party, step| {
            let correlation_id = *next_correlation_id;
            *next_correlation_id += 1;
            let is_ahead = match step {
                MigrationStep::ImportAhead => true,
                MigrationStep::ImportRecords { .. } => !is_whole,
                _ => false,
            };
            let migration = if is_ahead { migration.ahead() } else { migration };
            let request = ClusterRequest { correlation_id, instrument, migration, step };
            actions.push(Action::Cluster { party, request });
            correlation_id
        };
        if self.kind == ExportKind::Ahead {
            if self.begin == Begin::NotSent {
                self.begin = Begin::Sent(send(Party::To, MigrationStep::ImportAhead));
            }
            // Trading goes on, so the copy may wait until the new cluster has answered.
            if self.begin != Begin::Accepted {
                return;
            }
        } else if held.contains(&MoveStep::Import) {
            return;
        }
        match (self.manifest, self.begin, self.kind) {
            (Some(manifest), Begin::NotSent, ExportKind::Whole) => {
                self.begin = Begin::Sent(send(Party::To, MigrationStep::ImportBegin { manifest }));
            }
            // The import has begun ahead of the fence.
            (Some(_), _, ExportKind::Rest) => self.begin = Begin::Accepted,
            _ => {}
        }
        if self.kind != ExportKind::Ahead && held.contains(&MoveStep::Export) {
            return;
        }
        let (messages, window) =
            if self.kind == ExportKind::Ahead { (MESSAGES_AHEAD, WINDOW_AHEAD) } else { (MAXIMUM_MESSAGES, WINDOW) };
        let has_room = self.parts.len() + usize::from(messages) <= 2 * window;
        if self.export.is_none() && !self.is_exported() && has_room {
            let correlation_id = send(Party::From, MigrationStep::Export { cursor: self.cursor, messages });
            self.export = Some(Export { correlation_id, awaited: messages });
        }
        if self.manifest.is_none() && self.kind != ExportKind::Ahead {
            return;
        }
        while self.sent < self.parts.len().min(window) {
            let Exported { first_record, ref records, .. } = self.parts[self.sent];
            send(Party::To, MigrationStep::ImportRecords { first_record, records: records.clone() });
            self.sent += 1;
        }
        let all_sent = self.cursor.is_end() && self.sent == self.parts.len();
        let ExportCursor { records, checksum, .. } = self.cursor;
        let step = match self.manifest {
            Some(manifest) if self.kind == ExportKind::Rest => {
                MigrationStep::ImportComplete { manifest, records, checksum }
            }
            _ => MigrationStep::ImportEnd { checksum },
        };
        if all_sent && self.end.is_none() && !held.contains(&MoveStep::Verify) {
            self.end = Some(send(Party::To, step));
        }
    }

    /// Takes a part. Returns whether it was the expected one. Any other part is ignored; the next export request asks
    /// for it again.
    pub(super) fn on_exported(&mut self, exported: Exported) -> bool {
        let is_ahead = self.kind == ExportKind::Ahead;
        let export = self.export.filter(|export| export.correlation_id == exported.correlation_id);
        // What is copied ahead is sent once. So it is also taken if it answers a request that has been repeated since.
        if (export.is_none() && !is_ahead) || exported.first_record != self.cursor.records || self.is_exported() {
            return false;
        }
        self.cursor = exported.cursor;
        if let Some(mut export) = export {
            export.awaited -= 1;
            self.export = Some(export).filter(|export| export.awaited > 0 && !self.is_exported());
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
                match report.outcome {
                    // The request was repeated while the answer was on its way, and nothing is lost.
                    MigrationOutcome::UnknownCursor
                        if self.kind == ExportKind::Ahead
                            && report.detail == self.cursor.records
                            && report.detail > 0 =>
                    {
                        self.export = None;
                        Meaning::Nothing
                    }
                    outcome if !outcome.is_refusal() => Meaning::Nothing,
                    _ if self.kind == ExportKind::Whole => Meaning::Refused,
                    _ => Meaning::NotAhead,
                }
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
            // Another mover has copied ahead, and it is not known what.
            MigrationOutcome::Done if is_begin && self.kind == ExportKind::Ahead && report.detail > 0 => {
                Meaning::NotAhead
            }
            MigrationOutcome::Done => {
                let is_new = self.begin != Begin::Accepted;
                self.begin = Begin::Accepted;
                if self.on_received(report.detail) || is_new { Meaning::Progress } else { Meaning::Nothing }
            }
            MigrationOutcome::Checksum if is_end && self.kind == ExportKind::Whole => Meaning::OtherState,
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
            outcome if outcome.is_refusal() && self.kind == ExportKind::Whole => Meaning::Refused,
            outcome if outcome.is_refusal() => Meaning::NotAhead,
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
