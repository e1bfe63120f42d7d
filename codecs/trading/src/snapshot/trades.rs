//! Kept trades, to and from bytes.

use lugus_vocabulary::{
    ClientOrderId, EventSequence, OrderId, ParticipantId, Price, Quantity, TradeId, TradeParty, TradeRecord,
};
use sbe_message::Envelope;

use crate::error::MessageError;
use crate::{block, message};

pub(super) fn encode_trade(record: &TradeRecord, buffer: &mut [u8]) -> usize {
    let TradeRecord { trade_id, price, quantity, buyer, seller } = *record;
    let length;
    message!(buffer, sbe_snapshot, kept_trade_codec, KeptTradeEncoder, length)
        .trade_id(trade_id.0)
        .price(price.0)
        .quantity(quantity.0)
        .buy_order_id(buyer.order_id.0)
        .buy_client_order_id(buyer.client_order_id.0)
        .buy_event_sequence(buyer.event_sequence.0)
        .sell_order_id(seller.order_id.0)
        .sell_client_order_id(seller.client_order_id.0)
        .sell_event_sequence(seller.event_sequence.0)
        .buy_participant_id(buyer.participant.0)
        .sell_participant_id(seller.participant.0);
    length
}

pub(super) fn decode_trade(envelope: Envelope<'_>) -> Result<TradeRecord, MessageError> {
    let wire = block!(envelope, sbe_snapshot, kept_trade_codec, KeptTradeDecoder);
    Ok(TradeRecord {
        trade_id: TradeId(wire.trade_id()),
        price: Price(wire.price()),
        quantity: Quantity(wire.quantity()),
        buyer: TradeParty {
            order_id: OrderId(wire.buy_order_id()),
            client_order_id: ClientOrderId(wire.buy_client_order_id()),
            event_sequence: EventSequence(wire.buy_event_sequence()),
            participant: ParticipantId(wire.buy_participant_id()),
        },
        seller: TradeParty {
            order_id: OrderId(wire.sell_order_id()),
            client_order_id: ClientOrderId(wire.sell_client_order_id()),
            event_sequence: EventSequence(wire.sell_event_sequence()),
            participant: ParticipantId(wire.sell_participant_id()),
        },
    })
}
