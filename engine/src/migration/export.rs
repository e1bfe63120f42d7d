//! The export of a fenced instrument: its records from any position on, the same every time. That of the whole instrument is
//! also the same on every member; the rest is what differs from what this engine has copied ahead.

use lugus_vocabulary::{
    ExportCursor, ExportKind, ExportPlace, ExportRecord, InstrumentId, MigrationId, ParticipantId, SnapshotRecord,
    TradeId,
};

use super::copy_ahead::CopyAhead;
use super::migration_states::MigrationState;
use super::queues::{QUEUES, levels_digest, place_of, queues};
use super::record_checksum::record_checksum;
use super::refusal::MigrationRefusal;
use crate::book::{BookSide, Instructions, Slot};
use crate::engine::Engine;
use crate::instruments::Listed;
use crate::scopes::ScopeIndex;
use crate::snapshot::records::{instrument_record, order_record, scope_record};

/// Iterator over the records of a fenced instrument, in the order of a snapshot: the instrument, its scopes by
/// participant, each followed by its kept events, and its orders by priority. In a rest, ends and changes of orders that were
/// copied ahead come before the orders that were not.
#[derive(Debug)]
pub struct Export<'a> {
    engine: &'a Engine,
    listed: &'a Listed,
    /// What has been copied ahead, if this is the rest.
    ahead: Option<&'a CopyAhead>,
    /// Scopes after the current one.
    scopes: std::vec::IntoIter<ScopeIndex>,
    queues: [Option<&'a BookSide>; QUEUES],
    cursor: ExportCursor,
    next: NextRecord,
}

/// The queue of elected orders, after those of [`Export::queues`].
const ELECTED: usize = QUEUES;

