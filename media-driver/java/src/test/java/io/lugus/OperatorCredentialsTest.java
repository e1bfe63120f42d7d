package io.lugus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator's credentials. */
class OperatorCredentialsTest {
    @AfterEach
    void clear() {
        System.clearProperty(OperatorCredentials.KEY_FILE_PROPERTY);
    }

    @Test
    void withoutAKeyTheNumberIsAll() throws IOException {
        final OperatorCredentials credentials = OperatorCredentials.configured();
        assertEquals("0", new String(credentials.encodedCredentials(), StandardCharsets.US_ASCII));
        assertEquals(0, credentials.onChallenge(new byte[32]).length);
    }

    /** The message of the second case of RFC 4231, with a key that is long enough for us; computed by Python's hmac. */
    @Test
    void aChallengeIsAnsweredWithItsHmac(@TempDir final Path folder) throws IOException {
        final Path file = folder.resolve("key");
        Files.writeString(file, "4a6566654a6566654a6566654a656665\n");
        System.setProperty(OperatorCredentials.KEY_FILE_PROPERTY, file.toString());
        final byte[] challenge = "what do ya want for nothing?".getBytes(StandardCharsets.US_ASCII);
        assertArrayEquals(
            HexFormat.of().parseHex("2ccd85dfc8d18cb5d84fef4b198554699fece6e8692c9147b0da983f5b7bd413"),
            OperatorCredentials.configured().onChallenge(challenge));
    }
}
