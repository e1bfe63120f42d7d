package io.lugus.client;

import io.aeron.security.CredentialsSupplier;
import java.nio.charset.StandardCharsets;

/**
 * Credentials without a key: the participant's number in ASCII digits.
 *
 * @param participant number of the participant.
 */
public record NumberCredentials(int participant) implements CredentialsSupplier {
    @Override
    public byte[] encodedCredentials() {
        return Integer.toString(participant).getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public byte[] onChallenge(final byte[] encodedChallenge) {
        throw new IllegalStateException("a challenge, though there are no keys");
    }
}
