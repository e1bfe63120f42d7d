package io.lugus;

import io.aeron.cluster.ElectionState;
import io.aeron.cluster.service.ClusterClock;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The clock by which a leader stamps its log, in nanoseconds since 1970: the wall clock, except that it never goes back. It
 * goes neither behind a time that it has told, nor, once its member becomes leader, behind the last entry of the log, which the
 * leader before has stamped. While it is ahead of the wall clock it runs 1 % slower than time passes, until the wall clock has
 * caught up.
 *
 * <p>The log's time is taken when an election is about to end with this member as leader ({@link ElectionState#LEADER_READY}).
 * Its service has then applied the whole log, and the new leader has appended nothing. Aeron's time-outs use this clock, too:
 * what it waits for in that state starts anew with each message of a follower.
 *
 * <p>Only the consensus module's thread may use it.
 */
final class LogClock implements ClusterClock {
    /** While the clock is ahead of the wall clock, it loses one part in so many. */
    static final long SLEW = 100;

    private final LongSupplier wallClock;
    private final LongSupplier nanoClock;
    private final LongSupplier electionState;
    private final LongSupplier logTime;
    private long last = Long.MIN_VALUE;
    private boolean isAhead;
    private long aheadSince;
    private long aheadSinceNano;

    /**
     * Makes a clock.
     *
     * @param wallClock nanoseconds since 1970; may jump, also backwards.
     * @param nanoClock nanoseconds since any time; never goes back.
     * @param electionState code of the consensus module's {@link ElectionState}.
     * @param logTime time of the last entry of the log that the service has applied; negative if nobody tells it.
     */
    LogClock(
        final LongSupplier wallClock,
        final LongSupplier nanoClock,
        final LongSupplier electionState,
        final LongSupplier logTime) {
        this.wallClock = wallClock;
        this.nanoClock = nanoClock;
        this.electionState = electionState;
        this.logTime = logTime;
    }

    @Override
    public TimeUnit timeUnit() {
        return TimeUnit.NANOSECONDS;
    }

    @Override
    public long time() {
        if (ElectionState.LEADER_READY.code() == electionState.getAsLong()) {
            final long logEnd = logTime.getAsLong();
            if (logEnd > last) {
                runOnFrom(logEnd);
            }
        }
        final long wall = wallClock.getAsLong();
        if (!isAhead && wall < last) {
            runOnFrom(last);
        }
        last = wall;
        if (isAhead) {
            final long passed = nanoClock.getAsLong() - aheadSinceNano;
            final long slewed = aheadSince + passed - passed / SLEW;
            isAhead = slewed > wall;
            last = Math.max(slewed, wall);
        }
        return last;
    }

    private void runOnFrom(final long time) {
        last = time;
        isAhead = true;
        aheadSince = time;
        aheadSinceNano = nanoClock.getAsLong();
    }

    /**
     * The wall clock in milliseconds. Aeron uses it only for the mark file, whose time other processes compare with their wall
     * clocks, and for the authenticator.
     */
    @Override
    public long timeMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public long convertToNanos(final long time) {
        return time;
    }
}
