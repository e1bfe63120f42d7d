//! Records of a snapshot or an export, made from the state.

use lugus_vocabulary::{
    DisconnectionRecord, FirmRecord, ImportRecord, InstrumentId, InstrumentRecord, MigrationStateRecord, OrderRecord,
    ParticipantId, ParticipantRecord, QuoteSetId, QuoteSetRecord, RateKind, RateRecord, ScopeRecord, Side,
};

use crate::book::{Instructions, OrderPool, QuoteSet, Slot};
use crate::firm_events::FirmStream;
use crate::firms::{Firm, Firms};
use crate::instruments::Listed;
use crate::kill_switch::KillSwitches;
use crate::migration::migration_states::{Importing, MigrationState};
use crate::rate::{RateGroup, RateWindow};
use crate::risk::Risk;
use crate::scopes::{Scope, ScopeIndex};

pub(super) fn participant_record(
    participant: ParticipantId,
    risk: &Risk,
    disconnection: Option<DisconnectionRecord>,
    firms: &Firms,
) -> ParticipantRecord {
    let Risk { limits, kill_switch, ref orders, ref cancels, .. } = *risk;
    let KillSwitches { engaged: kill_switch, keeping: kill_switch_keeps } = kill_switch;
    let rates = (orders.groups().len() + cancels.groups().len()) as u32;
    let firm = firms.of(participant);
    ParticipantRecord { participant, limits, kill_switch, kill_switch_keeps, rates, disconnection, firm }
}

pub(super) fn firm_record(id: ParticipantId, firm: &Firm, events: &FirmStream) -> FirmRecord {
    let KillSwitches { engaged: kill_switch, keeping: kill_switch_keeps } = firm.kill_switch;
    FirmRecord {
        firm: id,
        limits: firm.limits,
        kill_switch,
        kill_switch_keeps,
        self_trade_scope: firm.self_trade_scope,
        rates: (firm.orders.groups().len() + firm.cancels.groups().len()) as u32,
        last_event_sequence: events.last(),
        retained: events.len() as u32,
        lost_through: events.lost_through(),
    }
}

/// What a participant or a firm has used of its rates.
pub(super) fn rate_records(orders: &RateWindow, cancels: &RateWindow) -> impl Iterator<Item = RateRecord> {
    let record = |kind| move |RateGroup { time, commands }| RateRecord { kind, time, commands };
    let cancels = cancels.groups().map(record(RateKind::Cancels));
    orders.groups().map(record(RateKind::Orders)).chain(cancels)
}

pub(super) fn quote_set_record(quote_set: QuoteSetId, set: &QuoteSet) -> QuoteSetRecord {
    let QuoteSet { protection, trigger, frozen_until, canceling, .. } = *set;
    QuoteSetRecord { quote_set, protection, trigger, frozen_until, canceling, trades: set.trades().len() as u32 }
}

pub(super) fn migration_state_record(instrument: InstrumentId, state: &MigrationState) -> MigrationStateRecord {
    let import = match *state {
        MigrationState::Importing(ref importing) => Some(import_record(importing)),
        MigrationState::Imported { manifest, checksum, .. } => {
            Some(ImportRecord { manifest, records: manifest.records(), checksum, ..ImportRecord::default() })
        }
        _ => None,
    };
    let (kind, migration, epoch) = (state.kind(), state.migration(), state.epoch());
    MigrationStateRecord { instrument, kind, migration, epoch, import }
}

fn import_record(importing: &Importing) -> ImportRecord {
    let awaited = importing.loading.awaited;
    ImportRecord {
        manifest: importing.manifest,
        records: importing.records,
        checksum: importing.checksum,
        scopes_left: awaited.scopes as u32,
        orders_left: awaited.orders as u32,
        reports_left: awaited.reports,
        scope: importing.loading.current_scope(),
    }
}

pub(crate) fn instrument_record(listed: &Listed, pool: &OrderPool) -> InstrumentRecord {
    InstrumentRecord {
        definition: listed.instrument.definition,
        last_order_id: listed.instrument.last_order_id,
        last_trade_id: listed.instrument.last_trade_id,
        market_data_sequence: listed.instrument.feed.sequence,
        last_arrival: listed.instrument.arrivals,
        canceled_through: pool.unfinished.canceled_of_everybody(listed.instrument.definition.instrument),
        electing: listed.instrument.due.map(|due| (due.low, due.high)),
        statistics: listed.instrument.feed.statistics,
        auction_end: listed.instrument.auction_end,
        indicative_due: listed.instrument.indicative_due,
        phase_due: listed.instrument.phase_due,
        auction_type: listed.instrument.auction_type,
        expiring: pool.unfinished.expiring(listed.instrument.definition.instrument),
        reference_window: listed.instrument.window,
        state_hash: listed.hash,
    }
}

pub(crate) fn scope_record(scope: &Scope, owner: ScopeIndex, pool: &OrderPool) -> ScopeRecord {
    ScopeRecord {
        participant: scope.participant,
        instrument: scope.instrument,
        last_client_sequence: scope.last_client_sequence,
        last_event_sequence: scope.last_event_sequence,
        retained: scope.retained.len() as u32,
        lost_client_sequence: scope.retained.lost().applied,
        lost_through: scope.retained.lost().through,
        canceled_buys: pool.canceled(owner, Side::Buy),
        canceled_sells: pool.canceled(owner, Side::Sell),
        canceled_on_disconnect: pool.disconnected(owner),
    }
}

pub(crate) fn order_record(slot: Slot, pool: &OrderPool, participant: ParticipantId) -> OrderRecord {
    let (kept, order, terms) = (pool.get(slot), pool.whole(slot), pool.terms(slot));
    let stop_price = order.instructions.has(Instructions::WAITING).then_some(kept.price);
    OrderRecord {
        order_id: order.order_id,
        participant,
        leaves_quantity: order.leaves,
        shown_quantity: kept.leaves,
        arrival: if order.instructions.has(Instructions::WAITING | Instructions::AUCTION) { terms.arrival } else { 0 },
        is_elected: order.instructions.has(Instructions::ELECTED),
        order: order.as_entered(&terms, stop_price),
    }
}
