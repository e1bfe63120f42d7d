package io.lugus;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The rule by which a member's log ends: which snapshot is the oldest that the member keeps. What is older goes: snapshots before
 * it, and whole segment files of the log before its position.
 *
 * <p>The oldest that is kept is the oldest of three: the newest but some, so that a restart has another when the newest is
 * unusable; the newest that no live member of the cluster is behind, as a member that is behind gets the log from another
 * one's archive; and the newest that is as old as the log must be kept for, as a replay of the log begins with a snapshot.
 *
 * @param snapshots least number of snapshots that are kept, at least 1.
 * @param ageNs time for which the log is kept, in nanoseconds; 0 if only the other two rules count.
 */
record LogRetention(int snapshots, long ageNs) {
    /** Property with the least number of snapshots that are kept. */
    static final String SNAPSHOTS_PROPERTY = "lugus.retention.snapshots";

    /** Property with the number of days for which the log is kept. */
    static final String DAYS_PROPERTY = "lugus.retention.log.days";

    /** What a member keeps when it purges nothing. */
    static final long NOTHING_GOES = Long.MIN_VALUE;

    /**
     * A snapshot of all parts of a member.
     *
     * @param position position of the log at which it was taken.
     * @param timeNs time of the log at which it was taken, in nanoseconds since 1970.
     */
    record Snapshot(long position, long timeNs) {
    }

    /**
     * What may go.
     *
     * @param cut log position of the oldest snapshot that is kept; {@link #NOTHING_GOES} if nothing may go.
     * @param reason why no more may go, for people.
     */
    record Decision(long cut, String reason) {
    }

    /** The rule that the system properties name. */
    static LogRetention configured() {
        final int snapshots = Math.max(1, Integer.getInteger(SNAPSHOTS_PROPERTY, 2));
        return new LogRetention(snapshots, TimeUnit.DAYS.toNanos(Long.getLong(DAYS_PROPERTY, 0)));
    }

    /**
     * Decides what may go.
     *
     * @param usable the snapshots from which the member could start, in any order.
     * @param nowNs nanoseconds since 1970.
     * @param lowestPosition the lowest log position that a live member of the cluster has recorded.
     * @return what may go.
     */
    Decision decide(final List<Snapshot> usable, final long nowNs, final long lowestPosition) {
        final List<Snapshot> newestFirst =
            usable.stream().sorted(Comparator.comparingLong(Snapshot::position).reversed()).toList();
        if (newestFirst.size() < snapshots) {
            return new Decision(NOTHING_GOES, newestFirst.size() + " of at least " + snapshots + " snapshots are there");
        }
        Decision decision = new Decision(newestFirst.get(snapshots - 1).position(), "the newest snapshots are kept: " + snapshots);
        decision = older(
            decision,
            newestFirst.stream().filter(snapshot -> snapshot.position() <= lowestPosition).findFirst().orElse(null),
            "a member of the cluster has the log only up to position " + lowestPosition);
        if (0 < ageNs) {
            decision = older(
                decision,
                newestFirst.stream().filter(snapshot -> snapshot.timeNs() <= nowNs - ageNs).findFirst().orElse(null),
                "the log of the last " + TimeUnit.NANOSECONDS.toDays(ageNs) + " days is kept");
        }
        return decision;
    }

    private static Decision older(final Decision decision, final Snapshot snapshot, final String reason) {
        final long cut = null == snapshot ? NOTHING_GOES : snapshot.position();
        return cut < decision.cut() ? new Decision(cut, reason) : decision;
    }
}
