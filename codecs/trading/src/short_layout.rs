//! The short layouts of executions, orders and trades in runs of records, written and read side by side: as messages, a
//! kept execution takes 144 bytes and an order 110; here, an order takes about 14, since most numbers differ little from
//! those of the record before, and most fields are absent.
//!
//! After a record's tag come a byte of flags that tell which optional fields are present, one byte for each enumeration,
//! and numbers ([`numbers`]). A number is told from that of the record before where [`Before`] has one. The first record of
//! a run is told from zeros, so that each run can be read without the others.
//!
//! Moves and snapshots use these layouts, and snapshots outlive the program that took them: a change needs a new version of
//! schema 204, with which a run's message says how it was written.

pub(crate) mod numbers;

use lugus_vocabulary::{
    ClientOrderId, ClientSequence, ClientTag, EpochNanos, EventSequence, ExecType, Execution, InstrumentId, Liquidity,
    NewOrder, OnDisconnect, OrderId, OrderRecord, OrderStatus, OrderType, PostOnly, Price, Quantity, RejectReason,
    Report, ReportBody, RetainedReport, SelfTradePrevention, Side, SnapshotRecord, TimeInForce, TradeId, TradeParty,
    TradeRecord,
};

use self::numbers::{NumberReader, put_number, put_participant, put_signed, put_unsigned};
use crate::sbe_order_entry::reject_reason::RejectReason as WireReason;
use crate::word::FromWire;

/// Tag of a kept event that is an execution.
const EXECUTION: u8 = 1;
/// Tag of a live order.
const ORDER: u8 = 2;
/// Tag of a kept trade.
const TRADE: u8 = 3;

/// Upper bound of the length of a record with its tag, in bytes: the enumerations, and at most sixteen numbers of ten bytes
/// each.
pub(crate) const LONGEST_SHORT_RECORD: usize = 192;

/// The numbers that those of the next record are differences from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Before {
    participant: u32,
    event_sequence: u64,
    applied: u64,
    time: i64,
    order_id: u64,
    client_order_id: u64,
    price: i64,
    expire_time: i64,
    trade_id: u64,
}

/// Flags of an execution.
mod execution_flag {
    /// The event answers the scope's last applied command.
    pub(crate) const ANSWER: u8 = 1;
    /// There is a price.
    pub(crate) const PRICE: u8 = 1 << 1;
    /// There is a last price.
    pub(crate) const LAST_PRICE: u8 = 1 << 2;
    /// There are a trade id and a last quantity.
    pub(crate) const TRADE: u8 = 1 << 3;
    /// There is an original client order id.
    pub(crate) const ORIGINAL: u8 = 1 << 4;
    /// There is a cumulative quantity.
    pub(crate) const FILLED: u8 = 1 << 5;
    /// The open quantity is not the quantity less the cumulative quantity, and is present.
    pub(crate) const LEFT: u8 = 1 << 6;
    /// There is a client tag.
    pub(crate) const TAG: u8 = 1 << 7;
}

/// Flags of an order.
mod order_flag {
    /// The order is post-only.
    pub(crate) const POST_ONLY: u8 = 1;
    /// The open quantity is less than the quantity, and is present.
    pub(crate) const PARTLY: u8 = 1 << 1;
    /// The shown quantity is less than the open quantity, and is present.
    pub(crate) const HIDES: u8 = 1 << 2;
    /// There is a display quantity.
    pub(crate) const DISPLAY: u8 = 1 << 3;
    /// There is a stop price.
    pub(crate) const STOP: u8 = 1 << 4;
    /// There is an expire time.
    pub(crate) const EXPIRES: u8 = 1 << 5;
    /// There is a price.
    pub(crate) const PRICE: u8 = 1 << 6;
    /// There is a client tag.
    pub(crate) const TAG: u8 = 1 << 7;
}

/// Bit of an order's self-trade prevention that tells that the order is elected.
const ELECTED: u8 = 1 << 7;
/// Bit of an order's side, also in an execution, that tells that the order stays on disconnect.
const STAYS: u8 = 1 << 7;

impl Before {
    /// Writes a record of this instrument with its tag. Returns false, and writes nothing, if the layouts do not have the record,
    /// or not all of it.
    #[inline]
    pub(crate) fn put(&mut self, buffer: &mut Vec<u8>, record: &SnapshotRecord, instrument: InstrumentId) -> bool {
        match record {
            SnapshotRecord::Order(order) if order.arrival == 0 || order.order.stop_price.is_some() => {
                buffer.push(ORDER);
                self.put_order(buffer, order);
            }
            SnapshotRecord::Report(RetainedReport { applied, report }) => {
                let answers = report.client_sequence;
                let ReportBody::Execution(execution) = &report.body else { return false };
                if report.instrument != instrument || (answers != *applied && answers.0 != 0) {
                    return false;
                }
                buffer.push(EXECUTION);
                self.put_execution(buffer, *applied, report, execution);
            }
            SnapshotRecord::Trade(trade) => {
                buffer.push(TRADE);
                self.put_trade(buffer, trade);
            }
            _ => return false,
        }
        true
    }

