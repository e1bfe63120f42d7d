package io.lugus;

import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.RecordingLog;
import java.io.File;
import java.io.IOException;

/**
 * Checks that a member has a snapshot to apply its log to. A member that was emptied gets the log from where the others' begins;
 * when theirs is purged, it would begin with an empty state and come to another one than they.
 */
final class LogStart {
    private LogStart() {
    }

    /**
     * Looks at what a member is going to start from, while the archive does not run.
     *
     * @param archiveDirectory directory of the archive.
     * @param clusterDirectory directory of the consensus module.
     * @return what is missing; null if nothing is.
     * @throws IOException when the catalog can't be read.
     */
    static String findGap(final File archiveDirectory, final File clusterDirectory) throws IOException {
        if (!new File(clusterDirectory, RecordingLog.RECORDING_LOG_FILE_NAME).exists()) {
            return null;
        }
        try (RecordingLog log = new RecordingLog(clusterDirectory, false)) {
            final Recording recording = Recording.find(archiveDirectory, log.findLastTermRecordingId());
            return null == recording ? null : findGap(recording.startPosition(), log);
        }
    }

    /** What is missing if the member's recording of the log begins at a position; null if nothing is. */
    static String findGap(final long startPosition, final RecordingLog log) {
        final RecordingLog.Entry snapshot = log.getLatestSnapshot(ConsensusModule.Configuration.SERVICE_ID);
        final long reached = null == snapshot ? 0 : snapshot.logPosition;
        return startPosition <= reached ? null
            : "the log begins at position " + startPosition + ", and the member has no snapshot from there on. It stays down until "
                + "it has one: lugus repair rebuilds it from the others";
    }
}
