//! Records on their way from the old cluster to the new one: asked for some messages at a time, sent on in their order,
//! and kept until the new cluster says that it has them.

use std::collections::VecDeque;

use lugus_partition_map::MigrationId;

use super::messages::{
    Action, ClusterRequest, Cursor, CursorPlace, Exported, Extent, MAXIMUM_MESSAGES, Party, Report, Step, StepOutcome,
};

/// Parts kept at most; as many more are only asked for when so many are gone.
const MAXIMUM_PARTS: usize = 64;
/// Parts that the new cluster has not answered at most.
const WINDOW: usize = 32;

/// A copy under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copying {
    extent: Extent,
    /// Records that the new cluster has.
    received: u64,
    /// After the last part that came.
    cursor: Cursor,
    export: Option<Export>,
    /// Parts that the new cluster may not have.
    parts: VecDeque<Exported>,
    /// How many of them are sent.
    sent: usize,
    /// Numbers of the requests of this copy: from this one on.
    first_correlation_id: Option<u64>,
    /// The last gap for which parts were sent again at once: the first record that was missing.
    mended: Option<u64>,
}

/// The export request that is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Export {
    correlation_id: u64,
    /// Messages still to come.
    awaited: u16,
}

impl Copying {
    /// The new cluster has `received` records already.
    pub(super) fn new(extent: Extent, received: u64) -> Self {
        Self {
            extent,
            received,
            cursor: Cursor::START,
            export: None,
            parts: VecDeque::with_capacity(MAXIMUM_PARTS),
            sent: 0,
            first_correlation_id: None,
            mended: None,
        }
    }

    pub(super) fn extent(&self) -> Extent {
        self.extent
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The export's checksum, once the new cluster has all of it.
    pub(super) fn whole(&self) -> Option<u64> {
        let is_whole = self.cursor.place == CursorPlace::End && self.parts.is_empty();
        is_whole.then_some(self.cursor.checksum)
    }

    /// What is not answered may be lost.
    pub(super) fn send_again(&mut self) {
        self.export = None;
        self.sent = 0;
    }

    pub(super) fn poll(
        &mut self,
        migration: MigrationId,
        instrument: u32,
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
        let has_room = self.parts.len() + usize::from(MAXIMUM_MESSAGES) <= MAXIMUM_PARTS;
        if self.export.is_none() && self.cursor.place != CursorPlace::End && has_room {
            let correlation_id = send(Party::From, Step::Export { cursor: self.cursor });
            self.export = Some(Export { correlation_id, awaited: MAXIMUM_MESSAGES });
        }
        while self.sent < self.parts.len().min(WINDOW) {
            let Exported { first, ref records, .. } = self.parts[self.sent];
            send(Party::To, Step::ImportRecords { first, records: records.clone() });
            self.sent += 1;
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

    /// Whether it brought something new. A gap is answered at once with all that the new cluster has not, but a second time
    /// for the same record only when the time for that has come.
    pub(super) fn on_report(&mut self, party: Party, report: &Report) -> bool {
        if party != Party::To || self.first_correlation_id.is_none_or(|first| report.correlation_id < first) {
            return false;
        }
        match report.outcome {
            StepOutcome::Done => self.on_received(report.detail),
            StepOutcome::Gap if report.detail >= self.received && self.mended != Some(report.detail) => {
                self.mended = Some(report.detail);
                self.sent = 0;
                self.on_received(report.detail)
            }
            _ => false,
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

    /// Whether it is a refusal that the copy can't get over. A gap is none: a part was lost, and is sent again.
    pub(super) fn is_refused_by(&self, party: Party, report: &Report) -> bool {
        let is_own = match party {
            Party::From => self.export.is_some_and(|export| export.correlation_id == report.correlation_id),
            Party::To => self.first_correlation_id.is_some_and(|first| report.correlation_id >= first),
            Party::Coordinator => false,
        };
        is_own && report.outcome.is_refusal() && report.outcome != StepOutcome::Gap
    }
}
