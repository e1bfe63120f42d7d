//! One record of the service's state, and its SBE message.

use lugus_codecs::order_entry as words;
use lugus_codecs::snapshot::{
    instrument_codec, participant_codec, resting_order_codec, retained_report_codec, scope_codec, snapshot_end_codec,
    snapshot_header_codec, standing_codec,
};
use lugus_codecs::{DecodeError, Envelope, block, message};
use lugus_vocabulary::{
    ClientOrderId, ClientSequence, Decimal, EpochNanos, EventSequence, ExportManifest, ImportRecord,
    InstrumentDefinition, InstrumentId, InstrumentRecord, MapEpoch, MarketDataSequence, MigrationId,
    MigrationStateKind, MigrationStateRecord, OrderId, OrderRecord, ParticipantId, ParticipantRecord, PostOnly, Price,
    Quantity, RiskLimits, ScopeRecord, SnapshotHeader, SnapshotRecord, StateHash, Statistics, Symbol, TradeId,
};

use super::MessageFault;
use crate::encode::Buffer;
use crate::sessions::ParticipantSession;
use crate::vocabulary::{Heard, Said};

/// What a message of the snapshot is.
pub(crate) enum Decoded {
    Record(SnapshotRecord),
    /// The first part of a kept event; the event itself is the next message.
    Retained(ClientSequence),
}

pub(crate) fn session<'b>(session: &ParticipantSession, buffer: &'b mut Buffer) -> &'b [u8] {
    let length;
    message!(buffer, snapshot, participant_session_codec, ParticipantSessionEncoder, length)
        .cluster_session_id(session.cluster_session_id)
        .participant_id(session.participant.0)
        .drop_copy_instrument_id(session.drop_copy.unwrap_or_default().0)
        .drop_copy(u8::from(session.drop_copy.is_some()));
    &buffer[..length]
}

pub(crate) fn decode_session(envelope: Envelope<'_>) -> Result<ParticipantSession, MessageFault> {
    let session = block!(envelope, snapshot, participant_session_codec, ParticipantSessionDecoder);
    let instrument = InstrumentId(session.drop_copy_instrument_id());
    Ok(ParticipantSession {
        cluster_session_id: session.cluster_session_id(),
        participant: ParticipantId(session.participant_id()),
        drop_copy: match session.drop_copy() {
            0 => None,
            1 => Some(instrument),
            _ => return Err(MessageFault::Value),
        },
    })
}

pub(crate) fn encode<'b>(record: &SnapshotRecord, buffer: &'b mut Buffer) -> &'b [u8] {
    let length;
    match record {
        SnapshotRecord::Header(header) => length = encode_header(header, buffer),
        SnapshotRecord::Participant(participant) => length = encode_participant(participant, buffer),
        SnapshotRecord::MigrationState(standing) => length = encode_standing(standing, buffer),
        SnapshotRecord::Instrument(instrument) => length = encode_instrument(instrument, buffer),
        SnapshotRecord::Scope(scope) => length = encode_scope(scope, buffer),
        SnapshotRecord::Report(kept) => {
            message!(buffer, snapshot, retained_report_codec, RetainedReportEncoder, length)
                .applied_client_sequence(kept.applied.0);
        }
        SnapshotRecord::Order(order) => length = encode_order(order, buffer),
        SnapshotRecord::End { records, checksum } => {
            message!(buffer, snapshot, snapshot_end_codec, SnapshotEndEncoder, length)
                .records(*records)
                .checksum(*checksum);
        }
    }
    &buffer[..length]
}

pub(crate) fn decode(envelope: Envelope<'_>) -> Result<Decoded, MessageFault> {
    let record = match envelope.template_id {
        snapshot_header_codec::SBE_TEMPLATE_ID => SnapshotRecord::Header(decode_header(envelope)?),
        participant_codec::SBE_TEMPLATE_ID => SnapshotRecord::Participant(decode_participant(envelope)?),
        standing_codec::SBE_TEMPLATE_ID => SnapshotRecord::MigrationState(decode_standing(envelope)?),
        instrument_codec::SBE_TEMPLATE_ID => SnapshotRecord::Instrument(decode_instrument(envelope)?),
        scope_codec::SBE_TEMPLATE_ID => SnapshotRecord::Scope(decode_scope(envelope)?),
        retained_report_codec::SBE_TEMPLATE_ID => {
            let kept = block!(envelope, snapshot, retained_report_codec, RetainedReportDecoder);
            return Ok(Decoded::Retained(ClientSequence(kept.applied_client_sequence())));
        }
        resting_order_codec::SBE_TEMPLATE_ID => SnapshotRecord::Order(decode_order(envelope)?),
        snapshot_end_codec::SBE_TEMPLATE_ID => {
            let end = block!(envelope, snapshot, snapshot_end_codec, SnapshotEndDecoder);
            SnapshotRecord::End { records: end.records(), checksum: end.checksum() }
        }
        found => return Err(DecodeError::Template { found }.into()),
    };
    Ok(Decoded::Record(record))
}

