package io.lugus;

import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.RecordingLog;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A snapshot of a member as its recording log has it: a recording of the consensus module's state and one of each service's, all
 * at one log position.
 *
 * @param position log position at which it was taken.
 * @param timeNs time of the log at which it was taken.
 * @param recordings numbers of the recordings, in the archive of the member.
 */
record SnapshotSet(long position, long timeNs, List<Long> recordings) {
    /** What all entries of one snapshot have in common. */
    private record Place(long leadershipTermId, long position) {
    }

    SnapshotSet {
        recordings = List.copyOf(recordings);
    }

    /**
     * The complete snapshots of a recording log, the newest first.
     *
     * @param entries entries of the recording log.
     * @param services number of services.
     */
    static List<SnapshotSet> completeOf(final List<RecordingLog.Entry> entries, final int services) {
        final Map<Place, Map<Integer, RecordingLog.Entry>> parts = new HashMap<>();
        for (final RecordingLog.Entry entry : entries) {
            if (isSnapshot(entry) && entry.isValid) {
                parts.computeIfAbsent(new Place(entry.leadershipTermId, entry.logPosition), place -> new HashMap<>())
                    .put(entry.serviceId, entry);
            }
        }
        final List<SnapshotSet> complete = new ArrayList<>();
        for (final Map<Integer, RecordingLog.Entry> owners : parts.values()) {
            final RecordingLog.Entry module = owners.get(ConsensusModule.Configuration.SERVICE_ID);
            boolean isComplete = null != module;
            for (int service = 0; service < services; service++) {
                isComplete &= owners.containsKey(service);
            }
            if (isComplete) {
                final List<Long> recordings = owners.values().stream().map(entry -> entry.recordingId).sorted().toList();
                complete.add(new SnapshotSet(module.logPosition, module.timestamp, recordings));
            }
        }
        complete.sort(Comparator.comparingLong(SnapshotSet::position).reversed());
        return complete;
    }

    /** Whether an entry of a recording log is about a snapshot in the member's own archive, valid or not. */
    static boolean isSnapshot(final RecordingLog.Entry entry) {
        return RecordingLog.ENTRY_TYPE_SNAPSHOT == entry.type;
    }
}