    /// Reads a record of this instrument after its tag; `None` if it is none of these tags, or the bytes are no such record.
    #[inline]
    pub(crate) fn record(
        &mut self,
        tag: u8,
        reader: &mut NumberReader<'_>,
        instrument: InstrumentId,
    ) -> Option<SnapshotRecord> {
        match tag {
            ORDER => self.order(reader).map(SnapshotRecord::Order),
            EXECUTION => self.execution(reader, instrument).map(SnapshotRecord::Report),
            TRADE => self.trade(reader).map(SnapshotRecord::Trade),
            _ => None,
        }
    }

    /// Writes a kept execution after its tag.
    fn put_execution(&mut self, buffer: &mut Vec<u8>, applied: ClientSequence, report: &Report, execution: &Execution) {
        use execution_flag::{ANSWER, FILLED, LAST_PRICE, LEFT, ORIGINAL, PRICE, TAG, TRADE};
        let traded = execution.trade_id.0 != 0 || execution.last_quantity.0 != 0;
        let unfilled = execution.quantity.0.wrapping_sub(execution.cum_quantity.0);
        let flags = flags([
            (ANSWER, report.client_sequence.0 != 0),
            (PRICE, execution.price.is_some()),
            (LAST_PRICE, execution.last_price.is_some()),
            (TRADE, traded),
            (ORIGINAL, execution.orig_client_order_id.0 != 0),
            (FILLED, execution.cum_quantity.0 != 0),
            (LEFT, execution.leaves_quantity.0 != unfilled),
            (TAG, execution.client_tag.0 != 0),
        ]);
        buffer.extend_from_slice(&[
            flags,
            execution.exec_type.number(),
            execution.order_status.number(),
            side_byte(execution.side, execution.on_disconnect),
            execution.order_type.number(),
            execution.time_in_force.number(),
            execution.liquidity.number(),
        ]);
        put_number(buffer, execution.reason.number().into());
        put_participant(buffer, report.participant, self.participant);
        put_unsigned(buffer, report.event_sequence.0, self.event_sequence);
        put_unsigned(buffer, applied.0, self.applied);
        put_signed(buffer, report.time.0, self.time);
        put_unsigned(buffer, execution.order_id.0, self.order_id);
        put_unsigned(buffer, execution.client_order_id.0, self.client_order_id);
        put_number(buffer, execution.quantity.0);
        if let Some(price) = execution.price {
            put_signed(buffer, price.0, self.price);
            self.price = price.0;
        }
        if let Some(last_price) = execution.last_price {
            put_signed(buffer, last_price.0, self.price);
        }
        for (flag, number) in [
            (TRADE, execution.trade_id.0),
            (TRADE, execution.last_quantity.0),
            (ORIGINAL, execution.orig_client_order_id.0),
            (FILLED, execution.cum_quantity.0),
            (LEFT, execution.leaves_quantity.0),
            (TAG, execution.client_tag.0),
        ] {
            if flags & flag != 0 {
                put_number(buffer, number);
            }
        }
        self.remember_execution(applied, report, execution);
    }

