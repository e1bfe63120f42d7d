package io.lugus.client;

import io.aeron.security.CredentialsSupplier;
import java.nio.charset.StandardCharsets;

/**
 * Credentials with a key: the participant's number, and HMAC-SHA256(key, challenge) as the answer to a challenge. Key and challenge
 * also give the key of the session. Aeron's client asks one member at a time, so the last challenge is that of the session.
 */
public final class KeyCredentials implements CredentialsSupplier {
    private final int participant;
    private final byte[] key;
    private SessionTag tag;

    /**
     * Makes credentials for one attempt to log on.
     *
     * @param participant number of the participant.
     * @param key of the participant.
     */
    public KeyCredentials(final int participant, final byte[] key) {
        this.participant = participant;
        this.key = key.clone();
    }

    @Override
    public byte[] encodedCredentials() {
        return Integer.toString(participant).getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public byte[] onChallenge(final byte[] encodedChallenge) {
        if (Challenge.LENGTH != encodedChallenge.length) {
            throw new IllegalArgumentException("a challenge of " + encodedChallenge.length + " bytes");
        }
        tag = new SessionTag(Challenge.sessionKey(key, encodedChallenge));
        return Challenge.answer(key, encodedChallenge);
    }

    /**
     * What makes the tags of the session.
     *
     * @return it, or null before there was a challenge.
     */
    public SessionTag tag() {
        return tag;
    }
}
