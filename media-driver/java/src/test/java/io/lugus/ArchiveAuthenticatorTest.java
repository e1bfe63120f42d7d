package io.lugus;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.archive.codecs.CloseSessionRequestDecoder;
import io.aeron.archive.codecs.ListRecordingsRequestDecoder;
import io.aeron.archive.codecs.PurgeRecordingRequestDecoder;
import io.aeron.archive.codecs.ReplayRequestDecoder;
import io.aeron.archive.codecs.ReplicateRequest2Decoder;
import io.aeron.archive.codecs.StopRecordingRequestDecoder;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ArchiveAuthenticatorTest {
    private static final MembersKey KEY = new MembersKey(HexFormat.of().parseHex("00112233445566778899aabbccddeeff"));
    private static final MembersKey OTHER = new MembersKey(HexFormat.of().parseHex("ffeeddccbbaa99887766554433221100"));
    private static final byte[] NOTHING = new byte[0];

    private final AtomicInteger refusals = new AtomicInteger();
    private final AtomicInteger scattered = new AtomicInteger();
    private final RecordedSession session = new RecordedSession(1);

    private ArchiveAuthenticator authenticator(final ArchiveAuthenticator.Readers readers) {
        return new ArchiveAuthenticator(KEY, readers, () -> 0 < scattered.incrementAndGet(), refusals::incrementAndGet);
    }

    private void connect(final ArchiveAuthenticator authenticator, final byte[] credentials) {
        authenticator.onConnectRequest(1, credentials, 0);
        authenticator.onConnectedSession(session, 0);
    }

    private void answer(final ArchiveAuthenticator authenticator, final MembersKey key) {
        connect(authenticator, key.encodedCredentials());
        authenticator.onChallengedSession(session, 1);
        assertNull(session.principal, "nothing is decided before there is an answer");
        authenticator.onChallengeResponse(1, key.onChallenge(session.challenge), 2);
        authenticator.onChallengedSession(session, 2);
    }

    @Test
    void aMemberIsLetInAndTheNextNumberIsUnknowable() {
        answer(authenticator(ArchiveAuthenticator.Readers.REFUSED), KEY);
        assertArrayEquals(MembersKey.principal(), session.principal);
        assertEquals(0, refusals.get());
        assertEquals(1, scattered.get());
    }

    @Test
    void whoHasAnotherKeyIsRefusedAndCounted() {
        answer(authenticator(ArchiveAuthenticator.Readers.ADMITTED), OTHER);
        assertTrue(session.rejected);
        assertNull(session.principal);
        assertEquals(1, refusals.get());
    }

    @Test
    void whoDoesNotAnswerInTimeIsRefused() {
        final ArchiveAuthenticator authenticator = authenticator(ArchiveAuthenticator.Readers.REFUSED);
        connect(authenticator, KEY.encodedCredentials());
        authenticator.onChallengedSession(session, KeysAuthenticator.ANSWER_TIMEOUT_MS);
        assertFalse(session.rejected);
        authenticator.onChallengedSession(session, KeysAuthenticator.ANSWER_TIMEOUT_MS + 1);
        assertTrue(session.rejected);
    }

    @Test
    void whoHasNoCredentialsIsAReaderOrNobody() {
        connect(authenticator(ArchiveAuthenticator.Readers.REFUSED), NOTHING);
        assertTrue(session.rejected);
        assertEquals(1, refusals.get());
        session.rejected = false;
        connect(authenticator(ArchiveAuthenticator.Readers.ADMITTED), NOTHING);
        assertFalse(session.rejected);
        assertArrayEquals(ArchiveAuthorisation.READER, session.principal);
    }

    @Test
    void otherCredentialsAreRefusedAlsoWhereThereAreReaders() {
        connect(authenticator(ArchiveAuthenticator.Readers.ADMITTED), "reader".getBytes(US_ASCII));
        assertTrue(session.rejected);
    }

    @Test
    void nobodyIsLetInBeforeNumbersAreUnknowable() {
        final ArchiveAuthenticator authenticator =
            new ArchiveAuthenticator(KEY, ArchiveAuthenticator.Readers.ADMITTED, () -> false, refusals::incrementAndGet);
        connect(authenticator, KEY.encodedCredentials());
        assertTrue(session.rejected);
        assertNull(session.challenge);
    }

    @Test
    void membersDoEverythingReadersReadAndOthersOnlyEnd() {
        final ArchiveAuthorisation authorisation = new ArchiveAuthorisation(refusals::incrementAndGet);
        final int[] reading = {ListRecordingsRequestDecoder.TEMPLATE_ID, ReplayRequestDecoder.TEMPLATE_ID};
        final int[] writing = {
            PurgeRecordingRequestDecoder.TEMPLATE_ID, StopRecordingRequestDecoder.TEMPLATE_ID, ReplicateRequest2Decoder.TEMPLATE_ID
        };
        for (final int action : reading) {
            assertTrue(authorisation.isAuthorised(0, action, null, MembersKey.principal()));
            assertTrue(authorisation.isAuthorised(0, action, null, ArchiveAuthorisation.READER));
            assertFalse(authorisation.isAuthorised(0, action, null, NOTHING));
            assertFalse(authorisation.isAuthorised(0, action, null, null));
        }
        for (final int action : writing) {
            assertTrue(authorisation.isAuthorised(0, action, null, MembersKey.principal()));
            assertFalse(authorisation.isAuthorised(0, action, null, ArchiveAuthorisation.READER));
            assertFalse(authorisation.isAuthorised(0, action, null, NOTHING));
        }
        assertTrue(authorisation.isAuthorised(0, CloseSessionRequestDecoder.TEMPLATE_ID, null, NOTHING));
        assertEquals(2 * reading.length + 2 * writing.length, refusals.get());
    }
}
