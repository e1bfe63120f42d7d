//! The move of a live instrument from one engine to another, as the operator asks the two clusters for it.
//!
//! The old cluster *fences* the instrument and tells its [`ExportManifest`]. Its records
//! ([`SnapshotRecord`](crate::snapshot::SnapshotRecord)) are exported in runs of bytes, each with the [`ExportCursor`]
//! at which the export continues, and the new cluster imports them. Then the new cluster *activates* the instrument,
//! and the old one *drops* it. Each request names its migration and may be repeated.
//!
//! Before the fence, the instrument may be *copied ahead* while it is traded. Then the export after the fence has only the
//! *rest*: what is new or changed since.
//!
//! Requests and answers are generic in what holds the bytes of the records: `&[u8]` in a message that was just decoded,
//! `Arc<[u8]>` in one that waits to be sent.

use std::fmt;

use crate::units::{ClientOrderId, InstrumentId, MapEpoch, MigrationId, ParticipantId, StateHash, TradeId};
use crate::word::word;

/// What the export of an instrument consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ExportManifest {
    /// Hash over all that happened to the instrument.
    pub state_hash: StateHash,
    /// Number of scopes.
    pub scopes: u32,
    /// Number of live orders, stop orders among them.
    pub orders: u32,
    /// Number of kept events and kept trades.
    pub reports: u64,
}

impl ExportManifest {
    /// Number of records of the export: the instrument's own, and one for each scope, order, kept event and kept trade.
    #[must_use]
    pub const fn records(&self) -> u64 {
        (1 + self.scopes as u64 + self.orders as u64).saturating_add(self.reports)
    }
}

/// What an export consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportKind {
    /// All records of a fenced instrument.
    Whole,
    /// The records of an instrument that is traded meanwhile.
    Ahead,
    /// The records of a fenced instrument that differ from those copied ahead.
    Rest,
}

/// Position in an export. The receiver of records sends the cursor back to get the records after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExportCursor {
    /// What is exported.
    pub kind: ExportKind,
    /// Number of records before the position; in a rest, those copied ahead are counted, too.
    pub records: u64,
    /// Checksum over the records before the position; in a rest, also over those copied ahead.
    pub checksum: u64,
    /// The last record before the position.
    pub place: ExportPlace,
}

impl ExportCursor {
    /// Before the first record.
    pub const START: Self = Self { kind: ExportKind::Whole, records: 0, checksum: 0, place: ExportPlace::Start };

    /// Before the first record that is copied ahead. The old cluster knows where it is while it copies ahead, so the place is
    /// always the start. The position after the last record copied ahead is the start of the rest.
    pub const START_AHEAD: Self = Self { kind: ExportKind::Ahead, ..Self::START };

    /// The start of the rest, if no more is copied ahead than up to this position.
    #[must_use]
    pub const fn start_of_rest(self) -> Self {
        Self { kind: ExportKind::Rest, place: ExportPlace::Start, ..self }
    }

    /// Whether all records are before the position.
    pub const fn is_end(&self) -> bool {
        matches!(self.place, ExportPlace::End)
    }
}

/// The last record before a position in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportPlace {
    /// None; the export begins.
    Start,
    /// The instrument's own record.
    Instrument,
    /// A kept trade.
    Trade {
        /// Number of the trade.
        trade_id: TradeId,
    },
    /// A scope's record, or one of its kept events.
    Scope {
        /// Participant of the scope.
        participant: ParticipantId,
        /// Number of the scope's kept events before the position.
        events: u32,
    },
    /// The end of an order that was copied ahead.
    Ended {
        /// Number of such records before the position.
        number: u32,
    },
    /// A change of an order that was copied ahead.
    Changed {
        /// Number of changes before the position that were looked at.
        number: u32,
    },
    /// An order.
    Order {
        /// Participant of the order.
        participant: ParticipantId,
        /// The participant's number of the order.
        client_order_id: ClientOrderId,
    },
    /// The last record of all.
    End,
}

/// A request of the operator to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationRequest<Records> {
    /// The requester's number of the request, which the answer repeats.
    pub correlation_id: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// The migration of the instrument.
    pub migration: MigrationId,
    /// What is asked for.
    pub step: MigrationStep<Records>,
}

