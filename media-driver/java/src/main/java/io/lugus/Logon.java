package io.lugus;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A client's credentials: a participant's number in ASCII digits, and perhaps {@value #KEEP}, with which the client asks not to
 * replace a session that the participant has open. The service decides that, as every member's service knows the same sessions;
 * so the principal ends with it, too.
 */
final class Logon {
    private static final String KEEP = ":keep";

    private static final byte[] KEEP_BYTES = KEEP.getBytes(StandardCharsets.US_ASCII);

    /** The participant's number, or {@link Participants#NO_PARTICIPANT}. */
    final long participant;

    private final boolean keepsOlderSession;

    private Logon(final long participant, final boolean keepsOlderSession) {
        this.participant = participant;
        this.keepsOlderSession = keepsOlderSession;
    }

    static Logon parse(final byte[] encodedCredentials) {
        final int length = encodedCredentials.length - KEEP_BYTES.length;
        final boolean keeps = length >= 0
            && Arrays.equals(encodedCredentials, length, encodedCredentials.length, KEEP_BYTES, 0, KEEP_BYTES.length);
        final byte[] digits = keeps ? Arrays.copyOf(encodedCredentials, length) : encodedCredentials;
        return new Logon(Participants.parseId(digits), keeps);
    }

    /** The principal of the participant's session, with what the client asks for. */
    byte[] principal(final byte[] ofParticipant) {
        if (!keepsOlderSession) {
            return ofParticipant;
        }
        final byte[] principal = Arrays.copyOf(ofParticipant, ofParticipant.length + KEEP_BYTES.length);
        System.arraycopy(KEEP_BYTES, 0, principal, ofParticipant.length, KEEP_BYTES.length);
        return principal;
    }
}
