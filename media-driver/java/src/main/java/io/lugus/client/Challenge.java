package io.lugus.client;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What a key makes of a challenge: the answer to it, and the key of the session that the answer opens. Both sides know the key. */
public final class Challenge {
    /** Length of a challenge, in bytes. */
    public static final int LENGTH = 32;

    private static final String ALGORITHM = "HmacSHA256";

    /** Precedes the challenge in the derivation of a session key, so that the key is no answer to a challenge. */
    private static final byte[] SESSION_KEY_LABEL = "lugus session key 1".getBytes(StandardCharsets.US_ASCII);

    private Challenge() {
    }

    /**
     * Answers a challenge.
     *
     * @param key of a participant, of the members or of the operator.
     * @param challenge any bytes.
     * @return HMAC-SHA256 of the challenge.
     */
    public static byte[] answer(final byte[] key, final byte[] challenge) {
        return hmac(key, challenge);
    }

    /**
     * Derives the key of a session.
     *
     * @param key of a participant.
     * @param challenge that the session's logon was challenged with.
     * @return {@link SessionTag#KEY_LENGTH} bytes.
     */
    public static byte[] sessionKey(final byte[] key, final byte[] challenge) {
        return Arrays.copyOf(hmac(key, SESSION_KEY_LABEL, challenge), SessionTag.KEY_LENGTH);
    }

    private static byte[] hmac(final byte[] key, final byte[]... parts) {
        try {
            final Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            for (final byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (final GeneralSecurityException error) {
            throw new IllegalStateException("this JVM has no " + ALGORITHM, error);
        }
    }
}
