package io.lugus;

import io.aeron.security.CredentialsSupplier;
import io.lugus.client.Challenge;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Credentials of the operator, participant 0, with which a process of ours asks a cluster for something: the number, and with a
 * key HMAC-SHA256(key, challenge) as the answer to a challenge.
 */
final class OperatorCredentials implements CredentialsSupplier {
    /** Property with the path of a file that has the operator's key in hexadecimal digits; without it there is no key. */
    static final String KEY_FILE_PROPERTY = "lugus.operator.key";

    private static final byte[] NUMBER = "0".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NO_ANSWER = new byte[0];

    private final byte[] key;

    /**
     * Makes credentials.
     *
     * @param key the operator's key; null in a deployment without keys.
     */
    OperatorCredentials(final byte[] key) {
        this.key = null == key ? null : key.clone();
    }

    /** The credentials that the properties of this process give. */
    static OperatorCredentials configured() throws IOException {
        final String file = System.getProperty(KEY_FILE_PROPERTY);
        return new OperatorCredentials(null == file ? null : HexFormat.of().parseHex(Files.readString(Path.of(file)).trim()));
    }

    @Override
    public byte[] encodedCredentials() {
        return NUMBER.clone();
    }

    @Override
    public byte[] onChallenge(final byte[] encodedChallenge) {
        return null == key ? NO_ANSWER : Challenge.answer(key, encodedChallenge);
    }
}
