//! Records on their way from the old cluster to the new one: they are asked for some messages at a time, sent on in their
//! order, and kept until the new cluster says that it has them.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ExportCursor, ExportManifest, InstrumentId, MigrationId, MigrationOutcome, MigrationReport, MigrationStep,
};

use super::messages::{Action, ClusterRequest, Exported, MAXIMUM_MESSAGES, Party};
use super::move_step::MoveStep;

/// Maximum number of parts that are kept. More are asked for only when there is room for all of them.
const MAXIMUM_PARTS: usize = 64;
/// Maximum number of parts that are sent and not answered.
const WINDOW: usize = 32;

/// A copy under way. As nobody trades meanwhile, the copy waits for no answer that it does not need: the export is asked
/// for right behind the fence, and the new cluster is sent the begin, the records and the end one after another. A session
/// keeps their order; what arrives out of order after a lost session is refused, and sent again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copying {
    /// What is to be copied. Nothing is sent to the new cluster before the fence has told it.
    manifest: Option<ExportManifest>,
    begin: Begin,
    /// Number of records that the new cluster has.
    received: u64,
    /// Position after the last part that came.
    cursor: ExportCursor,
    export: Option<Export>,
    /// Parts that the new cluster may lack.
    parts: VecDeque<Exported>,
    /// Number of these parts that are sent.
    sent: usize,
    /// Number of the request that ends the import, once it is sent.
    end: Option<u64>,
    /// Number of the first request of this copy.
    first_correlation_id: Option<u64>,
    /// The first missing record of the last gap for which parts were sent again at once.
    mended: Option<u64>,
}

/// Whether the new cluster has been told what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    ToBeTold,
    /// Told by the request with this number, which is not answered yet.
    Told(u64),
    Known,
}

/// The export request that is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Export {
    correlation_id: u64,
    /// Number of messages still to come.
    awaited: u16,
}

/// What a report means for the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Nothing,
    /// The copy goes on.
    Progress,
    /// The new cluster has everything.
    Whole(ExportManifest),
    /// The new cluster has another state than was exported.
    OtherState,
    /// The copy cannot go on.
    Refused,
}

impl Copying {
    pub(super) fn new() -> Self {
        Self {
            manifest: None,
            begin: Begin::ToBeTold,
            received: 0,
            cursor: ExportCursor::START,
            export: None,
            parts: VecDeque::with_capacity(MAXIMUM_PARTS),
            sent: 0,
            end: None,
            first_correlation_id: None,
            mended: None,
        }
    }

    /// The same copy once the fence has told the manifest.
    pub(super) fn after_fence(mut self, manifest: ExportManifest) -> Self {
        self.manifest = Some(manifest);
        self
    }

    /// Number of records that the new cluster has, and number of all records.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.received, self.manifest.map_or(0, |manifest| manifest.records()))
    }

    /// The step that is waited for.
    pub(super) fn step(&self) -> MoveStep {
        match self.begin {
            Begin::ToBeTold | Begin::Told(_) => MoveStep::Import,
            Begin::Known if self.cursor.is_end() && self.parts.is_empty() => MoveStep::Verify,
            Begin::Known => MoveStep::Export,
        }
    }

    /// Sends again what is not answered, as it may be lost.
    pub(super) fn send_again(&mut self) {
        (self.export, self.end) = (None, None);
        self.sent = 0;
        if self.begin != Begin::Known {
            self.begin = Begin::ToBeTold;
        }
    }

    /// Appends the requests that are to be sent now, except those of held steps.
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
        if let (Some(manifest), Begin::ToBeTold) = (self.manifest, self.begin) {
            self.begin = Begin::Told(send(Party::To, MigrationStep::ImportBegin { manifest }));
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

    /// Takes a part; returns whether it brought anything new. A part that does not follow the last one is ignored: the next
    /// request asks for it again.
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

    /// Takes a report, and returns what it means. After a gap, all that the new cluster lacks is sent again at once; a second
    /// time for the same record only when the request is repeated anyway.
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
            (self.begin == Begin::Told(report.correlation_id), self.end == Some(report.correlation_id));
        match report.outcome {
            MigrationOutcome::Done if is_end => match self.manifest {
                Some(manifest) if manifest == report.manifest => Meaning::Whole(manifest),
                _ => Meaning::OtherState,
            },
            MigrationOutcome::Done => {
                let is_new = self.begin != Begin::Known;
                self.begin = Begin::Known;
                if self.on_received(report.detail) || is_new { Meaning::Progress } else { Meaning::Nothing }
            }
            MigrationOutcome::Checksum if is_end => Meaning::OtherState,
            MigrationOutcome::Gap => {
                self.end = self.end.filter(|_| !is_end);
                if report.detail >= self.received && self.mended != Some(report.detail) {
                    self.mended = Some(report.detail);
                    (self.sent, self.end) = (0, None);
                    if self.on_received(report.detail) {
                        return Meaning::Progress;
                    }
                }
                Meaning::Nothing
            }
            // The begin was lost, and what was sent after it was not.
            _ if self.begin != Begin::Known && !is_begin => Meaning::Nothing,
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
