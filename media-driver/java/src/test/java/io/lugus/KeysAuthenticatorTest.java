package io.lugus;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lugus.client.Challenge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class KeysAuthenticatorTest {
    private static final byte[] KEY_OF_7 = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
    private static final byte[] KEY_OF_8 = HexFormat.of().parseHex("ffeeddccbbaa99887766554433221100");

    private final RecordedSession session = new RecordedSession(1);
    private KeysAuthenticator authenticator;

    @TempDir
    Path folder;

    @BeforeEach
    void twoParticipants() throws IOException {
        final Path file = folder.resolve("participants");
        Files.writeString(file, line(7, KEY_OF_7, "trader 0") + line(8, KEY_OF_8, "trader 0"));
        authenticator = new KeysAuthenticator(Participants.load(file));
    }

    private static String line(final long id, final byte[] key, final String rights) {
        return id + " " + HexFormat.of().formatHex(key) + " " + rights + "\n";
    }

    private static byte[] answer(final byte[] key, final byte[] challenge) throws Exception {
        final Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(challenge);
    }

    private byte[] principalOf7() {
        return Participants.principal(7, Challenge.sessionKey(KEY_OF_7, session.challenge), "");
    }

    private void connect(final String credentials) {
        authenticator.onConnectRequest(1, credentials.getBytes(US_ASCII), 0);
        authenticator.onConnectedSession(session, 0);
    }

    @Test
    void theRightAnswerIsTaken() throws Exception {
        connect("7");
        assertEquals(Challenge.LENGTH, session.challenge.length);
        authenticator.onChallengedSession(session, 1);
        assertNull(session.principal, "nothing is decided before there is an answer");
        authenticator.onChallengeResponse(1, answer(KEY_OF_7, session.challenge), 2);
        authenticator.onChallengedSession(session, 2);
        assertArrayEquals(principalOf7(), session.principal);
        assertFalse(session.rejected);
    }

    /** The example of docs/protocol.md, which the tests of the client have, too. */
    @Test
    void thePrincipalCarriesTheSessionKey() throws Exception {
        final byte[] challenge = new byte[Challenge.LENGTH];
        for (int i = 0; i < challenge.length; i++) {
            challenge[i] = (byte)i;
        }
        assertEquals(
            "cc37ab72b2ba5af2d3a971ef4ec17da33f14bfe2bc8cb6f53aa78ff3f9e1d400",
            HexFormat.of().formatHex(answer(KEY_OF_7, challenge)));
        assertArrayEquals(
            "7:1:d8f796648cfa14d271240160d46ff7a8".getBytes(US_ASCII),
            Participants.principal(7, Challenge.sessionKey(KEY_OF_7, challenge), ""));
    }

    @ParameterizedTest
    @CsvSource({
        "7, trader 0, ''", "7, trader 500, :trader:500", "7, reader 0, :reader:0", "7, administrator 9, :administrator:9",
        "0, operator 0, ''", "0, operator 100, :operator:100"
    })
    void thePrincipalCarriesRoleAndLimitIfTheyAreNotTheUsual(final long id, final String rights, final String end)
        throws Exception {
        final Path file = folder.resolve("rights");
        Files.writeString(file, line(id, KEY_OF_7, rights));
        authenticator = new KeysAuthenticator(Participants.load(file));
        connect(Long.toString(id));
        authenticator.onChallengeResponse(1, answer(KEY_OF_7, session.challenge), 1);
        authenticator.onChallengedSession(session, 1);
        final String key = HexFormat.of().formatHex(Challenge.sessionKey(KEY_OF_7, session.challenge));
        assertEquals(id + ":1:" + key + end, new String(session.principal, US_ASCII));
    }

    /** With role and limit, and without them. */
    @ParameterizedTest
    @CsvSource({"7, trader 0, :keep", "7, reader 5, :reader:5:keep"})
    void thePrincipalSaysThatAnOlderSessionIsKept(final long id, final String rights, final String end) throws Exception {
        final Path file = folder.resolve("rights");
        Files.writeString(file, line(id, KEY_OF_7, rights));
        authenticator = new KeysAuthenticator(Participants.load(file));
        connect(id + ":keep");
        authenticator.onChallengeResponse(1, answer(KEY_OF_7, session.challenge), 1);
        authenticator.onChallengedSession(session, 1);
        final String key = HexFormat.of().formatHex(Challenge.sessionKey(KEY_OF_7, session.challenge));
        assertEquals(id + ":1:" + key + end, new String(session.principal, US_ASCII));
        assertFalse(Participants.isAdministrator(session.principal));
    }

    @Test
    void anothersKeyIsRejected() throws Exception {
        connect("7");
        authenticator.onChallengeResponse(1, answer(KEY_OF_8, session.challenge), 1);
        authenticator.onChallengedSession(session, 1);
        assertTrue(session.rejected);
        assertNull(session.principal);
    }

    @Test
    void anAnswerToAnotherChallengeIsRejected() throws Exception {
        connect("7");
        final byte[] old = answer(KEY_OF_7, session.challenge);
        connect("7");
        authenticator.onChallengeResponse(1, old, 1);
        authenticator.onChallengedSession(session, 1);
        assertTrue(session.rejected);
    }

    /** Whoever has recorded a logon sends its credentials and its answer again, to the same member or another. */
    @Test
    void aRecordedLogonIsWorthless() throws Exception {
        connect("7");
        final byte[] recorded = answer(KEY_OF_7, session.challenge);
        authenticator.onChallengeResponse(1, recorded, 1);
        authenticator.onChallengedSession(session, 1);
        assertArrayEquals(principalOf7(), session.principal);

        final RecordedSession second = new RecordedSession(2);
        authenticator.onChallengeResponse(1, recorded, 2);
        authenticator.onChallengeResponse(2, recorded, 2);
        authenticator.onConnectRequest(2, "7".getBytes(US_ASCII), 3);
        authenticator.onConnectedSession(second, 3);
        authenticator.onChallengedSession(second, 3);
        assertNull(second.principal, "an answer before the challenge is none");
        authenticator.onChallengeResponse(2, recorded, 4);
        authenticator.onChallengedSession(second, 4);
        assertTrue(second.rejected);
        assertNull(second.principal);
    }

    @Test
    void challengesDiffer() {
        connect("7");
        final byte[] first = session.challenge;
        connect("7");
        assertNotEquals(Arrays.toString(first), Arrays.toString(session.challenge));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 33, 4096})
    void anAnswerOfAnotherLengthIsRejected(final int length) {
        connect("7");
        authenticator.onChallengeResponse(1, new byte[length], 1);
        authenticator.onChallengedSession(session, 1);
        assertTrue(session.rejected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"9", "", "x", "07", "9:keep", "7:", "7:keeps"})
    void whoDoesNotExistIsChallengedAndRejected(final String credentials) throws Exception {
        connect(credentials);
        assertFalse(session.rejected, "not told apart before the answer");
        authenticator.onChallengeResponse(1, answer(KEY_OF_7, session.challenge), 1);
        authenticator.onChallengedSession(session, 1);
        assertTrue(session.rejected);
        assertNull(session.principal);
    }

    @Test
    void onlyTheFirstAnswerCounts() throws Exception {
        connect("7");
        authenticator.onChallengeResponse(1, new byte[32], 1);
        authenticator.onChallengeResponse(1, answer(KEY_OF_7, session.challenge), 1);
        authenticator.onChallengedSession(session, 1);
        assertTrue(session.rejected);
    }

    @Test
    void noAnswerInTimeIsRejected() {
        connect("7");
        authenticator.onChallengedSession(session, KeysAuthenticator.ANSWER_TIMEOUT_MS);
        assertFalse(session.rejected);
        authenticator.onChallengedSession(session, KeysAuthenticator.ANSWER_TIMEOUT_MS + 1);
        assertTrue(session.rejected);
    }

    @Test
    void aPrincipalThatCannotBeSentIsSentLater() throws Exception {
        connect("7");
        authenticator.onChallengeResponse(1, answer(KEY_OF_7, session.challenge), 1);
        session.accepts = false;
        authenticator.onChallengedSession(session, 1);
        session.accepts = true;
        authenticator.onChallengedSession(session, 2);
        assertArrayEquals(principalOf7(), session.principal);
    }

    @Test
    void theOldestSessionsGiveWay() {
        for (long id = 1; id <= PendingSessions.MAXIMUM + 1; id++) {
            authenticator.onConnectRequest(id, "7".getBytes(US_ASCII), 0);
        }
        authenticator.onConnectedSession(session, 0);
        assertTrue(session.rejected);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "7", "7 zz trader 0", "7 00112233 trader 0", "x 00112233445566778899aabbccddeeff trader 0",
        "7  00112233445566778899aabbccddeeff trader 0", "7 00112233445566778899aabbccddeeff",
        "7 00112233445566778899aabbccddeeff trader", "7 00112233445566778899aabbccddeeff owner 0",
        "7 00112233445566778899aabbccddeeff trader -1", "7 00112233445566778899aabbccddeeff trader 0 "
    })
    void aBrokenFileIsRefused(final String line) throws IOException {
        final Path file = folder.resolve("broken");
        Files.writeString(file, line + "\n");
        assertThrows(RuntimeException.class, () -> Participants.load(file));
        assertThrows(RuntimeException.class, () -> Participants.load(folder.resolve("none")));
    }
}
