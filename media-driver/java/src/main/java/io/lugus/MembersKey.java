package io.lugus;

import io.aeron.security.CredentialsSupplier;
import io.lugus.client.Challenge;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The key that the members of a deployment share, by which an archive knows them: consensus module, service, and the archives of
 * other members. A member writes it for its JVM, in hexadecimal digits, into a file that only the member's user may read.
 *
 * <p>As credentials it is the word {@code member}, and HMAC-SHA256(key, challenge) in answer to a challenge.
 */
final class MembersKey implements CredentialsSupplier {
    /** Path of the file. Without it an archive obeys everybody. */
    static final String PROPERTY = "lugus.archive.key";

    private static final byte[] MEMBER = "member".getBytes(StandardCharsets.US_ASCII);

    private final byte[] key;

    MembersKey(final byte[] key) {
        if (key.length < Participants.MINIMUM_KEY_LENGTH) {
            throw new IllegalStateException("the members' key is shorter than " + Participants.MINIMUM_KEY_LENGTH + " bytes");
        }
        this.key = key.clone();
    }

    /** The key in the file that {@value #PROPERTY} names; null when there is no such property. */
    static MembersKey configured() {
        final String file = System.getProperty(PROPERTY);
        return null == file ? null : load(Path.of(file));
    }

    private static MembersKey load(final Path file) {
        try {
            return new MembersKey(HexFormat.of().parseHex(Files.readString(file, StandardCharsets.US_ASCII).trim()));
        } catch (final IOException error) {
            throw new UncheckedIOException("can't read the members' key from " + file, error);
        }
    }

    /** Whether these credentials announce a member, which then has to answer a challenge. */
    static boolean isMember(final byte[] encodedCredentials) {
        return Arrays.equals(MEMBER, encodedCredentials);
    }

    /** The principal of a member's sessions. */
    static byte[] principal() {
        return MEMBER.clone();
    }

    @Override
    public byte[] encodedCredentials() {
        return MEMBER.clone();
    }

    @Override
    public byte[] onChallenge(final byte[] encodedChallenge) {
        return Challenge.answer(key, encodedChallenge);
    }
}