fn heard<W: Heard>(word: W::Wire) -> Result<W, MessageFault> {
    W::from_wire(word).ok_or(MessageFault::Value)
}

fn encode_header(header: &SnapshotHeader, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, snapshot, snapshot_header_codec, SnapshotHeaderEncoder, length)
        .participants_hash(header.participants_hash.0)
        .state_hash(header.state_hash.0)
        .reports(header.reports)
        .engine_version(header.version)
        .participants(header.participants)
        .instruments(header.instruments)
        .scopes(header.scopes)
        .orders(header.orders)
        .standings(header.migration_states);
    length
}

fn decode_header(envelope: Envelope<'_>) -> Result<SnapshotHeader, MessageFault> {
    let header = block!(envelope, snapshot, snapshot_header_codec, SnapshotHeaderDecoder);
    Ok(SnapshotHeader {
        version: header.engine_version(),
        participants: header.participants(),
        instruments: header.instruments(),
        scopes: header.scopes(),
        orders: header.orders(),
        migration_states: header.standings(),
        reports: header.reports(),
        participants_hash: StateHash(header.participants_hash()),
        state_hash: StateHash(header.state_hash()),
    })
}

/// A limit of 0 is none: the engine has no others.
fn encode_participant(record: &ParticipantRecord, buffer: &mut Buffer) -> usize {
    let length;
    let limits = &record.limits;
    message!(buffer, snapshot, participant_codec, ParticipantEncoder, length)
        .maximum_quantity(limits.maximum_quantity.unwrap_or_default().0)
        .maximum_notional(limits.maximum_notional.unwrap_or_default())
        .rate_second(record.rate_second)
        .participant_id(record.participant.0)
        .maximum_open_orders(limits.maximum_open_orders.unwrap_or_default())
        .maximum_commands_per_second(limits.maximum_commands_per_second.unwrap_or_default())
        .rate_commands(record.rate_commands)
        .kill_switch(record.kill_switch.to_wire().into());
    length
}

fn decode_participant(envelope: Envelope<'_>) -> Result<ParticipantRecord, MessageFault> {
    let record = block!(envelope, snapshot, participant_codec, ParticipantDecoder);
    let limit = |limit: u32| (limit > 0).then_some(limit);
    let wide = |limit: u64| (limit > 0).then_some(limit);
    Ok(ParticipantRecord {
        participant: ParticipantId(record.participant_id()),
        limits: RiskLimits {
            maximum_quantity: wide(record.maximum_quantity()).map(Quantity),
            maximum_notional: wide(record.maximum_notional()),
            maximum_open_orders: limit(record.maximum_open_orders()),
            maximum_commands_per_second: limit(record.maximum_commands_per_second()),
        },
        kill_switch: heard(words::kill_switch::KillSwitch::from(record.kill_switch()))?,
        rate_second: record.rate_second(),
        rate_commands: record.rate_commands(),
    })
}

fn encode_standing(record: &MigrationStateRecord, buffer: &mut Buffer) -> usize {
    let length;
    let import = record.import.unwrap_or(NO_IMPORT);
    let (participant, scope_reports_left) = import.scope.unwrap_or_default();
    message!(buffer, snapshot, standing_codec, StandingEncoder, length)
        .migration_id(record.migration.0)
        .epoch(record.epoch.unwrap_or_default().0)
        .state_hash(import.manifest.state_hash.0)
        .reports(import.manifest.reports)
        .records(import.records)
        .checksum(import.checksum)
        .reports_left(import.reports_left)
        .scope_reports_left(scope_reports_left)
        .instrument_id(record.instrument.0)
        .scopes(import.manifest.scopes)
        .orders(import.manifest.orders)
        .scopes_left(import.scopes_left)
        .orders_left(import.orders_left)
        .participant_id(participant.0)
        .kind(record.kind as u8)
        .parts(bits([record.epoch.is_some(), record.import.is_some(), import.scope.is_some()]));
    length
}

/// What is written where there is no import.
const NO_IMPORT: ImportRecord = ImportRecord {
    manifest: ExportManifest { state_hash: StateHash(0), scopes: 0, orders: 0, reports: 0 },
    records: 0,
    checksum: 0,
    scopes_left: 0,
    orders_left: 0,
    reports_left: 0,
    scope: None,
};

