package io.lugus;

import java.util.concurrent.TimeUnit;

/**
 * Counts the errors of a member that tries to join its cluster, to find out when it tries in vain. Aeron begins anew after each
 * such error, for ever. Errors of a member that has joined, which its clients can cause, do not count.
 */
final class JoinErrors {
    /** Number of errors, and the time that they must have taken, after which the member is given up. */
    static final int MAXIMUM_ERRORS = 10;

    static final long SHORTEST_TIME_NS = TimeUnit.SECONDS.toNanos(30);

    private int errors;
    private long firstNs;
    private long position = Long.MIN_VALUE;

    /**
     * Takes an error.
     *
     * @param nowNs time of the error.
     * @param isElecting whether an election is under way.
     * @param commitPosition log position up to which the member has followed the log.
     * @return whether the member tries in vain: there were many errors, for long, and the log has not gone on.
     */
    boolean isInVain(final long nowNs, final boolean isElecting, final long commitPosition) {
        if (!isElecting || commitPosition != position) {
            errors = 0;
            position = commitPosition;
        }
        if (0 == errors) {
            firstNs = nowNs;
        }
        errors += isElecting ? 1 : 0;
        return errors >= MAXIMUM_ERRORS && nowNs - firstNs >= SHORTEST_TIME_NS;
    }
}
