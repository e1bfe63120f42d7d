//! An instrument is copied ahead of its fence, while it is traded.
//!
//! Only the engine that answers the migrator does this. It is no part of the state that engines agree on: it changes nothing
//! but what that engine answers, and an engine that has no such copy, because it answers for a new leader, refuses to go on,
//! and the instrument is copied whole after its fence.
//!
//! The records come as in an export of the whole instrument, each as it is when its turn comes. What changes after its turn
//! comes again with the rest: orders are followed in the pool (`book::copied`), events and trades by their numbers.

use std::collections::BTreeMap;

use lugus_vocabulary::{
    EventSequence, ExportCursor, ExportKind, ExportPlace, ExportRecord, InstrumentId, MigrationId, ParticipantId,
    SnapshotRecord, TradeId,
};

use super::copy_ahead::{CopyAhead, Next, Place};
use super::migration_states::MigrationState;
use super::queues::{QUEUES, queues};
use super::record_checksum::record_checksum;
use super::refusal::MigrationRefusal;
use super::steps::{after, not_traded};
use crate::book::{BookSide, Slot};
use crate::engine::Engine;
use crate::instruments::Listed;
use crate::scopes::ScopeIndex;
use crate::snapshot::records::{instrument_record, order_record, scope_record};

/// Iterator over the next records that are copied ahead, which change nothing yet.
#[derive(Debug)]
pub struct AheadExport<'a> {
    engine: &'a Engine,
    listed: &'a Listed,
    copy: &'a CopyAhead,
    queues: [Option<&'a BookSide>; QUEUES],
    /// In the scope at hand, the next kept event by its place.
    event: Option<(ScopeIndex, usize)>,
    part: CopiedPart,
}

/// Records that were copied ahead, for [`Engine::note_copied`] when they are on their way.
#[derive(Debug)]
pub struct CopiedPart {
    cursor: ExportCursor,
    next: Next,
    trades: (TradeId, u32),
    scopes: BTreeMap<ScopeIndex, EventSequence>,
    slots: Vec<Slot>,
}

impl CopiedPart {
    /// Position after the records. After the last one it is the start of the rest.
    #[must_use]
    pub fn cursor(&self) -> ExportCursor {
        if matches!(self.next, Next::End) { self.cursor.start_of_rest() } else { self.cursor }
    }
}

impl Engine {
    /// Begins to copy an instrument ahead of this migration if `from` is the start, and checks that it can go on otherwise.
    /// Another copy that is under way ends.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: the instrument is not traded here, this migration has ended, or the copy cannot go on from there.
    pub fn copy_ahead(
        &mut self,
        instrument: InstrumentId,
        migration: MigrationId,
        from: ExportCursor,
    ) -> Result<(), MigrationRefusal> {
        match self.migration_states.get(instrument) {
            Some(MigrationState::Trading { last }) => after(*last, migration)?,
            Some(state) => return Err(not_traded(state, migration)),
            None => {}
        }
        let listed = self.instruments.find(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
        if from == ExportCursor::START_AHEAD {
            let trades = (TradeId(0), listed.instrument.trades.revision());
            let scopes = BTreeMap::new();
            let next = Next::Instrument;
            self.copy_ahead = Some(CopyAhead { instrument, migration, records: 0, checksum: 0, trades, scopes, next });
            self.pool.begin_copying();
        }
        let copy = self.copied_ahead(instrument, migration)?;
        let is_next = (from.kind, from.records, from.checksum) == (ExportKind::Ahead, copy.records, copy.checksum);
        if is_next { Ok(()) } else { Err(MigrationRefusal::OtherCursor { copied: copy.records }) }
    }

    /// The next records of the copy that [`Engine::copy_ahead`] has begun or found.
    ///
    /// # Errors
    ///
    /// [`MigrationRefusal`]: there is no such copy.
    pub fn export_ahead(
        &self,
        instrument: InstrumentId,
        migration: MigrationId,
    ) -> Result<AheadExport<'_>, MigrationRefusal> {
        let copy = self.copied_ahead(instrument, migration)?;
        let listed = self.instruments.find(instrument).ok_or(MigrationRefusal::UnknownInstrument)?;
        let cursor = ExportCursor { records: copy.records, checksum: copy.checksum, ..ExportCursor::START_AHEAD };
        Ok(AheadExport {
            engine: self,
            listed,
            copy,
            queues: queues(&listed.instrument),
            event: None,
            part: CopiedPart {
                cursor,
                next: copy.next,
                trades: copy.trades,
                scopes: BTreeMap::new(),
                slots: Vec::new(),
            },
        })
    }

