//! Records of an instrument that is copied ahead of its fence: they may come again, as they are later.

use lugus_vocabulary::{EventSequence, InstrumentRecord, OrderRecord, Quantity, ScopeRecord, Side, TradeId};

use super::checks::{Checked, require, within};
use super::fault::SnapshotFault;
use super::live_orders::{check_order, order_of};
use super::load_state::{AwaitedRecords, CurrentScope, LoadState, RecordSource};
use super::loading::{MAXIMUM_NUMBER, goes_on};
use crate::book::{Instructions, Slot};
use crate::definition::check_definition;
use crate::engine::Engine;
use crate::kept_reports::Lost;
use crate::queues::{Queue, queue_price};

impl LoadState {
    /// Takes in an instrument of which any number of records may come.
    pub(crate) fn ahead() -> Self {
        let any = u64::MAX;
        let awaited = AwaitedRecords { instruments: any, scopes: any, orders: any, reports: any, ..Default::default() };
        Self::new(RecordSource::Ahead, awaited)
    }

    /// Takes in the record of an instrument that is here already.
    pub(crate) fn instrument_again(&mut self, record: &InstrumentRecord, engine: &mut Engine) -> Checked {
        let sound = check_definition(&record.definition).is_ok();
        require(sound, "an instrument with an impossible definition")?;
        let place = engine.instruments.place(record.definition.instrument);
        let place = place.ok_or(SnapshotFault::Unexpected { found: "instrument" })?;
        let listed = engine.instruments.touch(place);
        listed.hash = record.state_hash;
        let instrument = &mut listed.instrument;
        instrument.definition = record.definition;
        instrument.set_protection(record.definition.protection);
        goes_on(instrument, record)?;
        engine.pool.unfinished.set_canceled_of_everybody(record.definition.instrument, record.canceled_through);
        engine.pool.unfinished.set_expiring(record.definition.instrument, record.expiring);
        Ok(())
    }

    /// How the kept trades that have come in go on.
    pub(crate) fn trades_again(&mut self, after: TradeId, forgotten: TradeId, engine: &mut Engine) -> Checked {
        let current = self.instrument.as_ref().map(|current| current.id);
        let listed = current.and_then(|id| engine.instruments.find_mut(id));
        let listed = listed.ok_or(SnapshotFault::Unexpected { found: "kept trades" })?;
        let trades = &mut listed.instrument.trades;
        if trades.last() == after {
            trades.forget_through(forgotten);
        } else {
            trades.begin_session(after);
        }
        Ok(())
    }

    /// Takes in a scope, or what has become of one that is here already. If its oldest kept event does not follow those that
    /// have come in, those are forgotten.
    pub(crate) fn scope_again(&mut self, record: &ScopeRecord, engine: &mut Engine) -> Checked {
        let ScopeRecord { participant, instrument, retained, .. } = *record;
        let current = self.instrument.as_ref().map(|current| current.id);
        require(current == Some(instrument), "a scope of another instrument")?;
        self.check_participant(participant, engine)?;
        within("kept events", retained.into(), engine.limits.retained_events as u64)?;
        let (told, kept) = (record.last_event_sequence.0, u64::from(retained));
        let numbers = record.last_client_sequence.0.max(told);
        require(numbers <= MAXIMUM_NUMBER && kept <= told, "a scope with impossible numbers")?;
        let lost = Lost { applied: record.lost_client_sequence, through: record.lost_through };
        require(kept < told || lost == Lost::default(), "a scope has lost events and has all")?;
        let known = engine.scopes.find(participant, instrument);
        let index = known.unwrap_or_else(|| engine.take_in(engine.scopes.new_scope(participant, instrument)));
        let scope = engine.scopes.get_mut(index);
        scope.last_client_sequence = record.last_client_sequence;
        let (first, last) = (told - kept + 1, scope.last_event_sequence.0);
        if last + 1 >= first && last <= told {
            scope.retained.forget_before(first);
        } else {
            scope.last_event_sequence = EventSequence(told - kept);
            scope.retained.begin_after(scope.last_event_sequence, lost);
        }
        let awaited = told - scope.last_event_sequence.0;
        engine.pool.set_canceled(index, Some(Side::Buy), record.canceled_buys);
        engine.pool.set_canceled(index, Some(Side::Sell), record.canceled_sells);
        engine.pool.set_disconnected(index, record.canceled_on_disconnect);
        self.scope = Some(CurrentScope { participant, instrument, index, awaited });
        Ok(())
    }

    /// Removes an order that has come in, and has ended since or lost its place in its queue.
    pub(crate) fn end_order(&mut self, slot: Slot, engine: &mut Engine) -> Checked {
        let current = self.instrument.as_ref().map(|current| current.id);
        let Some((instrument, _, pool)) = current.and_then(|id| engine.parts_of(id)) else {
            return Err(SnapshotFault::Unexpected { found: "end of an order" });
        };
        let order = *pool.get(slot);
        instrument.queue_mut(Queue::of(&order), order.side).remove(slot, &mut pool.resting);
        pool.remove(slot);
        Ok(())
    }

    /// Changes an order that has come in, and keeps its place. No other order of its owner has its client order id.
    pub(crate) fn change_order(&mut self, slot: Slot, record: &OrderRecord, engine: &mut Engine) -> Checked {
        let current = self.instrument.as_ref().map(|current| current.id);
        let Some((instrument, scopes, pool)) = current.and_then(|id| engine.parts_of(id)) else {
            return Err(SnapshotFault::Unexpected { found: "change of an order" });
        };
        check_order(record, &instrument.definition)?;
        let before = *pool.get(slot);
        let (order, terms) = order_of(record, before.owner, queue_price(&record.order));
        let expires = |instructions: Instructions| instructions.has(Instructions::EXPIRES);
        let is_same = (before.order_id, before.side, before.price) == (order.order_id, order.side, order.price)
            && Queue::of(&before) == Queue::of(&order)
            && !order.instructions.has(Instructions::ELECTED)
            && before.instructions.has(Instructions::STAYS) == order.instructions.has(Instructions::STAYS)
            && expires(before.instructions) == expires(order.instructions)
            && (!expires(order.instructions) || pool.terms(slot).expire_time == terms.expire_time)
            && before.client_tag == order.client_tag
            && scopes.get(before.owner).participant == record.participant
            && order.leaves <= before.leaves;
        require(is_same, "a change of an order that would lose its place")?;
        pool.rename(slot, record.order.client_order_id);
        pool.amend(slot, &order, &terms);
        let gone = Quantity(before.leaves.0 - order.leaves.0);
        instrument.queue_mut(Queue::of(&order), order.side).reduce(slot, gone, &mut pool.resting);
        Ok(())
    }
}
