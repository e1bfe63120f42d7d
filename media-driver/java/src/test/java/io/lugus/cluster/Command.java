package io.lugus.cluster;

import io.lugus.order.entry.KillSwitch;
import io.lugus.order.entry.MassCancelSide;
import io.lugus.order.entry.MessageHeaderEncoder;
import io.lugus.order.entry.NewOrderSingleEncoder;
import io.lugus.order.entry.OrderCancelReplaceRequestEncoder;
import io.lugus.order.entry.OrderCancelRequestEncoder;
import io.lugus.order.entry.OrderMassCancelRequestEncoder;
import io.lugus.order.entry.OrderType;
import io.lugus.order.entry.SelfTradePrevention;
import io.lugus.order.entry.SetKillSwitchEncoder;
import io.lugus.order.entry.Side;
import io.lugus.order.entry.TimeInForce;
import org.agrona.MutableDirectBuffer;

/** A command, encoded with the generated codecs. */
sealed interface Command {
    /** Instrument of the command's scope. */
    int instrument();

    /** Writes the command with the number {@code clientSequence} in its scope, and returns its length. */
    int encode(MutableDirectBuffer buffer, long clientSequence);

    /** A new order. */
    record NewOrder(
        int instrument,
        long clientOrderId,
        Side side,
        OrderType orderType,
        TimeInForce timeInForce,
        Long price,
        long quantity,
        boolean postOnly) implements Command {
        static NewOrder limit(
            final int instrument, final long clientOrderId, final Side side, final long quantity, final long price) {
            return new NewOrder(
                instrument, clientOrderId, side, OrderType.LIMIT, TimeInForce.GTC, price, quantity, false);
        }

        static NewOrder market(final int instrument, final long clientOrderId, final Side side, final long quantity) {
            return new NewOrder(
                instrument, clientOrderId, side, OrderType.MARKET, TimeInForce.IOC, null, quantity, false);
        }

        NewOrder with(final TimeInForce other) {
            return new NewOrder(instrument, clientOrderId, side, orderType, other, price, quantity, postOnly);
        }

        NewOrder asPostOnly() {
            return new NewOrder(instrument, clientOrderId, side, orderType, timeInForce, price, quantity, true);
        }

        @Override
        public int encode(final MutableDirectBuffer buffer, final long clientSequence) {
            final NewOrderSingleEncoder out = new NewOrderSingleEncoder()
                .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
                .clientSequence(clientSequence)
                .clientOrderId(clientOrderId)
                .price(null == price ? NewOrderSingleEncoder.priceNullValue() : price)
                .stopPrice(NewOrderSingleEncoder.stopPriceNullValue())
                .quantity(quantity)
                .displayQuantity(0)
                .expireTime(NewOrderSingleEncoder.expireTimeNullValue())
                .instrumentId(instrument)
                .side(side)
                .orderType(orderType)
                .timeInForce(timeInForce)
                .selfTradePrevention(SelfTradePrevention.NONE)
                .clientTag(NewOrderSingleEncoder.clientTagNullValue());
            out.execInst().clear().pARTICIPATE_DO_NOT_INITIATE(postOnly);
            return MessageHeaderEncoder.ENCODED_LENGTH + out.encodedLength();
        }
    }

    /** Cancels an order. */
    record Cancel(int instrument, long origClientOrderId) implements Command {
        @Override
        public int encode(final MutableDirectBuffer buffer, final long clientSequence) {
            return MessageHeaderEncoder.ENCODED_LENGTH + new OrderCancelRequestEncoder()
                .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
                .clientSequence(clientSequence)
                .origClientOrderId(origClientOrderId)
                .instrumentId(instrument)
                .encodedLength();
        }
    }

    /** Replaces an order's number, price and quantity. */
    record Replace(int instrument, long origClientOrderId, long clientOrderId, long quantity, long price)
        implements Command {
        @Override
        public int encode(final MutableDirectBuffer buffer, final long clientSequence) {
            return MessageHeaderEncoder.ENCODED_LENGTH + new OrderCancelReplaceRequestEncoder()
                .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
                .clientSequence(clientSequence)
                .origClientOrderId(origClientOrderId)
                .clientOrderId(clientOrderId)
                .price(price)
                .stopPrice(OrderCancelReplaceRequestEncoder.stopPriceNullValue())
                .quantity(quantity)
                .displayQuantity(0)
                .instrumentId(instrument)
                .encodedLength();
        }
    }

    /** Cancels all orders of a participant in an instrument. */
    record MassCancel(int instrument, int targetParticipant, MassCancelSide side) implements Command {
        @Override
        public int encode(final MutableDirectBuffer buffer, final long clientSequence) {
            return MessageHeaderEncoder.ENCODED_LENGTH + new OrderMassCancelRequestEncoder()
                .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
                .clientSequence(clientSequence)
                .instrumentId(instrument)
                .targetParticipantId(targetParticipant)
                .side(side)
                .encodedLength();
        }
    }

    /** A participant's kill switch. It is numbered in the participant scope, which has no instrument. */
    record SetKillSwitch(int targetParticipant, KillSwitch killSwitch) implements Command {
        @Override
        public int instrument() {
            return 0;
        }

        @Override
        public int encode(final MutableDirectBuffer buffer, final long clientSequence) {
            return MessageHeaderEncoder.ENCODED_LENGTH + new SetKillSwitchEncoder()
                .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
                .clientSequence(clientSequence)
                .targetParticipantId(targetParticipant)
                .killSwitch(killSwitch)
                .encodedLength();
        }
    }
}