    /// Notes that records have been copied ahead.
    pub fn note_copied(&mut self, part: CopiedPart) {
        let (Some(copy), Some(copied)) = (&mut self.copy_ahead, self.pool.copied_mut()) else { return };
        (copy.records, copy.checksum) = (part.cursor.records, part.cursor.checksum);
        (copy.next, copy.trades) = (part.next, part.trades);
        copy.scopes.extend(part.scopes);
        part.slots.into_iter().for_each(|slot| copied.copy(slot));
    }

    /// Forgets what has been copied ahead, of whatever instrument. The move copies the instrument whole.
    pub fn forget_copy_ahead(&mut self) {
        self.copy_ahead = None;
        self.pool.end_copying();
    }

    /// What has been copied ahead, if it stands: if there have not been too many changes since.
    pub(super) fn copied_ahead(
        &self,
        instrument: InstrumentId,
        migration: MigrationId,
    ) -> Result<&CopyAhead, MigrationRefusal> {
        let is_this = |copy: &&CopyAhead| (copy.instrument, copy.migration) == (instrument, migration);
        let copy = self.copy_ahead.as_ref().filter(|_| self.pool.copied().is_some()).filter(is_this);
        copy.ok_or(MigrationRefusal::UnknownCursor)
    }

    /// Forgets what has been copied ahead of an instrument.
    pub(super) fn end_copy_ahead(&mut self, instrument: InstrumentId) {
        if self.copy_ahead.as_ref().is_some_and(|copy| copy.instrument == instrument) {
            self.forget_copy_ahead();
        }
    }
}

