package io.lugus;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OpenAuthenticatorTest {
    private final OpenAuthenticator authenticator = new OpenAuthenticator();
    private final RecordedSession session = new RecordedSession(1);

    @ParameterizedTest
    @ValueSource(strings = {"0", "7", "1000", "4294967295", "7:keep", "4294967295:keep"})
    void believesANumber(final String number) {
        authenticator.onConnectRequest(1, number.getBytes(US_ASCII), 0);
        authenticator.onConnectedSession(session, 0);
        assertArrayEquals(number.getBytes(US_ASCII), session.principal);
        assertFalse(session.rejected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+1", "1x", " 1", "01", "4294967296", "99999999999", "seven", ":keep", "7:kee", "7:keep:keep", "7:keep ", "7keep",
        "7:"})
    void rejectsWhatIsNoNumber(final String credentials) {
        authenticator.onConnectRequest(1, credentials.getBytes(US_ASCII), 0);
        authenticator.onConnectedSession(session, 0);
        assertTrue(session.rejected);
        assertNull(session.principal);
    }

    @Test
    void triesAgainWhileTheAnswerCannotBeSent() {
        authenticator.onConnectRequest(1, "7".getBytes(US_ASCII), 0);
        session.accepts = false;
        authenticator.onConnectedSession(session, 0);
        assertNull(session.principal);
        session.accepts = true;
        authenticator.onConnectedSession(session, 1);
        assertArrayEquals("7".getBytes(US_ASCII), session.principal);
    }

    @Test
    void rejectsASessionThatItDoesNotKnow() {
        authenticator.onConnectedSession(session, 0);
        assertTrue(session.rejected);
    }
}
