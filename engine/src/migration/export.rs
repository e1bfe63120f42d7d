//! What a fenced instrument is, record by record, from any place on: the same on every member, however often.

use lugus_vocabulary::{ClientOrderId, InstrumentId, MigrationId, ParticipantId, Side};

use super::{MigrationRefusal, Standing};
use crate::book::{BookSide, Slot};
use crate::engine::{Engine, Listed};
use crate::instrument::Instrument;
use crate::sequences::ScopeIndex;
use crate::snapshot::{SnapshotRecord, checksum, instrument_record, order_record, scope_record};

/// Where an export has got to: whoever takes it gives it back to get what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportCursor {
    /// Records before it.
    pub records: u64,
    /// Over the records before it.
    pub checksum: u64,
    /// What came last.
    pub place: ExportPlace,
}

/// What came last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportPlace {
    /// Nothing yet.
    Start,
    /// The instrument's own record.
    Instrument,
    /// A scope, and so many of its kept events.
    Scope {
        /// Whose.
        participant: ParticipantId,
        /// Of its kept events.
        events: u32,
    },
    /// An order.
    Order {
        /// Whose.
        participant: ParticipantId,
        /// The participant's number of it.
        client_order_id: ClientOrderId,
    },
    /// All of it.
    End,
}

impl ExportCursor {
    /// Before the first record.
    pub const START: Self = Self { records: 0, checksum: 0, place: ExportPlace::Start };
}

/// The records from a cursor on, in the order of a snapshot: the instrument, its scopes by participant, each with its
/// kept events, its orders by priority.
#[derive(Debug)]
pub struct Export<'a> {
    engine: &'a Engine,
    listed: &'a Listed,
    /// From the one at hand on.
    scopes: std::vec::IntoIter<ScopeIndex>,
    queues: [&'a BookSide; QUEUES],
    cursor: ExportCursor,
    at: At,
}

const QUEUES: usize = 4;

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum At {
    Instrument,
    /// The next scope.
    Scope,
    /// A kept event of a scope, from 0.
    Event(ScopeIndex, usize),
    /// The order after this one in the queue; its first.
    Order(usize, Option<Slot>),
    End,
}

impl Engine {
    /// The records of an instrument that is fenced for this migration, from a cursor on.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: it is not fenced, or there is no such place in it.
    pub fn export(
        &self,
        instrument: InstrumentId,
        migration: MigrationId,
        from: ExportCursor,
    ) -> Result<Export<'_>, MigrationRefusal> {
        let listed = self.listed(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
        match self.standings.get(instrument) {
            Some(Standing::Fenced { migration: current }) if *current == migration => {}
            _ => return Err(MigrationRefusal::OutOfOrder),
        }
        let Instrument { book, stops, .. } = &listed.instrument;
        let queues = [book.side(Side::Buy), book.side(Side::Sell), stops.side(Side::Buy), stops.side(Side::Sell)];
        let mut export =
            Export { engine: self, listed, scopes: Vec::new().into_iter(), queues, cursor: from, at: At::End };
        export.at = export.seek(from.place).ok_or(MigrationRefusal::UnknownCursor)?;
        Ok(export)
    }

    /// The instrument's scopes from a participant on, by participant.
    fn scopes_from(&self, instrument: InstrumentId, first: ParticipantId) -> std::vec::IntoIter<ScopeIndex> {
        let participants = self.participants.ids().filter(|&participant| participant >= first);
        let mut scopes: Vec<_> = participants
            .filter_map(|participant| Some((participant, self.scopes.find(participant, instrument)?)))
            .collect();
        scopes.sort_unstable();
        scopes.into_iter().map(|(_, scope)| scope).collect::<Vec<_>>().into_iter()
    }
}

impl Export<'_> {
    /// After the record that came last.
    #[must_use]
    pub fn cursor(&self) -> ExportCursor {
        self.cursor
    }

    fn seek(&mut self, place: ExportPlace) -> Option<At> {
        let id = self.listed.instrument.definition.instrument;
        Some(match place {
            ExportPlace::Start => At::Instrument,
            ExportPlace::Instrument => {
                self.scopes = self.engine.scopes_from(id, ParticipantId::OPERATOR);
                At::Scope
            }
            ExportPlace::Scope { participant, events } => {
                let scope = self.engine.scopes.find(participant, id)?;
                self.scopes = self.engine.scopes_from(id, participant);
                self.scopes.next();
                At::Event(scope, events as usize)
            }
            ExportPlace::Order { participant, client_order_id } => {
                let owner = self.engine.scopes.find(participant, id)?;
                let slot = self.engine.pool.find(owner, client_order_id)?;
                let order = self.engine.pool.get(slot);
                let waits = order.instructions.has(crate::book::Instructions::WAITING);
                At::Order(usize::from(waits) * 2 + usize::from(order.side == Side::Sell), Some(slot))
            }
            ExportPlace::End => At::End,
        })
    }

    /// The next record, where it is, and what comes after it.
    fn advance(&mut self) -> Option<(SnapshotRecord, ExportPlace, At)> {
        let engine = self.engine;
        loop {
            match self.at {
                At::Instrument => {
                    let id = self.listed.instrument.definition.instrument;
                    self.scopes = engine.scopes_from(id, ParticipantId::OPERATOR);
                    let record = SnapshotRecord::Instrument(instrument_record(self.listed));
                    return Some((record, ExportPlace::Instrument, At::Scope));
                }
                At::Scope => {
                    let Some(index) = self.scopes.next() else {
                        self.at = At::Order(0, None);
                        continue;
                    };
                    let scope = engine.scopes.get(index);
                    let place = ExportPlace::Scope { participant: scope.participant, events: 0 };
                    return Some((SnapshotRecord::Scope(scope_record(scope)), place, At::Event(index, 0)));
                }
                At::Event(index, event) => {
                    let scope = engine.scopes.get(index);
                    if event >= scope.retained.len() {
                        self.at = At::Scope;
                        continue;
                    }
                    let place = ExportPlace::Scope { participant: scope.participant, events: event as u32 + 1 };
                    let record = SnapshotRecord::Report(scope.kept_at(event));
                    return Some((record, place, At::Event(index, event + 1)));
                }
                At::Order(queue, before) => {
                    let Some(slot) = self.order_after(queue, before) else {
                        self.at = if queue + 1 < QUEUES { At::Order(queue + 1, None) } else { At::End };
                        continue;
                    };
                    let participant = engine.scopes.get(engine.pool.get(slot).owner).participant;
                    let record = order_record(slot, &engine.pool, participant);
                    let place = ExportPlace::Order { participant, client_order_id: record.client_order_id };
                    return Some((SnapshotRecord::Order(record), place, At::Order(queue, Some(slot))));
                }
                At::End => return None,
            }
        }
    }

    fn order_after(&self, queue: usize, before: Option<Slot>) -> Option<Slot> {
        let (queue, resting) = (self.queues[queue], &self.engine.pool.resting);
        match before {
            Some(slot) => queue.after(slot, resting),
            None => queue.next_to_trade(None, resting).map(|(_, slot)| slot),
        }
    }
}

impl Iterator for Export<'_> {
    type Item = SnapshotRecord;

    fn next(&mut self) -> Option<SnapshotRecord> {
        let Some((record, place, at)) = self.advance() else {
            self.cursor.place = ExportPlace::End;
            return None;
        };
        self.at = at;
        self.cursor = ExportCursor {
            records: self.cursor.records.wrapping_add(1),
            checksum: checksum(self.cursor.checksum, &record),
            place,
        };
        Some(record)
    }
}
