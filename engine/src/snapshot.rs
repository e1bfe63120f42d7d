//! All of the state as a stream of records, for whoever writes it somewhere.
//!
//! [`lugus_vocabulary::snapshot`] defines the records and their order. `records` makes each record from the state,
//! `checksum` sums the stream up, and `restore` loads it.

mod ahead;
pub(crate) mod checksum;
pub(crate) mod records;

use lugus_vocabulary::{InstrumentId, SNAPSHOT_VERSION, SnapshotHeader, SnapshotRecord};

use self::ahead::Ahead;
use self::checksum::checksum;
use self::records::{
    firm_record, instrument_record, migration_state_record, order_record, participant_record, quote_set_record,
    rate_records, scope_record,
};
use crate::engine::Engine;
use crate::instrument::Instrument;
use crate::scopes::Scope;

impl Engine {
    /// Calls `visit` with each record of the state, in an order that depends on nothing but the state.
    ///
    /// # Errors
    ///
    /// The first error of `visit`, which ends the snapshot.
    pub fn snapshot<E>(&self, visit: &mut impl FnMut(&SnapshotRecord) -> Result<(), E>) -> Result<(), E> {
        let scopes = self.scopes.sorted();
        let mut stream = Stream { engine: self, visit, records: 0, checksum: 0 };
        stream.put(SnapshotRecord::Header(self.header(&scopes)))?;
        for (participant, risk, disconnection) in self.participants.sorted() {
            stream.put(SnapshotRecord::Participant(participant_record(
                participant,
                risk,
                disconnection,
                &self.participants.firms,
            )))?;
            for rate in rate_records(&risk.orders, &risk.cancels) {
                stream.put(SnapshotRecord::Rate(rate))?;
            }
            let Some(place) = self.participants.place(participant) else { continue };
            for (id, set) in self.pool.unfinished.quotes.of(place) {
                stream.put(SnapshotRecord::QuoteSet(quote_set_record(id, set)))?;
                for trades in set.trades() {
                    stream.put(SnapshotRecord::QuoteTrades(trades))?;
                }
            }
        }
        for (id, firm) in self.participants.firms.iter() {
            let Some(events) = self.scopes.firms.get(id) else { continue };
            stream.put(SnapshotRecord::Firm(firm_record(id, firm, events)))?;
            for rate in rate_records(&firm.orders, &firm.cancels) {
                stream.put(SnapshotRecord::Rate(rate))?;
            }
            for event in (0..events.len()).map(|place| events.kept_at(place)) {
                stream.put(SnapshotRecord::FirmEvent(event))?;
            }
        }
        for (instrument, state) in self.migration_states.iter() {
            stream.put(SnapshotRecord::MigrationState(migration_state_record(instrument, state)))?;
        }
        let own = scopes.partition_point(|scope| scope.instrument == InstrumentId::NONE);
        let (own, mut rest) = scopes.split_at(own);
        stream.put_scopes(own)?;
        for listed in self.instruments.iter() {
            let id = listed.instrument.definition.instrument;
            let (scopes, later) = rest.split_at(rest.partition_point(|scope| scope.instrument == id));
            rest = later;
            stream.put(SnapshotRecord::Instrument(instrument_record(listed, &self.pool)))?;
            for trade in listed.instrument.trades.records() {
                stream.put(SnapshotRecord::Trade(trade))?;
            }
            stream.put_scopes(scopes)?;
            let Instrument { book, stops, auction_orders, elected, .. } = &listed.instrument;
            let resting = &self.pool.resting;
            let for_auctions = auction_orders.iter().flat_map(|queues| queues.orders(resting));
            let waiting = stops.orders(resting).chain(for_auctions).chain(elected.orders(&self.pool.elected));
            for slot in Ahead::new(book.orders(resting).chain(waiting), &self.pool) {
                let participant = self.scopes.get(self.pool.get(slot).owner).participant;
                stream.put(SnapshotRecord::Order(order_record(slot, &self.pool, participant)))?;
            }
        }
        let Stream { records, checksum, .. } = stream;
        visit(&SnapshotRecord::End { records, checksum })
    }

    fn header(&self, scopes: &[&Scope]) -> SnapshotHeader {
        let trades = self.instruments.iter().map(|listed| listed.instrument.trades.len() as u64);
        let events = scopes.iter().map(|scope| scope.retained.len() as u64);
        SnapshotHeader {
            version: SNAPSHOT_VERSION,
            participants: self.participants.len() as u32,
            instruments: self.instruments.len() as u32,
            scopes: scopes.len() as u32,
            orders: self.pool.live() as u32,
            migration_states: self.migration_states.len() as u32,
            reports: events.chain(trades).sum(),
            participants_hash: self.participants_hash,
            state_hash: self.state_hash(),
        }
    }
}

/// The stream on its way to the visitor: counts the records and sums them up.
struct Stream<'a, V> {
    engine: &'a Engine,
    visit: &'a mut V,
    records: u64,
    checksum: u64,
}

impl<E, V: FnMut(&SnapshotRecord) -> Result<(), E>> Stream<'_, V> {
    fn put(&mut self, record: SnapshotRecord) -> Result<(), E> {
        self.records += 1;
        self.checksum = checksum(self.checksum, &record);
        (self.visit)(&record)
    }

    fn put_scopes(&mut self, scopes: &[&Scope]) -> Result<(), E> {
        for scope in scopes {
            let Some(owner) = self.engine.scopes.find(scope.participant, scope.instrument) else { continue };
            self.put(SnapshotRecord::Scope(scope_record(scope, owner, &self.engine.pool)))?;
            for kept in scope.kept() {
                self.put(SnapshotRecord::Report(kept))?;
            }
        }
        Ok(())
    }
}
