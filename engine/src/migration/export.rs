//! The export of a fenced instrument: its records from any position on, the same on every member and every time.

use lugus_vocabulary::{
    ExportCursor, ExportPlace, InstrumentId, MigrationId, ParticipantId, Side, SnapshotRecord, TradeId,
};

use super::migration_states::MigrationState;
use super::refusal::MigrationRefusal;
use crate::book::{BookSide, Instructions, Slot};
use crate::engine::Engine;
use crate::instrument::Instrument;
use crate::instruments::Listed;
use crate::scopes::ScopeIndex;
use crate::snapshot::checksum::checksum;
use crate::snapshot::records::{instrument_record, order_record, scope_record};

/// Iterator over the records of a fenced instrument, in the order of a snapshot: the instrument, its scopes by
/// participant, each followed by its kept events, and its orders by priority.
#[derive(Debug)]
pub struct Export<'a> {
    engine: &'a Engine,
    listed: &'a Listed,
    /// Scopes after the current one.
    scopes: std::vec::IntoIter<ScopeIndex>,
    /// Bids, asks, buy stops, sell stops.
    queues: [&'a BookSide; 4],
    cursor: ExportCursor,
    next: NextRecord,
}

/// Number of queues of orders: those of [`Export::queues`], and that of elected orders.
const QUEUES: usize = 5;
/// The queue of elected orders.
const ELECTED: usize = 4;

/// The record that comes next.
#[derive(Debug, Clone, Copy)]
enum NextRecord {
    Instrument,
    /// The kept trade with this number, or the first one if it has a higher number; the first scope, if there is none.
    Trade(TradeId),
    /// The first of `Export::scopes`; the first order, if there is none.
    Scope,
    /// The kept event with this place in its scope, counted from 0; if there is none, the next scope.
    Event(ScopeIndex, usize),
    /// The order after this one in the queue, or the queue's first; if there is none, the first of the next queue.
    Order(usize, Option<Slot>),
    End,
}

impl Engine {
    /// The records after `from` of an instrument that is fenced for this migration.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is not fenced for this migration, or there is no such position in its export.
    pub fn export(
        &self,
        instrument: InstrumentId,
        migration: MigrationId,
        from: ExportCursor,
    ) -> Result<Export<'_>, MigrationRefusal> {
        let listed = self.instruments.find(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
        match self.migration_states.get(instrument) {
            Some(MigrationState::Fenced { migration: current }) if *current == migration => {}
            _ => return Err(MigrationRefusal::OutOfOrder),
        }
        let Instrument { book, stops, .. } = &listed.instrument;
        let queues = [book.side(Side::Buy), book.side(Side::Sell), stops.side(Side::Buy), stops.side(Side::Sell)];
        let mut export = Export {
            engine: self,
            listed,
            scopes: Vec::new().into_iter(),
            queues,
            cursor: from,
            next: NextRecord::End,
        };
        export.next = export.seek(from.place).ok_or(MigrationRefusal::UnknownCursor)?;
        Ok(export)
    }

    /// The instrument's scopes by participant, beginning with the participant `first`.
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
    /// Position after the last record returned.
    #[must_use]
    pub fn cursor(&self) -> ExportCursor {
        self.cursor
    }

    /// The record after `place`; `None` if there is no such place.
    fn seek(&mut self, place: ExportPlace) -> Option<NextRecord> {
        let id = self.listed.instrument.definition.instrument;
        Some(match place {
            ExportPlace::Start => NextRecord::Instrument,
            ExportPlace::Instrument => {
                self.scopes = self.engine.scopes_from(id, ParticipantId::OPERATOR);
                NextRecord::Trade(TradeId(0))
            }
            ExportPlace::Trade { trade_id } => {
                self.scopes = self.engine.scopes_from(id, ParticipantId::OPERATOR);
                NextRecord::Trade(TradeId(trade_id.0.saturating_add(1)))
            }
            ExportPlace::Scope { participant, events } => {
                let scope = self.engine.scopes.find(participant, id)?;
                self.scopes = self.engine.scopes_from(id, participant);
                self.scopes.next();
                NextRecord::Event(scope, events as usize)
            }
            ExportPlace::Order { participant, client_order_id } => {
                let owner = self.engine.scopes.find(participant, id)?;
                let slot = self.engine.pool.find(owner, client_order_id)?;
                let order = self.engine.pool.get(slot);
                let waits = order.instructions.has(Instructions::WAITING);
                let queue = if order.instructions.has(Instructions::ELECTED) {
                    ELECTED
                } else {
                    usize::from(waits) * 2 + usize::from(order.side == Side::Sell)
                };
                NextRecord::Order(queue, Some(slot))
            }
            ExportPlace::End => NextRecord::End,
        })
    }

