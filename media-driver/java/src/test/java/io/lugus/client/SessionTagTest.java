package io.lugus.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.agrona.ExpandableArrayBuffer;
import org.junit.jupiter.api.Test;

final class SessionTagTest {
    /** The example of docs/protocol.md, which the tests of the codecs have, too. */
    @Test
    void theWorkedExample() {
        final byte[] message = HexFormat.of().parseHex("14000200c90002002a000000000000000b0000000000000003000000");
        final SessionTag tag = new SessionTag(HexFormat.of().parseHex("d8f796648cfa14d271240160d46ff7a8"));
        for (final String trailer : new String[] {"010000000000000004159ec898a36aa6", "0200000000000000e24e76e39d193544"}) {
            final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
            buffer.putBytes(0, message);
            final int length = tag.append(buffer, message.length);
            final byte[] appended = new byte[SessionTag.TRAILER_LENGTH];
            buffer.getBytes(message.length, appended);
            assertEquals(trailer, HexFormat.of().formatHex(appended));
            assertEquals(message.length + SessionTag.TRAILER_LENGTH, length);
        }
    }
}