fn decode_standing(envelope: Envelope<'_>) -> Result<MigrationStateRecord, MessageFault> {
    let record = block!(envelope, snapshot, standing_codec, StandingDecoder);
    let parts = record.parts();
    let kind = match record.kind() {
        1 => MigrationStateKind::Trading,
        2 => MigrationStateKind::Fenced,
        3 => MigrationStateKind::Importing,
        4 => MigrationStateKind::Imported,
        5 => MigrationStateKind::Dropping,
        6 => MigrationStateKind::DroppingImport,
        7 => MigrationStateKind::Elsewhere,
        _ => return Err(MessageFault::Value),
    };
    let manifest = ExportManifest {
        state_hash: StateHash(record.state_hash()),
        scopes: record.scopes(),
        orders: record.orders(),
        reports: record.reports(),
    };
    let import = ImportRecord {
        manifest,
        records: record.records(),
        checksum: record.checksum(),
        scopes_left: record.scopes_left(),
        orders_left: record.orders_left(),
        reports_left: record.reports_left(),
        scope: if_set(parts, 2, (ParticipantId(record.participant_id()), record.scope_reports_left()))?,
    };
    let import = match parts {
        0..=1 if import == NO_IMPORT => None,
        2..=3 | 6..=7 => Some(import),
        _ => return Err(MessageFault::Value),
    };
    Ok(MigrationStateRecord {
        instrument: InstrumentId(record.instrument_id()),
        kind,
        migration: MigrationId(record.migration_id()),
        epoch: if_set(parts, 0, MapEpoch(record.epoch()))?,
        import,
    })
}

fn encode_instrument(record: &InstrumentRecord, buffer: &mut Buffer) -> usize {
    let length;
    let definition = &record.definition;
    let Statistics { open, high, low, last, volume } = record.statistics;
    let prices = [open, high, low, last];
    message!(buffer, snapshot, instrument_codec, InstrumentEncoder, length)
        .last_order_id(record.last_order_id.0)
        .last_trade_id(record.last_trade_id.0)
        .state_hash(record.state_hash.0)
        .minimum_price(definition.minimum_price.0)
        .maximum_price(definition.maximum_price.0)
        .reference_price(definition.reference_price.0)
        .price_band(definition.price_band.0)
        .maximum_quantity(definition.maximum_quantity.0)
        .tick_size_mantissa(definition.tick_size.mantissa)
        .lot_size_mantissa(definition.lot_size.mantissa)
        .instrument_id(definition.instrument.0)
        .tick_size_exponent(definition.tick_size.exponent)
        .lot_size_exponent(definition.lot_size.exponent)
        .instrument_type(definition.instrument_type.to_wire().into())
        .state(definition.state.to_wire().into())
        .base(&definition.base.0)
        .quote(&definition.quote.0)
        .market_data_sequence(record.market_data_sequence.0)
        .open_price(prices[0].unwrap_or_default().0)
        .high_price(prices[1].unwrap_or_default().0)
        .low_price(prices[2].unwrap_or_default().0)
        .last_price(prices[3].unwrap_or_default().0)
        .volume(volume.0)
        .statistics(bits(prices.map(|price| price.is_some())));
    length
}

/// The first one in the lowest bit.
fn bits<const N: usize>(flags: [bool; N]) -> u8 {
    flags.into_iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(flag))
}

/// `value`, if the bit is set; what is not there is written as 0, and nothing else is taken for it.
fn if_set<T: PartialEq + Default>(bits: u8, bit: u8, value: T) -> Result<Option<T>, MessageFault> {
    match bits >> bit & 1 {
        1 => Ok(Some(value)),
        _ if value == T::default() => Ok(None),
        _ => Err(MessageFault::Value),
    }
}

fn decode_statistics(present: u8, prices: [i64; 4], volume: u64) -> Result<Statistics, MessageFault> {
    if present >> 4 != 0 {
        return Err(MessageFault::Value);
    }
    let price = |bit: u8| if_set(present, bit, Price(prices[usize::from(bit)]));
    Ok(Statistics { open: price(0)?, high: price(1)?, low: price(2)?, last: price(3)?, volume: Quantity(volume) })
}

