package io.lugus.client;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Messages of order entry ({@code schemas/order-entry.xml}) by their offsets: what a client that trades sends, and what it has to know of what
 * it is told. A message begins at the first byte of the buffer that it is written to; all {@code encode} methods return its length.
 */
final class OrderEntry {
    /** Length of the header of each message: block length, template, schema and version. */
    static final int HEADER_LENGTH = 8;

    static final int SCHEMA_ID = 201;

    /** The first version of the schema that has all fields which are written here. */
    static final int VERSION = 2;

    static final int NEW_ORDER_SINGLE = 1;
    static final int ORDER_CANCEL_REQUEST = 2;
    static final int ORDER_CANCEL_REPLACE_REQUEST = 3;
    static final int RESUME = 11;
    static final int EXECUTION_REPORT = 21;
    static final int ORDER_CANCEL_REJECT = 22;
    static final int ORDER_MASS_CANCEL_REPORT = 23;
    static final int BUSINESS_MESSAGE_REJECT = 26;
    static final int SEQUENCE_REJECT = 31;
    static final int RESUME_COMPLETE = 32;
    static final int EVENT_GAP = 33;
    static final int COMMAND_REFUSED = 34;
    static final int MESSAGE_REJECT = 35;
    static final int SESSION_REPLACED = 36;
    static final int MOVED = 37;

    /** Of {@code MessageRejectReason}: another session of the participant has replaced this one. */
    static final int NO_PARTICIPANT = 7;

    /** Of {@code Side}. */
    static final int BUY = 1;
    static final int SELL = 2;

    /** Of {@code OrderType}. */
    static final int MARKET = 1;
    static final int LIMIT = 2;

    /** Of {@code TimeInForce}. */
    static final int GOOD_TILL_CANCEL = 1;
    static final int IMMEDIATE_OR_CANCEL = 3;

    /** A price or a time that is absent. */
    static final long NULL = Long.MIN_VALUE;

    private static final int NEW_ORDER_SINGLE_LENGTH = 73;
    private static final int ORDER_CANCEL_REQUEST_LENGTH = 20;
    private static final int ORDER_CANCEL_REPLACE_REQUEST_LENGTH = 60;
    private static final int RESUME_LENGTH = 12;

    private OrderEntry() {
    }

    /** A new order without stop price, expire time, tag and instructions, all of it shown. */
    static int encodeNewOrder(
        final MutableDirectBuffer out,
        final long clientSequence,
        final int instrument,
        final long clientOrderId,
        final int side,
        final int orderType,
        final int timeInForce,
        final long price,
        final long quantity) {
        final int length = header(out, NEW_ORDER_SINGLE, NEW_ORDER_SINGLE_LENGTH);
        putLong(out, 0, clientSequence);
        putLong(out, 8, clientOrderId);
        putLong(out, 16, price);
        putLong(out, 24, NULL);
        putLong(out, 32, quantity);
        putLong(out, 40, 0);
        putLong(out, 48, NULL);
        putInt(out, 56, instrument);
        putByte(out, 60, side);
        putByte(out, 61, orderType);
        putByte(out, 62, timeInForce);
        putByte(out, 63, 0);
        putByte(out, 64, 0);
        putLong(out, 65, 0);
        return length;
    }

    /** Cancels an order. */
    static int encodeCancel(
        final MutableDirectBuffer out, final long clientSequence, final int instrument, final long origClientOrderId) {
        final int length = header(out, ORDER_CANCEL_REQUEST, ORDER_CANCEL_REQUEST_LENGTH);
        putLong(out, 0, clientSequence);
        putLong(out, 8, origClientOrderId);
        putInt(out, 16, instrument);
        return length;
    }

    /** Replaces number, price and quantity of an order. */
    static int encodeReplace(
        final MutableDirectBuffer out,
        final long clientSequence,
        final int instrument,
        final long origClientOrderId,
        final long clientOrderId,
        final long price,
        final long quantity) {
        final int length = header(out, ORDER_CANCEL_REPLACE_REQUEST, ORDER_CANCEL_REPLACE_REQUEST_LENGTH);
        putLong(out, 0, clientSequence);
        putLong(out, 8, origClientOrderId);
        putLong(out, 16, clientOrderId);
        putLong(out, 24, price);
        putLong(out, 32, NULL);
        putLong(out, 40, quantity);
        putLong(out, 48, 0);
        putInt(out, 56, instrument);
        return length;
    }