    /// The next record, its place, and the record after it.
    fn advance(&mut self) -> Option<(SnapshotRecord, ExportPlace, NextRecord)> {
        let engine = self.engine;
        loop {
            match self.next {
                NextRecord::Instrument => {
                    let id = self.listed.instrument.definition.instrument;
                    self.scopes = engine.scopes_from(id, ParticipantId::OPERATOR);
                    let record = SnapshotRecord::Instrument(instrument_record(self.listed, &engine.pool));
                    return Some((record, ExportPlace::Instrument, NextRecord::Trade(TradeId(0))));
                }
                NextRecord::Trade(trade_id) => {
                    let Some(record) = self.listed.instrument.trades.at_or_after(trade_id) else {
                        self.next = NextRecord::Scope;
                        continue;
                    };
                    let trade_id = record.trade_id;
                    let next = NextRecord::Trade(TradeId(trade_id.0 + 1));
                    return Some((SnapshotRecord::Trade(record), ExportPlace::Trade { trade_id }, next));
                }
                NextRecord::Scope => {
                    let Some(index) = self.scopes.next() else {
                        self.next = NextRecord::Order(0, None);
                        continue;
                    };
                    let scope = engine.scopes.get(index);
                    let place = ExportPlace::Scope { participant: scope.participant, events: 0 };
                    return Some((
                        SnapshotRecord::Scope(scope_record(scope, index, &engine.pool)),
                        place,
                        NextRecord::Event(index, 0),
                    ));
                }
                NextRecord::Event(index, event) => {
                    let scope = engine.scopes.get(index);
                    if event >= scope.retained.len() {
                        self.next = NextRecord::Scope;
                        continue;
                    }
                    let place = ExportPlace::Scope { participant: scope.participant, events: event as u32 + 1 };
                    let record = SnapshotRecord::Report(scope.kept_at(event));
                    return Some((record, place, NextRecord::Event(index, event + 1)));
                }
                NextRecord::Order(queue, before) => {
                    let Some(slot) = self.order_after(queue, before) else {
                        self.next =
                            if queue + 1 < QUEUES { NextRecord::Order(queue + 1, None) } else { NextRecord::End };
                        continue;
                    };
                    let participant = engine.scopes.get(engine.pool.get(slot).owner).participant;
                    let record = order_record(slot, &engine.pool, participant);
                    let place = ExportPlace::Order { participant, client_order_id: record.order.client_order_id };
                    return Some((SnapshotRecord::Order(record), place, NextRecord::Order(queue, Some(slot))));
                }
                NextRecord::End => return None,
            }
        }
    }

    fn order_after(&self, queue: usize, before: Option<Slot>) -> Option<Slot> {
        let pool = &self.engine.pool;
        let Some(queue) = self.queues.get(queue) else {
            return match before {
                Some(slot) => pool.elected.after(slot),
                None => self.listed.instrument.elected.first(),
            };
        };
        let resting = &pool.resting;
        match before {
            Some(slot) => queue.after(slot, resting),
            None => queue.next_to_trade(None, resting).map(|(_, slot)| slot),
        }
    }
}

impl Iterator for Export<'_> {
    type Item = SnapshotRecord;

    fn next(&mut self) -> Option<SnapshotRecord> {
        let Some((record, place, next)) = self.advance() else {
            self.cursor.place = ExportPlace::End;
            return None;
        };
        self.next = next;
        self.cursor = ExportCursor {
            records: self.cursor.records.wrapping_add(1),
            checksum: checksum(self.cursor.checksum, &record),
            place,
        };
        Some(record)
    }
}