impl AheadExport<'_> {
    /// Ends the part.
    #[must_use]
    pub fn end(mut self) -> CopiedPart {
        // The place after the last record may be the end.
        if let Next::Order(queue, place) = self.part.next {
            self.part.next =
                self.skip_to_order(queue, place).map_or(Next::End, |(queue, place, _)| Next::Order(queue, place));
        }
        self.part
    }

    /// The next order, its queue, and the place before it in that queue.
    fn skip_to_order(&self, mut queue: usize, mut place: Place) -> Option<(usize, Place, Slot)> {
        while let Some(&side) = self.queues.get(queue) {
            if let Some(slot) = side.and_then(|side| self.order_after(side, place)) {
                return Some((queue, place, slot));
            }
            (queue, place) = (queue + 1, Place::First);
        }
        None
    }

    fn order_after(&self, queue: &BookSide, place: Place) -> Option<Slot> {
        let resting = &self.engine.pool.resting;
        match place {
            Place::First => queue.next_to_trade(None, resting).map(|(_, slot)| slot),
            Place::After { number, slot, price } => {
                let copied = self.engine.pool.copied()?;
                let is_of_part = number >= copied.copied();
                if is_of_part || copied.number(slot) == Some(number) {
                    return queue.after(slot, resting);
                }
                queue.uncopied_from(price, resting, |slot| copied.number(slot).is_some())
            }
        }
    }

    fn advance(&mut self) -> Option<SnapshotRecord> {
        let (engine, listed) = (self.engine, self.listed);
        let id = listed.instrument.definition.instrument;
        loop {
            match self.part.next {
                Next::Instrument => {
                    let trades = &listed.instrument.trades;
                    self.part.trades = (TradeId(trades.before_first()), trades.revision());
                    self.part.next = Next::Trades;
                    return Some(SnapshotRecord::Instrument(instrument_record(listed, &engine.pool)));
                }
                Next::Trades => {
                    let (TradeId(last), revision) = self.part.trades;
                    let trades = &listed.instrument.trades;
                    let next = trades.at_or_after(TradeId(last + 1)).filter(|trade| trade.trade_id.0 == last + 1);
                    let Some(trade) = next.filter(|_| trades.revision() == revision) else {
                        self.part.next = Next::Scope(ParticipantId::OPERATOR);
                        continue;
                    };
                    self.part.trades.0 = trade.trade_id;
                    return Some(SnapshotRecord::Trade(trade));
                }
                Next::Scope(participant) => {
                    if let Some((index, place)) = self.event {
                        let scope = engine.scopes.get(index);
                        if place < scope.retained.len() {
                            let kept = scope.kept_at(place);
                            self.part.scopes.insert(index, kept.report.event_sequence);
                            self.event = Some((index, place + 1));
                            return Some(SnapshotRecord::Report(kept));
                        }
                        self.event = None;
                        self.part.next = match scope.participant.0.checked_add(1) {
                            Some(next) => Next::Scope(ParticipantId(next)),
                            None => Next::Order(0, Place::First),
                        };
                        continue;
                    }
                    let Some(index) = engine.scopes_from(id, participant).next() else {
                        self.part.next = Next::Order(0, Place::First);
                        continue;
                    };
                    self.part.next = Next::Scope(engine.scopes.get(index).participant);
                    let record = self.scope(index);
                    let through = self.part.scopes.get(&index).map_or(0, |through| through.0);
                    let first = engine.scopes.get(index).first_retained().0;
                    self.event = Some((index, (through + 1).saturating_sub(first) as usize));
                    return Some(record);
                }
                Next::Order(queue, place) => {
                    let Some((queue, _, slot)) = self.skip_to_order(queue, place) else {
                        self.part.next = Next::End;
                        continue;
                    };
                    let order = engine.pool.get(slot);
                    if !self.part.scopes.contains_key(&order.owner) && !self.copy.scopes.contains_key(&order.owner) {
                        return Some(self.scope(order.owner));
                    }
                    let number = engine.pool.copied()?.copied() + self.part.slots.len() as u32;
                    self.part.slots.push(slot);
                    self.part.next = Next::Order(queue, Place::After { number, slot, price: order.price });
                    let participant = engine.scopes.get(order.owner).participant;
                    return Some(SnapshotRecord::Order(order_record(slot, &engine.pool, participant)));
                }
                Next::End => return None,
            }
        }
    }

    /// The record of a scope as it is now. Its events go on after those that were copied, if they are still kept.
    fn scope(&mut self, index: ScopeIndex) -> SnapshotRecord {
        let scope = self.engine.scopes.get(index);
        let before = EventSequence(scope.first_retained().0 - 1);
        let copied = self.part.scopes.get(&index).or_else(|| self.copy.scopes.get(&index)).copied();
        self.part.scopes.insert(index, copied.map_or(before, |through| through.max(before)));
        SnapshotRecord::Scope(scope_record(scope, index, &self.engine.pool))
    }
}

impl Iterator for AheadExport<'_> {
    type Item = ExportRecord;

    fn next(&mut self) -> Option<ExportRecord> {
        let record = ExportRecord::Snapshot(self.advance()?);
        self.part.cursor = ExportCursor {
            kind: ExportKind::Ahead,
            records: self.part.cursor.records.wrapping_add(1),
            checksum: record_checksum(self.part.cursor.checksum, &record),
            place: ExportPlace::Start,
        };
        Some(record)
    }
}