    /** Asks for the events after the last one that was seen. */
    static int encodeResume(final MutableDirectBuffer out, final int instrument, final long lastEventSequence) {
        final int length = header(out, RESUME, RESUME_LENGTH);
        putLong(out, 0, lastEventSequence);
        putInt(out, 8, instrument);
        return length;
    }

    private static int header(final MutableDirectBuffer out, final int template, final int blockLength) {
        out.putShort(0, (short)blockLength, ByteOrder.LITTLE_ENDIAN);
        out.putShort(2, (short)template, ByteOrder.LITTLE_ENDIAN);
        out.putShort(4, (short)SCHEMA_ID, ByteOrder.LITTLE_ENDIAN);
        out.putShort(6, (short)VERSION, ByteOrder.LITTLE_ENDIAN);
        return HEADER_LENGTH + blockLength;
    }

    private static void putLong(final MutableDirectBuffer out, final int at, final long value) {
        out.putLong(HEADER_LENGTH + at, value, ByteOrder.LITTLE_ENDIAN);
    }

    private static void putInt(final MutableDirectBuffer out, final int at, final int value) {
        out.putInt(HEADER_LENGTH + at, value, ByteOrder.LITTLE_ENDIAN);
    }

    private static void putByte(final MutableDirectBuffer out, final int at, final int value) {
        out.putByte(HEADER_LENGTH + at, (byte)value);
    }

    /** Template of a message; -1 if it is of another schema, or shorter than it says. */
    static int template(final DirectBuffer in, final int offset, final int length) {
        final boolean isWhole = length >= HEADER_LENGTH
            && length >= HEADER_LENGTH + (in.getShort(offset, ByteOrder.LITTLE_ENDIAN) & 0xFFFF)
            && SCHEMA_ID == (in.getShort(offset + 4, ByteOrder.LITTLE_ENDIAN) & 0xFFFF);
        return isWhole ? in.getShort(offset + 2, ByteOrder.LITTLE_ENDIAN) & 0xFFFF : -1;
    }

    /** The 8 bytes at this place of the message's block. */
    static long longAt(final DirectBuffer in, final int offset, final int at) {
        return in.getLong(offset + HEADER_LENGTH + at, ByteOrder.LITTLE_ENDIAN);
    }

    /** The 4 bytes at this place of the message's block. */
    static int intAt(final DirectBuffer in, final int offset, final int at) {
        return in.getInt(offset + HEADER_LENGTH + at, ByteOrder.LITTLE_ENDIAN);
    }

    /** The 2 bytes at this place of the message's block. */
    static int shortAt(final DirectBuffer in, final int offset, final int at) {
        return in.getShort(offset + HEADER_LENGTH + at, ByteOrder.LITTLE_ENDIAN) & 0xFFFF;
    }

    /** The byte at this place of the message's block. */
    static int byteAt(final DirectBuffer in, final int offset, final int at) {
        return in.getByte(offset + HEADER_LENGTH + at) & 0xFF;
    }

    /** Number of an event in its scope. */
    static long eventSequence(final DirectBuffer in, final int offset) {
        return longAt(in, offset, 0);
    }

    /** Number of the command that an event answers; 0 for none. */
    static long clientSequence(final DirectBuffer in, final int offset) {
        return longAt(in, offset, 8);
    }

    /** Where the block of an event has the participant's number, which the instrument's follows; -1 if this template is no event. */
    static int participantAt(final int template) {
        return switch (template) {
            case EXECUTION_REPORT -> 104;
            case ORDER_CANCEL_REJECT -> 40;
            case ORDER_MASS_CANCEL_REPORT, BUSINESS_MESSAGE_REJECT -> 24;
            default -> -1;
        };
    }
}
