//! The spans of a move, as a tracing tool shows them: the whole, and in it one for each step. Where no subscriber wants them they are
//! disabled, and cost nothing.

use std::fmt::Display;

use lugus_partition_map::MapEpoch;
use lugus_topology::SPANS;
use lugus_vocabulary::{ExportManifest, InstrumentId};
use tracing::Span;
use tracing::field::{Empty, display};

use crate::migration::{Ending, Intent, MoveStep, Mover};

/// The spans of a move in progress. Dropped before an end, they tell that the migrator has left the move.
#[derive(Debug)]
pub(super) struct MoveSpans {
    intent: Intent,
    whole: Span,
    /// The step under way.
    step: Span,
    manifest: Option<ExportManifest>,
    /// Epoch of the newest change of the map that was made for this migrator.
    epoch: Option<MapEpoch>,
    /// Length of all records that the old cluster has sent, those sent twice counted twice.
    bytes: u64,
}

impl MoveSpans {
    /// Begins the span of the whole. It is a child of the caller's span, if that has one.
    pub(super) fn begin(instrument: InstrumentId, intent: Intent) -> Self {
        let whole = tracing::info_span!(
            target: SPANS,
            "move",
            // Numbers of OpenTelemetry are signed.
            lugus.instrument = i64::from(instrument.0),
            lugus.from = Empty,
            lugus.to = Empty,
            lugus.migration = Empty,
            lugus.epoch = Empty,
            lugus.orders = Empty,
            lugus.records = Empty,
            lugus.bytes = Empty,
            lugus.outcome = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        );
        Self { intent, whole, step: Span::none(), manifest: None, epoch: None, bytes: 0 }
    }

    /// Ends the span of the step before, and begins that of this one. Takes what the copy in progress has to copy, if there is one.
    pub(super) fn begin_step(&mut self, step: MoveStep, manifest: Option<ExportManifest>) {
        self.manifest = self.manifest.or(manifest);
        let party = display(step.party());
        // The step before ends first: spans of steps do not overlap.
        self.step = Span::none();
        self.step = tracing::info_span!(
            target: SPANS,
            parent: &self.whole,
            "step",
            otel.name = step.name(),
            lugus.party = party,
        );
    }

    /// The coordinator has changed the map, which now has this epoch.
    pub(super) fn accepted(&mut self, epoch: MapEpoch) {
        self.epoch = Some(epoch);
    }

    /// The old cluster has sent records of this length in bytes.
    pub(super) fn exported(&mut self, length: usize) {
        self.bytes += length as u64;
    }

    /// Ends all spans. A move that was undone though nobody asked for it is an error.
    pub(super) fn end(&mut self, mover: &Mover, ending: Result<Ending, &dyn Display>) {
        if self.whole.is_disabled() {
            return;
        }
        self.step = Span::none();
        let whole = std::mem::replace(&mut self.whole, Span::none());
        if let Some((from, to)) = mover.clusters() {
            whole.record("lugus.from", from.0).record("lugus.to", to.0);
        }
        if let Some(migration) = mover.migration() {
            whole.record("lugus.migration", migration.0.cast_signed());
        }
        if let Some(epoch) = self.epoch {
            whole.record("lugus.epoch", epoch.0.cast_signed());
        }
        if let Some(manifest) = self.manifest {
            whole.record("lugus.orders", i64::from(manifest.orders));
            whole.record("lugus.records", manifest.records().cast_signed());
        }
        whole.record("lugus.bytes", self.bytes.cast_signed());
        match ending {
            Ok(ending) => {
                whole.record("lugus.outcome", ending.name());
                if ending == Ending::Undone && self.intent != Intent::Undo {
                    whole.record("otel.status_description", "another migrator has undone the move");
                } else {
                    whole.record("otel.status_code", "OK");
                }
            }
            Err(error) => {
                whole.record("lugus.outcome", "failed").record("otel.status_description", display(error));
            }
        }
    }
}

impl Drop for MoveSpans {
    fn drop(&mut self) {
        self.whole.record("lugus.outcome", "left");
        self.whole.record("otel.status_description", "the migrator was ended before the move: another one can go on");
    }
}