/// What a cluster is asked to do for a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationStep<Records> {
    /// The old cluster takes no more commands for the instrument, and tells the manifest.
    Fence,
    /// The old cluster takes commands again.
    Unfence,
    /// The old cluster sends records.
    Export {
        /// Position of the first record wanted.
        cursor: ExportCursor,
        /// Maximum number of messages in the answer.
        messages: u16,
    },
    /// The new cluster prepares for what is copied ahead of the fence. This step and the records copied ahead name the
    /// migration [`MigrationId::ahead`].
    ImportAhead,
    /// The new cluster has been sent all records copied ahead and the rest: it compares what has come in with what was
    /// exported, and the import is complete.
    ImportComplete {
        /// The manifest that the fence told.
        manifest: ExportManifest,
        /// Number of records copied ahead, and of the rest.
        records: u64,
        /// Checksum at the end of the rest.
        checksum: u64,
    },
    /// The new cluster prepares for an import.
    ImportBegin {
        /// The manifest that the fence told.
        manifest: ExportManifest,
    },
    /// The new cluster takes records in.
    ImportRecords {
        /// Number of records of the export before these.
        first_record: u64,
        /// The records, as exported.
        records: Records,
    },
    /// The new cluster compares what has come in with what was exported.
    ImportEnd {
        /// Checksum at the end of the export.
        checksum: u64,
    },
    /// The new cluster takes commands for the imported instrument.
    Activate,
    /// The old cluster forgets the instrument, in parts.
    Drop {
        /// Epoch of the partition map that says where the instrument has moved to.
        epoch: MapEpoch,
    },
    /// The new cluster forgets what has been imported, in parts.
    DropImport,
}

word! {
    /// What became of a step. From `UnknownInstrument` on, the step was refused and changed nothing.
    MigrationOutcome: u8 {
        /// The step is done.
        Done = 0,
        /// A part of the step is done; the same request continues it.
        More = 1,
        /// The cluster does not have the instrument.
        UnknownInstrument = 2,
        /// The cluster trades the instrument.
        AlreadyHere = 3,
        /// This migration or a later one has ended; the detail is the number of the last one that has.
        Over = 4,
        /// Another migration of the instrument is under way; the detail is its number.
        OtherMigration = 5,
        /// The step does not fit the state of the migration.
        OutOfOrder = 6,
        /// The import began with another manifest.
        OtherManifest = 7,
        /// Records are missing; the detail is the number of records that have come in.
        Gap = 8,
        /// The export cannot continue from this cursor; the detail is the number of records that have been copied ahead.
        UnknownCursor = 9,
        /// Other records came in than were exported; the detail is the checksum of those that came in.
        Checksum = 10,
        /// An impossible record; the detail is the number of records that came in before it.
        Record = 11,
        /// There is no room for the instrument.
        Limit = 12,
    }
}

impl MigrationOutcome {
    /// Whether the step changed nothing.
    pub const fn is_refusal(self) -> bool {
        !matches!(self, Self::Done | Self::More)
    }
}

/// As a part of a sentence whose subject is the cluster that was asked.
impl fmt::Display for MigrationOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Done => "done",
            Self::More => "done in part",
            Self::UnknownInstrument => "it does not have the instrument",
            Self::AlreadyHere => "it trades the instrument itself",
            Self::Over => "that move, or a later one, has ended there",
            Self::OtherMigration => "another move of the instrument is in progress there",
            Self::OutOfOrder => "the step is not possible in the present state of the move",
            Self::OtherManifest => "an import with another manifest has begun there",
            Self::Gap => "records are missing",
            Self::UnknownCursor => "it can't continue the export from the given position",
            Self::Checksum => "the records received are not those exported",
            Self::Record => "it received an invalid record",
            Self::Limit => "it has no room (raise the [engine] limits of its members)",
        })
    }
}

/// Answer to a [`MigrationRequest`], except to an export that succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationReport {
    /// The request's number.
    pub correlation_id: u64,
    /// The request's instrument.
    pub instrument: InstrumentId,
    /// The request's migration.
    pub migration: MigrationId,
    /// What became of the step.
    pub outcome: MigrationOutcome,
    /// A number that belongs to the outcome; after a step of an import that was done, the number of records that have
    /// come in.
    pub detail: u64,
    /// The manifest after a fence and at the begin and end of an import; else all zero.
    pub manifest: ExportManifest,
}

/// Answer to an export request: some records, and the cursor at which the export continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportedRecords<Records> {
    /// The request's number.
    pub correlation_id: u64,
    /// The request's instrument.
    pub instrument: InstrumentId,
    /// The request's migration.
    pub migration: MigrationId,
    /// Number of records of the export before these.
    pub first_record: u64,
    /// Position after these records.
    pub cursor: ExportCursor,
    /// The records, as the old cluster wrote them for the new one.
    pub records: Records,
}

impl<Records> ExportedRecords<Records> {
    /// The same answer with the records held by something else.
    pub fn map_records<Others>(self, hold: impl FnOnce(Records) -> Others) -> ExportedRecords<Others> {
        let Self { correlation_id, instrument, migration, first_record, cursor, records } = self;
        ExportedRecords { correlation_id, instrument, migration, first_record, cursor, records: hold(records) }
    }
}
