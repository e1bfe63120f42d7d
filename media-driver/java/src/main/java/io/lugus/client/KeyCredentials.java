package io.lugus.client;

import io.aeron.security.CredentialsSupplier;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Credentials with a key: the participant's number, and HMAC-SHA256(key, challenge) as the answer to a challenge. Key and challenge
 * also give the key of the session. Aeron's client asks one member at a time, so the last challenge is that of the session.
 */
public final class KeyCredentials implements CredentialsSupplier {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int CHALLENGE_LENGTH = 32;
    private static final byte[] SESSION_KEY_LABEL = "lugus session key 1".getBytes(StandardCharsets.US_ASCII);

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
        if (CHALLENGE_LENGTH != encodedChallenge.length) {
            throw new IllegalArgumentException("a challenge of " + encodedChallenge.length + " bytes");
        }
        tag = new SessionTag(Arrays.copyOf(hmac(SESSION_KEY_LABEL, encodedChallenge), SessionTag.KEY_LENGTH));
        return hmac(encodedChallenge);
    }

    /**
     * What makes the tags of the session.
     *
     * @return it, or null before there was a challenge.
     */
    public SessionTag tag() {
        return tag;
    }

    private byte[] hmac(final byte[]... parts) {
        try {
            final Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            for (final byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (final GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }
}
