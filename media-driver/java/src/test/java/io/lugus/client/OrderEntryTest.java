package io.lugus.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lugus.order.entry.BusinessMessageRejectEncoder;
import io.lugus.order.entry.CommandRefusedEncoder;
import io.lugus.order.entry.EventGapEncoder;
import io.lugus.order.entry.ExecutionReportEncoder;
import io.lugus.order.entry.MessageHeaderEncoder;
import io.lugus.order.entry.MessageRejectEncoder;
import io.lugus.order.entry.MessageRejectReason;
import io.lugus.order.entry.MovedEncoder;
import io.lugus.order.entry.NewOrderSingleEncoder;
import io.lugus.order.entry.OrderCancelRejectEncoder;
import io.lugus.order.entry.OrderCancelReplaceRequestEncoder;
import io.lugus.order.entry.OrderCancelRequestEncoder;
import io.lugus.order.entry.OrderMassCancelReportEncoder;
import io.lugus.order.entry.OrderType;
import io.lugus.order.entry.ResumeCompleteEncoder;
import io.lugus.order.entry.ResumeEncoder;
import io.lugus.order.entry.SelfTradePrevention;
import io.lugus.order.entry.SequenceRejectEncoder;
import io.lugus.order.entry.SessionReplacedEncoder;
import io.lugus.order.entry.Side;
import io.lugus.order.entry.TimeInForce;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.junit.jupiter.api.Test;

/** What is written and read by offsets, against the codecs that are generated from the schema. */
final class OrderEntryTest {
    private static final int VERSION_AT = 6;

    private final MutableDirectBuffer generated = new ExpandableArrayBuffer(256);
    private final MutableDirectBuffer own = new ExpandableArrayBuffer(256);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();

    private void assertSame(final int encodedLength, final int length) {
        generated.putShort(VERSION_AT, (short)OrderEntry.VERSION, ByteOrder.LITTLE_ENDIAN);
        assertEquals(hex(generated, MessageHeaderEncoder.ENCODED_LENGTH + encodedLength), hex(own, length));
    }