    /// Reads a kept execution of this instrument after its tag; `None` if the bytes are none.
    fn execution(&mut self, reader: &mut NumberReader<'_>, instrument: InstrumentId) -> Option<RetainedReport> {
        use execution_flag::{ANSWER, FILLED, LAST_PRICE, LEFT, ORIGINAL, PRICE, TAG, TRADE};
        let [flags, exec_type, order_status, side, order_type, time_in_force, liquidity] = reader.bytes()?;
        let has = |flag| flags & flag != 0;
        let reason = u16::try_from(reader.number()?).ok()?;
        let participant = reader.participant(self.participant)?;
        let event_sequence = EventSequence(reader.unsigned(self.event_sequence)?);
        let applied = ClientSequence(reader.unsigned(self.applied)?);
        let time = EpochNanos(reader.signed(self.time)?);
        let order_id = OrderId(reader.unsigned(self.order_id)?);
        let client_order_id = ClientOrderId(reader.unsigned(self.client_order_id)?);
        let quantity = reader.number()?;
        let price = reader.signed_if(has(PRICE), self.price)?;
        self.price = price.unwrap_or(self.price);
        let last_price = reader.signed_if(has(LAST_PRICE), self.price)?;
        let trade_id = TradeId(reader.number_if(has(TRADE), 0)?);
        let last_quantity = Quantity(reader.number_if(has(TRADE), 0)?);
        let orig_client_order_id = ClientOrderId(reader.number_if(has(ORIGINAL), 0)?);
        let cum_quantity = reader.number_if(has(FILLED), 0)?;
        let leaves_quantity = reader.number_if(has(LEFT), quantity.wrapping_sub(cum_quantity))?;
        let client_tag = ClientTag(reader.number_if(has(TAG), 0)?);
        let execution = Execution {
            exec_type: ExecType::from_number(exec_type)?,
            order_status: OrderStatus::from_number(order_status)?,
            order_id,
            client_order_id,
            orig_client_order_id,
            trade_id,
            side: Side::from_number(side & !STAYS)?,
            order_type: OrderType::from_number(order_type)?,
            time_in_force: TimeInForce::from_number(time_in_force)?,
            price: price.map(Price),
            quantity: Quantity(quantity),
            last_price: last_price.map(Price),
            last_quantity,
            leaves_quantity: Quantity(leaves_quantity),
            cum_quantity: Quantity(cum_quantity),
            liquidity: Liquidity::from_number(liquidity)?,
            reason: RejectReason::from_wire(WireReason::from(reason))?,
            client_tag,
            on_disconnect: on_disconnect(side),
        };
        let client_sequence = if has(ANSWER) { applied } else { ClientSequence(0) };
        let body = ReportBody::Execution(execution);
        let report = Report { participant, instrument, event_sequence, client_sequence, time, body };
        self.remember_execution(applied, &report, &execution);
        Some(RetainedReport { applied, report })
    }

    fn remember_execution(&mut self, applied: ClientSequence, report: &Report, execution: &Execution) {
        self.participant = report.participant.0;
        self.event_sequence = report.event_sequence.0;
        self.applied = applied.0;
        self.time = report.time.0;
        self.order_id = execution.order_id.0;
        self.client_order_id = execution.client_order_id.0;
    }

    /// Writes an order after its tag.
    pub(crate) fn put_order(&mut self, buffer: &mut Vec<u8>, record: &OrderRecord) {
        use order_flag::{DISPLAY, EXPIRES, HIDES, PARTLY, POST_ONLY, PRICE, STOP, TAG};
        let order = &record.order;
        let elected = if record.is_elected { ELECTED } else { 0 };
        let flags = flags([
            (POST_ONLY, order.post_only == PostOnly::Yes),
            (PARTLY, record.leaves_quantity != order.quantity),
            (HIDES, record.shown_quantity != record.leaves_quantity),
            (DISPLAY, order.display_quantity.0 != 0),
            (STOP, order.stop_price.is_some()),
            (EXPIRES, order.expire_time.is_some()),
            (PRICE, order.price.is_some()),
            (TAG, order.client_tag.0 != 0),
        ]);
        buffer.extend_from_slice(&[
            flags,
            side_byte(order.side, order.on_disconnect),
            order.order_type.number(),
            order.time_in_force.number(),
            order.self_trade_prevention.number() | elected,
        ]);
        put_participant(buffer, record.participant, self.participant);
        put_unsigned(buffer, record.order_id.0, self.order_id);
        put_unsigned(buffer, order.client_order_id.0, self.client_order_id);
        put_number(buffer, order.quantity.0);
        for (flag, number) in [
            (PARTLY, record.leaves_quantity.0),
            (HIDES, record.shown_quantity.0),
            (DISPLAY, order.display_quantity.0),
            (TAG, order.client_tag.0),
        ] {
            if flags & flag != 0 {
                put_number(buffer, number);
            }
        }
        if let Some(price) = order.price {
            put_signed(buffer, price.0, self.price);
            self.price = price.0;
        }
        if let Some(stop_price) = order.stop_price {
            put_signed(buffer, stop_price.0, self.price);
            put_number(buffer, record.arrival);
        }
        if let Some(expire_time) = order.expire_time {
            put_signed(buffer, expire_time.0, self.expire_time);
            self.expire_time = expire_time.0;
        }
        self.remember_order(record);
    }

