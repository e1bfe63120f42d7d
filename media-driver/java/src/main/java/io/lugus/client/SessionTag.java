package io.lugus.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What follows each message of a session that has a key: a counter that grows, and the tag, which is SipHash-1-3 under the session
 * key of message and counter.
 */
public final class SessionTag {
    /** Length of a session key, in bytes. */
    static final int KEY_LENGTH = 16;

    /** Length of counter and tag, in bytes. */
    static final int TRAILER_LENGTH = 2 * Long.BYTES;

    private final long k0;
    private final long k1;
    private long counter;
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    /**
     * Makes the tags of a session.
     *
     * @param key of the session, of 16 bytes.
     */
    public SessionTag(final byte[] key) {
        final ByteBuffer halves = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
        k0 = halves.getLong();
        k1 = halves.getLong();
    }

    /**
     * Appends counter and tag to a message.
     *
     * @param buffer with the message at its begin.
     * @param length of the message, in bytes.
     * @return the length with both.
     */
    public int append(final MutableDirectBuffer buffer, final int length) {
        counter++;
        buffer.putLong(length, counter, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(length + Long.BYTES, sipHash(buffer, length + Long.BYTES), ByteOrder.LITTLE_ENDIAN);
        return length + TRAILER_LENGTH;
    }

    /** SipHash-1-3 of the first bytes of a buffer. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
    private long sipHash(final DirectBuffer buffer, final int length) {
        v0 = k0 ^ 0x736f6d6570736575L;
        v1 = k1 ^ 0x646f72616e646f6dL;
        v2 = k0 ^ 0x6c7967656e657261L;
        v3 = k1 ^ 0x7465646279746573L;
        int at = 0;
        for (; at + Long.BYTES <= length; at += Long.BYTES) {
            compress(buffer.getLong(at, ByteOrder.LITTLE_ENDIAN));
        }
        long last = (long)length << 56;
        for (int i = 0; at + i < length; i++) {
            last |= (buffer.getByte(at + i) & 0xFFL) << (8 * i);
        }
        compress(last);
        v2 ^= 0xff;
        round();
        round();
        round();
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private void compress(final long word) {
        v3 ^= word;
        round();
        v0 ^= word;
    }

    private void round() {
        v0 += v1;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v3;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v2 = Long.rotateLeft(v2, 32);
    }
}
