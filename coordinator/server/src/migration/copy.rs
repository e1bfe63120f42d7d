//! Records on their way from the old cluster to the new one: asked for some messages at a time, sent on in their order,
//! and kept until the new cluster says that it has them.

use std::collections::VecDeque;

use lugus_partition_map::MigrationId;

use super::messages::{
    Action, ClusterRequest, Cursor, CursorPlace, Exported, Extent, MAXIMUM_MESSAGES, Party, Report, Step, StepOutcome,
};
use super::move_step::MoveStep;

/// Parts kept at most; as many more are only asked for when so many are gone.
const MAXIMUM_PARTS: usize = 64;
/// Parts that the new cluster has not answered at most.
const WINDOW: usize = 32;

/// A copy under way. Nothing is waited for that need not be, as nobody trades meanwhile: the export is asked for behind the
/// fence, and the new cluster is told the beginning, the records and the end one after another. Sessions keep their
/// order; what a lost one upsets is refused, and sent again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copying {
    /// How much it is; nothing goes to the new cluster before the fence has told it.
    extent: Option<Extent>,
    begin: Begin,
    /// Records that the new cluster has.
    received: u64,
    /// After the last part that came.
    cursor: Cursor,
    export: Option<Export>,
    /// Parts that the new cluster may not have.
    parts: VecDeque<Exported>,
    /// How many of them are sent.
    sent: usize,
    /// The number of the request that ends it, once it is sent.
    end: Option<u64>,
    /// Numbers of the requests of this copy: from this one on.
    first_correlation_id: Option<u64>,
    /// The last gap for which parts were sent again at once: the first record that was missing.
    mended: Option<u64>,
}

/// Whether the new cluster knows what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    ToBeTold,
    /// With the request of this number.
    Told(u64),
    Known,
}

/// The export request that is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Export {
    correlation_id: u64,
    /// Messages still to come.
    awaited: u16,
}

/// What a report means for the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Nothing,
    /// It goes on.
    Progress,
    /// The new cluster has all of it.
    Whole(Extent),
    /// The new cluster has something else.
    OtherState,
    /// The copy can't get over it.
    Refused,
}

impl Copying {
    pub(super) fn new() -> Self {
        Self {
            extent: None,
            begin: Begin::ToBeTold,
            received: 0,
            cursor: Cursor::START,
            export: None,
            parts: VecDeque::with_capacity(MAXIMUM_PARTS),
            sent: 0,
            end: None,
            first_correlation_id: None,
            mended: None,
        }
    }

    /// The fence holds, and so much is to come.
    pub(super) fn after_fence(mut self, extent: Extent) -> Self {
        self.extent = Some(extent);
        self
    }

    /// Records that the new cluster has, and of how many.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.received, self.extent.map_or(0, |extent| extent.records()))
    }

    /// What is waited for.
    pub(super) fn step(&self) -> MoveStep {
        match self.begin {
            Begin::ToBeTold | Begin::Told(_) => MoveStep::Import,
            Begin::Known if self.cursor.place == CursorPlace::End && self.parts.is_empty() => MoveStep::Verify,
            Begin::Known => MoveStep::Export,
        }
    }

    /// What is not answered may be lost.
    pub(super) fn send_again(&mut self) {
        (self.export, self.end) = (None, None);
        self.sent = 0;
        if self.begin != Begin::Known {
            self.begin = Begin::ToBeTold;
        }
    }

    /// Appends what is to be sent now, but no step that is held.
    pub(super) fn poll(
        &mut self,
        migration: MigrationId,
        instrument: u32,
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
        if let (Some(extent), Begin::ToBeTold) = (self.extent, self.begin) {
            self.begin = Begin::Told(send(Party::To, Step::ImportBegin { extent }));
        }
        if held.contains(&MoveStep::Export) {
            return;
        }
        let has_room = self.parts.len() + usize::from(MAXIMUM_MESSAGES) <= MAXIMUM_PARTS;
        if self.export.is_none() && self.cursor.place != CursorPlace::End && has_room {
            let correlation_id = send(Party::From, Step::Export { cursor: self.cursor });
            self.export = Some(Export { correlation_id, awaited: MAXIMUM_MESSAGES });
        }
        if self.extent.is_none() {
            return;
        }
        while self.sent < self.parts.len().min(WINDOW) {
            let Exported { first, ref records, .. } = self.parts[self.sent];
            send(Party::To, Step::ImportRecords { first, records: records.clone() });
            self.sent += 1;
        }
        let all_sent = self.cursor.place == CursorPlace::End && self.sent == self.parts.len();
        if all_sent && self.end.is_none() && !held.contains(&MoveStep::Verify) {
            self.end = Some(send(Party::To, Step::ImportEnd { checksum: self.cursor.checksum }));
        }
    }

    /// Whether it brought something new: parts that do not follow the last one are left for the next request.
    pub(super) fn on_exported(&mut self, exported: Exported) -> bool {
        let Some(export) = self.export.as_mut().filter(|export| export.correlation_id == exported.correlation_id)
        else {
            return false;
        };
        if exported.first != self.cursor.records {
            return false;
        }
        self.cursor = exported.cursor;
        export.awaited -= 1;
        if export.awaited == 0 || exported.cursor.place == CursorPlace::End {
            self.export = None;
        }
        if exported.cursor.records > self.received {
            self.parts.push_back(exported);
        }
        true
    }

    /// A gap is answered at once with all that the new cluster has not, but a second time for the same record only when the
    /// time for that has come.
    pub(super) fn on_report(&mut self, party: Party, report: &Report) -> Meaning {
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

    fn on_imported(&mut self, report: &Report) -> Meaning {
        let (is_begin, is_end) =
            (self.begin == Begin::Told(report.correlation_id), self.end == Some(report.correlation_id));
        match report.outcome {
            StepOutcome::Done if is_end => match self.extent {
                Some(extent) if extent == report.extent => Meaning::Whole(extent),
                _ => Meaning::OtherState,
            },
            StepOutcome::Done => {
                let is_new = self.begin != Begin::Known;
                self.begin = Begin::Known;
                if self.on_received(report.detail) || is_new { Meaning::Progress } else { Meaning::Nothing }
            }
            StepOutcome::Checksum if is_end => Meaning::OtherState,
            StepOutcome::Gap => {
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
            // The beginning was lost, and what came behind it was not.
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
