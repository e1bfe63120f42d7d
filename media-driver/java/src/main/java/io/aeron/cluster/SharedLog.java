package io.aeron.cluster;

import java.util.List;

/** How far the log of a member that reports a position is, for certain, the same as a leader's. */
final class SharedLog {
    private SharedLog() {
    }

    /**
     * The position up to which a member's log is the leader's.
     *
     * <p>All that was appended in one term was appended by one leader. So two logs that know a term are the same until the first of
     * them goes on to another term.
     *
     * @param log the leader's recording log, in the order of terms.
     * @param leadershipTermId the leader's term.
     * @param reportedTermId the last term of the member's log.
     * @param reportedPosition where the member's log ends.
     * @return the reported position, or where the leader's log goes on to another term, if that is before; 0 if the leader's log does
     *     not know the term.
     */
    static long bound(
        final List<RecordingLog.Entry> log,
        final long leadershipTermId,
        final long reportedTermId,
        final long reportedPosition) {
        if (reportedTermId >= leadershipTermId) {
            return reportedPosition;
        }
        boolean isKnown = false;
        for (int i = 0; i < log.size(); i++) {
            final RecordingLog.Entry entry = log.get(i);
            if (entry.isValid && entry.leadershipTermId == reportedTermId) {
                // Its begin, or a snapshot that was taken in it.
                isKnown = true;
            } else if (entry.isValid && entry.leadershipTermId > reportedTermId && RecordingLog.ENTRY_TYPE_TERM == entry.type) {
                return Math.min(reportedPosition, isKnown ? entry.termBaseLogPosition : 0);
            }
        }
        return isKnown ? reportedPosition : Math.min(reportedPosition, 0);
    }
}
