package io.lugus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * The keys of the participants that may connect. A member writes them for its JVM into a file that only the member's user may
 * read. Each line has a participant's number, a space, and the key in hexadecimal digits.
 */
final class Participants {
    /** Length of the shortest key, in bytes. */
    static final int MINIMUM_KEY_LENGTH = 16;

    /** Result of {@link #parseId} for bytes that are no participant's number. */
    static final long NO_PARTICIPANT = -1;

    /** Version of the scheme by which a session's key is derived and its messages are signed. */
    private static final int SCHEME_VERSION = 1;

    /** Greatest count of digits of a number up to 2^32 - 1. */
    private static final int MAXIMUM_DIGITS = 10;

    private final Map<Long, byte[]> keys;

    private Participants(final Map<Long, byte[]> keys) {
        this.keys = keys;
    }

    static Participants load(final Path file) {
        final Map<Long, byte[]> keys = new HashMap<>();
        try {
            for (final String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
                final String[] parts = line.split(" ");
                final long id = 2 == parts.length ? parseId(parts[0].getBytes(StandardCharsets.US_ASCII)) : NO_PARTICIPANT;
                if (NO_PARTICIPANT == id || parts[1].length() < 2 * MINIMUM_KEY_LENGTH) {
                    throw new IllegalStateException(file + ": line " + (keys.size() + 1) + " is no participant and key");
                }
                keys.put(id, HexFormat.of().parseHex(parts[1]));
            }
        } catch (final IOException error) {
            throw new UncheckedIOException("can't read the participants' keys from " + file, error);
        }
        return new Participants(keys);
    }

    /** The participant's key, or null when the participant is unknown. */
    byte[] key(final long participant) {
        return keys.get(participant);
    }

    /** A participant's number, 0 to 2^32 - 1, from ASCII digits without leading zeros. */
    static long parseId(final byte[] digits) {
        if (0 == digits.length || digits.length > MAXIMUM_DIGITS || (digits.length > 1 && '0' == digits[0])) {
            return NO_PARTICIPANT;
        }
        long id = 0;
        for (final byte digit : digits) {
            if (digit < '0' || digit > '9') {
                return NO_PARTICIPANT;
            }
            id = id * 10 + (digit - '0');
        }
        return id <= 0xFFFF_FFFFL ? id : NO_PARTICIPANT;
    }

    /** The principal of a session without a key: the participant's number in ASCII digits. */
    static byte[] principal(final long participant) {
        return Long.toString(participant).getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * The principal of a session with a key: the participant's number, the version of the scheme by which the key is derived and
     * messages are signed, and the key in hexadecimal digits, with colons between them. It is a secret of the cluster's members.
     */
    static byte[] principal(final long participant, final byte[] sessionKey) {
        final String principal = participant + ":" + SCHEME_VERSION + ":" + HexFormat.of().formatHex(sessionKey);
        return principal.getBytes(StandardCharsets.US_ASCII);
    }
}
