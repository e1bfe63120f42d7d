package io.lugus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/**
 * The participants that may connect. A member writes them for its JVM into a file that only the member's user may read. Each line
 * has a participant's number, the key in hexadecimal digits, the role, and the greatest number of messages a second (0 for no
 * limit), with spaces between them.
 */
final class Participants {
    /** Length of the shortest key, in bytes. */
    static final int MINIMUM_KEY_LENGTH = 16;

    /** Result of {@link #parseId} for bytes that are no participant's number. */
    static final long NO_PARTICIPANT = -1;

    /** The role that may send Aeron's admin requests. */
    static final String ADMINISTRATOR = "administrator";

    /** All roles. */
    private static final Set<String> ROLES = Set.of("trader", "reader", "operator", ADMINISTRATOR);

    /** Place of the role among the parts of a principal, counted from 0. */
    private static final int PLACE_OF_ROLE = 3;

    /** Version of the scheme by which a session's key is derived and its messages are signed. */
    private static final int SCHEME_VERSION = 1;

    /** Greatest count of digits of a number up to 2^32 - 1. */
    private static final int MAXIMUM_DIGITS = 10;

    private final Map<Long, Entry> entries;

    /** A participant: the key, and what follows the key of the session in its principals. */
    private record Entry(byte[] key, String rights) {
    }

    private Participants(final Map<Long, Entry> entries) {
        this.entries = entries;
    }

    static Participants load(final Path file) {
        final Map<Long, Entry> entries = new HashMap<>();
        try {
            for (final String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
                final String[] parts = line.split(" ", -1);
                final long id = 4 == parts.length ? parseId(parts[0].getBytes(StandardCharsets.US_ASCII)) : NO_PARTICIPANT;
                if (NO_PARTICIPANT == id || parts[1].length() < 2 * MINIMUM_KEY_LENGTH || !ROLES.contains(parts[2])
                    || NO_PARTICIPANT == parseId(parts[3].getBytes(StandardCharsets.US_ASCII))) {
                    throw new IllegalStateException(
                        file + ": line " + (entries.size() + 1) + " is no participant with key, role and limit");
                }
                entries.put(id, new Entry(HexFormat.of().parseHex(parts[1]), rights(id, parts[2], parts[3])));
            }
        } catch (final IOException error) {
            throw new UncheckedIOException("can't read the participants' keys from " + file, error);
        }
        return new Participants(entries);
    }

    /** What a principal says of role and limit: nothing, if they are those of a principal that says nothing of them. */
    private static String rights(final long id, final String role, final String maximumMessagesPerSecond) {
        final boolean isUsual = role.equals(0 == id ? "operator" : "trader") && "0".equals(maximumMessagesPerSecond);
        return isUsual ? "" : ":" + role + ":" + maximumMessagesPerSecond;
    }

    /** The participant's key, or null when the participant is unknown. */
    byte[] key(final long participant) {
        final Entry entry = entries.get(participant);
        return null == entry ? null : entry.key();
    }

    /** The principal of a session of a known participant. */
    byte[] principal(final long participant, final byte[] sessionKey) {
        return principal(participant, sessionKey, entries.get(participant).rights());
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
     * messages are signed, the key in hexadecimal digits, and perhaps role and limit, with colons between them. It is a secret of
     * the cluster's members.
     */
    static byte[] principal(final long participant, final byte[] sessionKey, final String rights) {
        final String principal = participant + ":" + SCHEME_VERSION + ":" + HexFormat.of().formatHex(sessionKey) + rights;
        return principal.getBytes(StandardCharsets.US_ASCII);
    }

    /** Whether this is the principal of an administrator's session. */
    static boolean isAdministrator(final byte[] principal) {
        final String[] parts = new String(principal, StandardCharsets.US_ASCII).split(":", -1);
        return parts.length > PLACE_OF_ROLE && ADMINISTRATOR.equals(parts[PLACE_OF_ROLE]);
    }
}