fn decode_instrument(envelope: Envelope<'_>) -> Result<InstrumentRecord, MessageFault> {
    let record = block!(envelope, snapshot, instrument_codec, InstrumentDecoder);
    let definition = InstrumentDefinition {
        instrument: InstrumentId(record.instrument_id()),
        base: Symbol(record.base()),
        quote: Symbol(record.quote()),
        instrument_type: heard(words::instrument_type::InstrumentType::from(record.instrument_type()))?,
        minimum_price: Price(record.minimum_price()),
        maximum_price: Price(record.maximum_price()),
        reference_price: Price(record.reference_price()),
        price_band: Quantity(record.price_band()),
        maximum_quantity: Quantity(record.maximum_quantity()),
        tick_size: Decimal { mantissa: record.tick_size_mantissa(), exponent: record.tick_size_exponent() },
        lot_size: Decimal { mantissa: record.lot_size_mantissa(), exponent: record.lot_size_exponent() },
        state: heard(words::instrument_state::InstrumentState::from(record.state()))?,
    };
    Ok(InstrumentRecord {
        definition,
        last_order_id: OrderId(record.last_order_id()),
        last_trade_id: TradeId(record.last_trade_id()),
        market_data_sequence: MarketDataSequence(record.market_data_sequence()),
        statistics: decode_statistics(
            record.statistics(),
            [record.open_price(), record.high_price(), record.low_price(), record.last_price()],
            record.volume(),
        )?,
        state_hash: StateHash(record.state_hash()),
    })
}

fn encode_scope(scope: &ScopeRecord, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, snapshot, scope_codec, ScopeEncoder, length)
        .last_client_sequence(scope.last_client_sequence.0)
        .last_event_sequence(scope.last_event_sequence.0)
        .lost_client_sequence(scope.lost_client_sequence.0)
        .lost_through_time(scope.lost_through.0)
        .participant_id(scope.participant.0)
        .instrument_id(scope.instrument.0)
        .retained(scope.retained);
    length
}

fn decode_scope(envelope: Envelope<'_>) -> Result<ScopeRecord, MessageFault> {
    let scope = block!(envelope, snapshot, scope_codec, ScopeDecoder);
    Ok(ScopeRecord {
        participant: ParticipantId(scope.participant_id()),
        instrument: InstrumentId(scope.instrument_id()),
        last_client_sequence: ClientSequence(scope.last_client_sequence()),
        last_event_sequence: EventSequence(scope.last_event_sequence()),
        retained: scope.retained(),
        lost_client_sequence: ClientSequence(scope.lost_client_sequence()),
        lost_through: EpochNanos(scope.lost_through_time()),
    })
}

fn encode_order(order: &OrderRecord, buffer: &mut Buffer) -> usize {
    let length;
    message!(buffer, snapshot, resting_order_codec, RestingOrderEncoder, length)
        .order_id(order.order_id.0)
        .client_order_id(order.client_order_id.0)
        .price(order.price.0)
        .quantity(order.quantity.0)
        .leaves_quantity(order.leaves_quantity.0)
        .participant_id(order.participant.0)
        .side(order.side.to_wire().into())
        .order_type(order.order_type.to_wire().into())
        .time_in_force(order.time_in_force.to_wire().into())
        .exec_inst(u8::from(order.post_only == PostOnly::Yes))
        .shown_quantity(order.shown_quantity.0)
        .display_quantity(order.display_quantity.0)
        .stop_price(order.stop_price.unwrap_or_default().0)
        .expire_time(order.expire_time.unwrap_or_default().0)
        .self_trade_prevention(order.self_trade_prevention.to_wire().into())
        .terms(bits([order.stop_price.is_some(), order.expire_time.is_some()]));
    length
}

fn decode_order(envelope: Envelope<'_>) -> Result<OrderRecord, MessageFault> {
    let order = block!(envelope, snapshot, resting_order_codec, RestingOrderDecoder);
    let terms = order.terms();
    if terms >> 2 != 0 {
        return Err(MessageFault::Value);
    }
    Ok(OrderRecord {
        order_id: OrderId(order.order_id()),
        participant: ParticipantId(order.participant_id()),
        client_order_id: ClientOrderId(order.client_order_id()),
        side: heard(words::side::Side::from(order.side()))?,
        order_type: heard(words::order_type::OrderType::from(order.order_type()))?,
        time_in_force: heard(words::time_in_force::TimeInForce::from(order.time_in_force()))?,
        post_only: match order.exec_inst() {
            0 => PostOnly::No,
            1 => PostOnly::Yes,
            _ => return Err(MessageFault::Value),
        },
        price: Price(order.price()),
        quantity: Quantity(order.quantity()),
        leaves_quantity: Quantity(order.leaves_quantity()),
        shown_quantity: Quantity(order.shown_quantity()),
        display_quantity: Quantity(order.display_quantity()),
        stop_price: if_set(terms, 0, Price(order.stop_price()))?,
        expire_time: if_set(terms, 1, EpochNanos(order.expire_time()))?,
        self_trade_prevention: heard(words::self_trade_prevention::SelfTradePrevention::from(
            order.self_trade_prevention(),
        ))?,
    })
}