/// The record that comes next.
#[derive(Debug, Clone, Copy)]
enum NextRecord {
    Instrument,
    /// How the kept trades that were copied ahead go on.
    Trades,
    /// The kept trade with this number, or the first one if it has a higher number; the first scope, if there is none.
    Trade(TradeId),
    /// The first of `Export::scopes`; the first order, if there is none.
    Scope,
    /// The kept event with this place in its scope, counted from 0; if there is none, the next scope.
    Event(ScopeIndex, usize),
    /// The end of an order that was copied ahead, by its place among these ends; if there is none, the first change.
    Ended(u32),
    /// The change of an order that was copied ahead, by its place among these changes; if there is none, the first order.
    Changed(u32),
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
        let ahead = match from.kind {
            ExportKind::Whole => None,
            ExportKind::Ahead => return Err(MigrationRefusal::OutOfOrder),
            ExportKind::Rest => Some(self.copied_ahead(instrument, migration)?),
        };
        if let Some(copy) = ahead {
            let is_start = from.place == ExportPlace::Start;
            let follows = (from.records, from.checksum) == (copy.records, copy.checksum);
            if from.records < copy.records || (is_start && !follows) {
                return Err(MigrationRefusal::OtherCursor { copied: copy.records });
            }
        }
        let mut export = Export {
            engine: self,
            listed,
            ahead,
            scopes: Vec::new().into_iter(),
            queues: queues(&listed.instrument),
            cursor: from,
            next: NextRecord::End,
        };
        export.next = export.seek(from.place).ok_or(MigrationRefusal::UnknownCursor)?;
        Ok(export)
    }

    /// The instrument's scopes by participant, beginning with the participant `first`.
    pub(super) fn scopes_from(&self, instrument: InstrumentId, first: ParticipantId) -> std::vec::IntoIter<ScopeIndex> {
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
                self.after_instrument()
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
            ExportPlace::Ended { number } => NextRecord::Ended(number),
            ExportPlace::Changed { number } => NextRecord::Changed(number),
            ExportPlace::Order { participant, client_order_id } => {
                let owner = self.engine.scopes.find(participant, id)?;
                let slot = self.engine.pool.find(owner, client_order_id)?;
                let order = self.engine.pool.get(slot);
                let is_elected = order.instructions.has(Instructions::ELECTED);
                let queue = if is_elected { ELECTED } else { place_of(order) };
                NextRecord::Order(queue, Some(slot))
            }
            ExportPlace::End => NextRecord::End,
        })
    }

    fn after_instrument(&self) -> NextRecord {
        if self.ahead.is_some() { NextRecord::Trades } else { NextRecord::Trade(TradeId(0)) }
    }

    /// The place among a scope's kept events of the first one that was not copied ahead.
    fn first_event(&self, index: ScopeIndex) -> usize {
        let through = self.ahead.and_then(|copy| copy.scopes.get(&index)).map_or(0, |through| through.0);
        (through + 1).saturating_sub(self.engine.scopes.get(index).first_retained().0) as usize
    }

    /// The next record, its place, and the record after it.
    fn advance(&mut self) -> Option<(ExportRecord, ExportPlace, NextRecord)> {
        let engine = self.engine;
        loop {
            match self.next {
                NextRecord::Instrument => {
                    let id = self.listed.instrument.definition.instrument;
                    self.scopes = engine.scopes_from(id, ParticipantId::OPERATOR);
                    let record = SnapshotRecord::Instrument(instrument_record(self.listed, &engine.pool));
                    return Some((record.into(), ExportPlace::Instrument, self.after_instrument()));
                }
                NextRecord::Trades => {
                    let trades = &self.listed.instrument.trades;
                    let forgotten = TradeId(trades.before_first());
                    let stands = |copy: &&CopyAhead| copy.trades.1 == trades.revision() && copy.trades.0 >= forgotten;
                    let after = self.ahead.filter(stands).map_or(forgotten, |copy| copy.trades.0);
                    let next = NextRecord::Trade(TradeId(after.0 + 1));
                    let place = ExportPlace::Trade { trade_id: after };
                    return Some((ExportRecord::Trades { after, forgotten }, place, next));
                }
                NextRecord::Trade(trade_id) => {
                    let Some(record) = self.listed.instrument.trades.at_or_after(trade_id) else {
                        self.next = NextRecord::Scope;
                        continue;
                    };
                    let trade_id = record.trade_id;
                    let next = NextRecord::Trade(TradeId(trade_id.0 + 1));
                    return Some((SnapshotRecord::Trade(record).into(), ExportPlace::Trade { trade_id }, next));
                }
                NextRecord::Scope => {
                    let Some(index) = self.scopes.next() else {
                        self.next =
                            if self.ahead.is_some() { NextRecord::Ended(0) } else { NextRecord::Order(0, None) };
                        continue;
                    };
                    let scope = engine.scopes.get(index);
                    let first = self.first_event(index);
                    let place = ExportPlace::Scope { participant: scope.participant, events: first as u32 };
                    let record = SnapshotRecord::Scope(scope_record(scope, index, &engine.pool));
                    return Some((record.into(), place, NextRecord::Event(index, first)));
                }
                NextRecord::Event(index, event) => {
                    let scope = engine.scopes.get(index);
                    if event >= scope.retained.len() {
                        self.next = NextRecord::Scope;
                        continue;
                    }
                    let place = ExportPlace::Scope { participant: scope.participant, events: event as u32 + 1 };
                    let record = SnapshotRecord::Report(scope.kept_at(event));
                    return Some((record.into(), place, NextRecord::Event(index, event + 1)));
                }
                NextRecord::Ended(place) => {
                    let ended = engine.pool.copied().and_then(|copied| copied.ended().get(place as usize));
                    let Some(&number) = ended else {
                        self.next = NextRecord::Changed(0);
                        continue;
                    };
                    let next = place + 1;
                    let record = ExportRecord::Ended { number };
                    return Some((record, ExportPlace::Ended { number: next }, NextRecord::Ended(next)));
                }
                NextRecord::Changed(place) => {
                    let Some(note) = engine.pool.copied().and_then(|copied| copied.changed(place as usize)) else {
                        self.next = NextRecord::Order(0, None);
                        continue;
                    };
                    let next = place + 1;
                    self.next = NextRecord::Changed(next);
                    let Some((number, slot)) = note else { continue };
                    let participant = engine.scopes.get(engine.pool.get(slot).owner).participant;
                    let order = order_record(slot, &engine.pool, participant);
                    let record = ExportRecord::Changed { number, order };
                    return Some((record, ExportPlace::Changed { number: next }, NextRecord::Changed(next)));
                }
                NextRecord::Order(queue, before) => {
                    let Some(slot) = self.order_after(queue, before) else {
                        self.next = if queue < ELECTED { NextRecord::Order(queue + 1, None) } else { NextRecord::End };
                        continue;
                    };
                    let participant = engine.scopes.get(engine.pool.get(slot).owner).participant;
                    let record = order_record(slot, &engine.pool, participant);
                    let place = ExportPlace::Order { participant, client_order_id: record.order.client_order_id };
                    return Some((SnapshotRecord::Order(record).into(), place, NextRecord::Order(queue, Some(slot))));
                }
                NextRecord::End => return None,
            }
        }
    }

    fn order_after(&self, queue: usize, before: Option<Slot>) -> Option<Slot> {
        let pool = &self.engine.pool;
        let Some(&queue) = self.queues.get(queue) else {
            return match before {
                Some(slot) => pool.elected.after(slot),
                None => self.listed.instrument.elected.first(),
            };
        };
        let queue = queue?;
        let resting = &pool.resting;
        if self.ahead.is_some() {
            return queue.uncopied_after(before, resting, |slot| {
                pool.copied().is_some_and(|copied| copied.number(slot).is_some())
            });
        }
        match before {
            Some(slot) => queue.after(slot, resting),
            None => queue.next_to_trade(None, resting).map(|(_, slot)| slot),
        }
    }
}

impl Iterator for Export<'_> {
    type Item = ExportRecord;

    fn next(&mut self) -> Option<ExportRecord> {
        let Some((record, place, next)) = self.advance() else {
            if self.cursor.kind == ExportKind::Rest && !self.cursor.is_end() {
                let (instrument, pool) = (&self.listed.instrument, &self.engine.pool);
                self.cursor.checksum = levels_digest(self.cursor.checksum, instrument, pool);
            }
            self.cursor.place = ExportPlace::End;
            return None;
        };
        self.next = next;
        self.cursor = ExportCursor {
            kind: self.cursor.kind,
            records: self.cursor.records.wrapping_add(1),
            checksum: record_checksum(self.cursor.checksum, &record),
            place,
        };
        Some(record)
    }
}
