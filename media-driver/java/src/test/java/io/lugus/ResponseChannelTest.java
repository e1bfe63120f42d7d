package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ResponseChannelTest {
    @ParameterizedTest
    @ValueSource(strings = {
        "aeron:udp?endpoint=127.0.0.1:40123|rejoin=false",
        "aeron:udp?endpoint=10.1.2.255:1",
        "aeron:udp?alias=egress|endpoint=localhost:9020|term-length=64k|mtu=1408",
        "aeron:udp?endpoint=[fe80::1]:65535",
    })
    void onePortOfOneAddressIsPlain(final String channel) {
        assertTrue(ResponseChannel.isPlain(channel));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "",
        "x",
        "aeron:ipc",
        "aeron:udp",
        "aeron-spy:aeron:udp?endpoint=127.0.0.1:9",
        // The driver would ask a name server.
        "aeron:udp?endpoint=slow.example:9",
        "aeron:udp?endpoint=1.2.3:9",
        "aeron:udp?endpoint=256.1.1.1:9",
        "aeron:udp?endpoint=0x7f000001:9",
        "aeron:udp?endpoint=[fe80::1%eth0]:9",
        "aeron:udp?endpoint=[::ffff:224.0.0.1]:9",
        "aeron:udp?endpoint=[::g]:9",
        "aeron:udp?endpoint=[1::2::3]:9",
        // To many, or to nobody.
        "aeron:udp?endpoint=224.0.1.1:9",
        "aeron:udp?endpoint=255.255.255.255:9",
        "aeron:udp?endpoint=0.0.0.0:9",
        "aeron:udp?endpoint=[ff02::1]:9",
        "aeron:udp?endpoint=[::]:9",
        "aeron:udp?endpoint=127.0.0.1:0",
        "aeron:udp?endpoint=127.0.0.1:65536",
        "aeron:udp?endpoint=127.0.0.1",
        "aeron:udp?control=127.0.0.1:9|control-mode=dynamic",
        // Parameters that cost the driver something.
        "aeron:udp?endpoint=127.0.0.1:9|linger=1h",
        "aeron:udp?endpoint=127.0.0.1:9|interface=10.0.0.1",
        "aeron:udp?endpoint=127.0.0.1:9|session-id=1",
        "aeron:udp?endpoint=127.0.0.1:9|init-term-id=1|term-id=1|term-offset=0",
    })
    void everythingElseIsNot(final String channel) {
        assertFalse(ResponseChannel.isPlain(channel));
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1:40123,127.0.0.1", "[fe80::1]:9,[fe80::1]", "aeron:ipc,aeron"})
    void theAddressOfASourceHasNoPort(final String source, final String address) {
        assertEquals(address, IngressDoor.addressOf(source));
    }
}
