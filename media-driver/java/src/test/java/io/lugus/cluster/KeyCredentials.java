package io.lugus.cluster;

import io.aeron.security.CredentialsSupplier;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Credentials with a key: the participant's number, and HMAC-SHA256(key, challenge) as the answer to a challenge. */
final class KeyCredentials implements CredentialsSupplier {
    private static final String ALGORITHM = "HmacSHA256";

    private final int participant;
    private final byte[] key;

    KeyCredentials(final int participant, final byte[] key) {
        this.participant = participant;
        this.key = key.clone();
    }

    @Override
    public byte[] encodedCredentials() {
        return Integer.toString(participant).getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public byte[] onChallenge(final byte[] encodedChallenge) {
        try {
            final Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            return mac.doFinal(encodedChallenge);
        } catch (final GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }
}
