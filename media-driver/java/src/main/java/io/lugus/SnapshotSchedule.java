package io.lugus;

import java.util.concurrent.TimeUnit;
import org.agrona.SystemUtil;

/**
 * Decides when the leader makes its cluster take a snapshot: when so much time has passed since the last one, or the log has
 * grown by so many bytes. A log that has not grown needs no snapshot.
 *
 * <p>Each member has a schedule and tells it of each snapshot, so that a new leader goes on where the last one stopped.
 */
final class SnapshotSchedule {
    /** Property with the longest time between two snapshots; 0 for no limit. */
    static final String INTERVAL_PROPERTY = "lugus.snapshot.interval";

    /** Property with the length by which the log grows at most between two snapshots; 0 for no limit. */
    static final String LOG_LENGTH_PROPERTY = "lugus.snapshot.log.length";

    /** Time after an order to take a snapshot until the next one: a snapshot that fails fails again soon after. */
    static final long RETRY_NS = TimeUnit.MINUTES.toNanos(1);

    private final long intervalNs;
    private final long logLength;
    private long position;
    private long takenNs;
    private long orderedNs;
    private boolean isOrdered;

    /**
     * Makes a schedule that begins now, with an empty log.
     *
     * @param intervalNs longest time between two snapshots in nanoseconds; 0 for no limit.
     * @param logLength greatest growth of the log between two snapshots in bytes; 0 for no limit.
     * @param nowNs time of a clock that never goes back.
     */
    SnapshotSchedule(final long intervalNs, final long logLength, final long nowNs) {
        this.intervalNs = intervalNs;
        this.logLength = logLength;
        takenNs = nowNs;
    }

    /** The schedule that the system properties name. */
    static SnapshotSchedule configured(final long nowNs) {
        return new SnapshotSchedule(
            SystemUtil.getDurationInNanos(INTERVAL_PROPERTY, 0), SystemUtil.getSizeAsLong(LOG_LENGTH_PROPERTY, 0), nowNs);
    }

    /**
     * Takes note of the newest snapshot.
     *
     * @param position log position of the snapshot.
     * @param takenNs time at which it was taken, by the clock of {@link #isDue}.
     */
    void onSnapshot(final long position, final long takenNs) {
        this.position = position;
        this.takenNs = takenNs;
        isOrdered = false;
    }

    /** Takes note that a snapshot was ordered, which may fail. */
    void onOrdered(final long nowNs) {
        orderedNs = nowNs;
        isOrdered = true;
    }

    /**
     * Whether it is time to order a snapshot.
     *
     * @param nowNs time of a clock that never goes back.
     * @param logPosition position of the log that is committed.
     */
    boolean isDue(final long nowNs, final long logPosition) {
        final long growth = logPosition - position;
        if (growth <= 0 || (isOrdered && nowNs - orderedNs < RETRY_NS)) {
            return false;
        }
        return (0 < intervalNs && nowNs - takenNs >= intervalNs) || (0 < logLength && growth >= logLength);
    }
}
