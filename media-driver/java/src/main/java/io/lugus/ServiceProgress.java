package io.lugus;

/**
 * Finds out, from samples of counters, whether the service of a leader hangs: for a time it has made no progress, although it has
 * not applied all of the committed log.
 *
 * <p>A service that replays a long log is behind, but its position moves. A service that takes a snapshot has applied all of the
 * committed log, since the consensus module appends nothing meanwhile. A service whose clients take no egress closes their
 * sessions, which is progress. A service that has joined no log waits for the consensus module.
 */
final class ServiceProgress {
    private final long timeoutNs;
    private final long longestIntervalNs;
    private long sampledNs;
    private long stalledNs;
    private long servicePosition = Long.MIN_VALUE;
    private long closedSessions = Long.MIN_VALUE;

    /**
     * Creates one that has seen no sample.
     *
     * @param timeoutNs time without progress after which the service hangs.
     * @param longestIntervalNs greatest part of the time between two samples that counts. What goes beyond it is a pause of
     *     this process, in which the service may have paused as well.
     * @param nowNs time now.
     */
    ServiceProgress(final long timeoutNs, final long longestIntervalNs, final long nowNs) {
        this.timeoutNs = timeoutNs;
        this.longestIntervalNs = longestIntervalNs;
        this.sampledNs = nowNs;
    }

    /**
     * Takes a sample.
     *
     * @param nowNs time of the sample.
     * @param isLeading whether the member leads and no election is under way.
     * @param commitPosition log position up to which the log is committed.
     * @param position log position up to which the service has applied the log; negative while it has joined no log.
     * @param closed number of sessions that the service has closed because their clients took no egress.
     * @return whether the service hangs.
     */
    boolean isHung(
        final long nowNs, final boolean isLeading, final long commitPosition, final long position, final long closed) {
        final long intervalNs = Math.min(nowNs - sampledNs, longestIntervalNs);
        sampledNs = nowNs;
        final boolean hasMoved = position != servicePosition || closed != closedSessions;
        servicePosition = position;
        closedSessions = closed;
        if (!isLeading || position < 0 || position >= commitPosition || hasMoved) {
            stalledNs = 0;
        } else {
            stalledNs += intervalNs;
        }
        return stalledNs >= timeoutNs;
    }
}