    /// Reads an order after its tag; `None` if the bytes are none.
    pub(crate) fn order(&mut self, reader: &mut NumberReader<'_>) -> Option<OrderRecord> {
        use order_flag::{DISPLAY, EXPIRES, HIDES, PARTLY, POST_ONLY, PRICE, STOP, TAG};
        let [flags, side, order_type, time_in_force, prevention] = reader.bytes()?;
        let has = |flag| flags & flag != 0;
        let participant = reader.participant(self.participant)?;
        let order_id = OrderId(reader.unsigned(self.order_id)?);
        let client_order_id = ClientOrderId(reader.unsigned(self.client_order_id)?);
        let quantity = reader.number()?;
        let leaves_quantity = reader.number_if(has(PARTLY), quantity)?;
        let shown_quantity = reader.number_if(has(HIDES), leaves_quantity)?;
        let display_quantity = Quantity(reader.number_if(has(DISPLAY), 0)?);
        let client_tag = ClientTag(reader.number_if(has(TAG), 0)?);
        let price = reader.signed_if(has(PRICE), self.price)?;
        self.price = price.unwrap_or(self.price);
        let stop_price = reader.signed_if(has(STOP), self.price)?;
        let arrival = reader.number_if(has(STOP), 0)?;
        let expire_time = reader.signed_if(has(EXPIRES), self.expire_time)?;
        self.expire_time = expire_time.unwrap_or(self.expire_time);
        let order = NewOrder {
            client_order_id,
            side: Side::from_number(side & !STAYS)?,
            order_type: OrderType::from_number(order_type)?,
            time_in_force: TimeInForce::from_number(time_in_force)?,
            price: price.map(Price),
            stop_price: stop_price.map(Price),
            quantity: Quantity(quantity),
            display_quantity,
            expire_time: expire_time.map(EpochNanos),
            post_only: if has(POST_ONLY) { PostOnly::Yes } else { PostOnly::No },
            self_trade_prevention: SelfTradePrevention::from_number(prevention & !ELECTED)?,
            client_tag,
            on_disconnect: on_disconnect(side),
        };
        let is_elected = prevention & ELECTED != 0;
        let (leaves_quantity, shown_quantity) = (Quantity(leaves_quantity), Quantity(shown_quantity));
        let record = OrderRecord { order_id, participant, leaves_quantity, shown_quantity, arrival, is_elected, order };
        self.remember_order(&record);
        Some(record)
    }

    /// Writes a kept trade after its tag.
    fn put_trade(&mut self, buffer: &mut Vec<u8>, record: &TradeRecord) {
        put_unsigned(buffer, record.trade_id.0, self.trade_id);
        put_signed(buffer, record.price.0, self.price);
        put_number(buffer, record.quantity.0);
        (self.trade_id, self.price) = (record.trade_id.0, record.price.0);
        for party in [&record.buyer, &record.seller] {
            put_participant(buffer, party.participant, self.participant);
            put_unsigned(buffer, party.order_id.0, self.order_id);
            put_unsigned(buffer, party.client_order_id.0, self.client_order_id);
            put_unsigned(buffer, party.event_sequence.0, self.event_sequence);
            self.remember_party(party);
        }
    }

    /// Reads a kept trade after its tag; `None` if the bytes are none.
    fn trade(&mut self, reader: &mut NumberReader<'_>) -> Option<TradeRecord> {
        let trade_id = TradeId(reader.unsigned(self.trade_id)?);
        let price = Price(reader.signed(self.price)?);
        let quantity = Quantity(reader.number()?);
        (self.trade_id, self.price) = (trade_id.0, price.0);
        let buyer = self.party(reader)?;
        let seller = self.party(reader)?;
        Some(TradeRecord { trade_id, price, quantity, buyer, seller })
    }

    fn party(&mut self, reader: &mut NumberReader<'_>) -> Option<TradeParty> {
        let party = TradeParty {
            participant: reader.participant(self.participant)?,
            order_id: OrderId(reader.unsigned(self.order_id)?),
            client_order_id: ClientOrderId(reader.unsigned(self.client_order_id)?),
            event_sequence: EventSequence(reader.unsigned(self.event_sequence)?),
        };
        self.remember_party(&party);
        Some(party)
    }

    fn remember_party(&mut self, party: &TradeParty) {
        self.participant = party.participant.0;
        self.order_id = party.order_id.0;
        self.client_order_id = party.client_order_id.0;
        self.event_sequence = party.event_sequence.0;
    }

    fn remember_order(&mut self, record: &OrderRecord) {
        self.participant = record.participant.0;
        self.order_id = record.order_id.0;
        self.client_order_id = record.order.client_order_id.0;
    }
}

fn flags<const N: usize>(flags: [(u8, bool); N]) -> u8 {
    flags.into_iter().fold(0, |all, (flag, is_set)| if is_set { all | flag } else { all })
}

/// The byte of an order's side.
fn side_byte(side: Side, on_disconnect: OnDisconnect) -> u8 {
    side.number() | if on_disconnect == OnDisconnect::Stay { STAYS } else { 0 }
}

/// What the byte of an order's side tells of a disconnect.
fn on_disconnect(side: u8) -> OnDisconnect {
    if side & STAYS == 0 { OnDisconnect::Cancel } else { OnDisconnect::Stay }
}