    private static String hex(final MutableDirectBuffer buffer, final int length) {
        final byte[] bytes = new byte[length];
        buffer.getBytes(0, bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void commandsAndRequestsAreThoseOfTheSchema() {
        final NewOrderSingleEncoder order = new NewOrderSingleEncoder().wrapAndApplyHeader(generated, 0, header)
            .clientSequence(7).clientOrderId(1L << 40).price(-3).stopPrice(NewOrderSingleEncoder.stopPriceNullValue())
            .quantity(9).displayQuantity(0).expireTime(NewOrderSingleEncoder.expireTimeNullValue()).instrumentId(2)
            .side(Side.SELL).orderType(OrderType.LIMIT).timeInForce(TimeInForce.IOC)
            .selfTradePrevention(SelfTradePrevention.NONE).clientTag(NewOrderSingleEncoder.clientTagNullValue());
        order.execInst().clear();
        assertSame(order.encodedLength(), OrderEntry.encodeNewOrder(
            own, 7, 2, 1L << 40, OrderEntry.SELL, OrderEntry.LIMIT, OrderEntry.IMMEDIATE_OR_CANCEL, -3, 9));

        order.price(NewOrderSingleEncoder.priceNullValue()).side(Side.BUY).orderType(OrderType.MARKET)
            .timeInForce(TimeInForce.GTC);
        assertSame(order.encodedLength(), OrderEntry.encodeNewOrder(
            own, 7, 2, 1L << 40, OrderEntry.BUY, OrderEntry.MARKET, OrderEntry.GOOD_TILL_CANCEL, OrderEntry.NULL, 9));

        assertSame(
            new OrderCancelRequestEncoder().wrapAndApplyHeader(generated, 0, header)
                .clientSequence(8).origClientOrderId(5).instrumentId(2).encodedLength(),
            OrderEntry.encodeCancel(own, 8, 2, 5));
        assertSame(
            new OrderCancelReplaceRequestEncoder().wrapAndApplyHeader(generated, 0, header)
                .clientSequence(9).origClientOrderId(5).clientOrderId(6).price(101)
                .stopPrice(OrderCancelReplaceRequestEncoder.stopPriceNullValue())
                .quantity(4).displayQuantity(0).instrumentId(2).encodedLength(),
            OrderEntry.encodeReplace(own, 9, 2, 5, 6, 101, 4));
        assertSame(
            new ResumeEncoder().wrapAndApplyHeader(generated, 0, header).lastEventSequence(3).instrumentId(2).encodedLength(),
            OrderEntry.encodeResume(own, 2, 3));
    }

    private void assertEvent(final int template) {
        assertEquals(template, OrderEntry.template(generated, 0, 256));
        assertEquals(11, OrderEntry.eventSequence(generated, 0));
        assertEquals(12, OrderEntry.clientSequence(generated, 0));
        final int at = OrderEntry.participantAt(template);
        assertEquals(13, OrderEntry.intAt(generated, 0, at));
        assertEquals(14, OrderEntry.intAt(generated, 0, at + Integer.BYTES));
    }

    @Test
    void eventsHaveTheirNumbersWhereTheSchemaHasThem() {
        new ExecutionReportEncoder().wrapAndApplyHeader(generated, 0, header)
            .eventSequence(11).clientSequence(12).participantId(13).instrumentId(14);
        assertEvent(OrderEntry.EXECUTION_REPORT);
        new OrderCancelRejectEncoder().wrapAndApplyHeader(generated, 0, header)
            .eventSequence(11).clientSequence(12).participantId(13).instrumentId(14);
        assertEvent(OrderEntry.ORDER_CANCEL_REJECT);
        new OrderMassCancelReportEncoder().wrapAndApplyHeader(generated, 0, header)
            .eventSequence(11).clientSequence(12).participantId(13).instrumentId(14);
        assertEvent(OrderEntry.ORDER_MASS_CANCEL_REPORT);
        new BusinessMessageRejectEncoder().wrapAndApplyHeader(generated, 0, header)
            .eventSequence(11).clientSequence(12).participantId(13).instrumentId(14);
        assertEvent(OrderEntry.BUSINESS_MESSAGE_REJECT);
    }

    private void assertAnswer(final int template, final int instrumentAt) {
        assertEquals(template, OrderEntry.template(generated, 0, 256));
        assertEquals(14, OrderEntry.intAt(generated, 0, instrumentAt));
    }

    @Test
    void answersHaveTheirFieldsWhereTheSchemaHasThem() {
        new SequenceRejectEncoder().wrapAndApplyHeader(generated, 0, header).instrumentId(14);
        assertAnswer(OrderEntry.SEQUENCE_REJECT, 16);
        new ResumeCompleteEncoder().wrapAndApplyHeader(generated, 0, header)
            .lastClientSequence(21).lastEventSequence(22).instrumentId(14);
        assertAnswer(OrderEntry.RESUME_COMPLETE, 16);
        assertEquals(21, OrderEntry.longAt(generated, 0, 0));
        assertEquals(22, OrderEntry.longAt(generated, 0, 8));
        new EventGapEncoder().wrapAndApplyHeader(generated, 0, header).firstRetainedEventSequence(23).instrumentId(14);
        assertAnswer(OrderEntry.EVENT_GAP, 32);
        assertEquals(23, OrderEntry.longAt(generated, 0, 8));
        new CommandRefusedEncoder().wrapAndApplyHeader(generated, 0, header).instrumentId(14);
        assertAnswer(OrderEntry.COMMAND_REFUSED, 8);
        new MovedEncoder().wrapAndApplyHeader(generated, 0, header).instrumentId(14);
        assertAnswer(OrderEntry.MOVED, 16);
        new SessionReplacedEncoder().wrapAndApplyHeader(generated, 0, header).participantId(14);
        assertAnswer(OrderEntry.SESSION_REPLACED, 0);
        new MessageRejectEncoder().wrapAndApplyHeader(generated, 0, header)
            .refTemplateId(24).reason(MessageRejectReason.NO_PARTICIPANT);
        assertEquals(OrderEntry.MESSAGE_REJECT, OrderEntry.template(generated, 0, 256));
        assertEquals(24, OrderEntry.shortAt(generated, 0, 0));
        assertEquals(OrderEntry.NO_PARTICIPANT, OrderEntry.byteAt(generated, 0, 2));
    }

    @Test
    void whatIsShorterThanItSaysOrOfAnotherSchemaHasNoTemplate() {
        final int length = OrderEntry.encodeResume(own, 2, 3);
        assertEquals(OrderEntry.RESUME, OrderEntry.template(own, 0, length));
        assertEquals(-1, OrderEntry.template(own, 0, length - 1));
        assertEquals(-1, OrderEntry.template(own, 0, 3));
        own.putShort(4, (short)202);
        assertEquals(-1, OrderEntry.template(own, 0, length));
    }
}
