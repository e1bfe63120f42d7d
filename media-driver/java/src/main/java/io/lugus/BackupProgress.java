package io.lugus;

import io.aeron.cluster.ClusterBackupEventsListener;
import io.aeron.cluster.ClusterMember;
import io.aeron.cluster.RecordingLog;
import java.util.List;

/** Keeps what a backup says of itself: whether it has copied anything since it was asked last, and why it last failed. */
final class BackupProgress implements ClusterBackupEventsListener {
    private volatile boolean hasProgressed;
    private volatile String lastFailure;

    @Override
    public void onBackupQuery() {
        // A query is no progress: nobody may answer it.
    }

    @Override
    public void onPossibleFailure(final Exception error) {
        lastFailure = error.getMessage();
    }

    @Override
    public void onBackupResponse(
        final ClusterMember[] clusterMembers,
        final ClusterMember logSourceMember,
        final List<RecordingLog.Snapshot> snapshotsToRetrieve) {
        hasProgressed = true;
    }

    @Override
    public void onUpdatedRecordingLog(final RecordingLog recordingLog, final List<RecordingLog.Snapshot> snapshotsRetrieved) {
        hasProgressed = true;
    }

    @Override
    public void onLiveLogProgress(final long recordingId, final long recordingPosCounterId, final long logPosition) {
        hasProgressed = true;
    }

    /** Whether anything was copied since the last call. */
    boolean takeProgress() {
        final boolean progressed = hasProgressed;
        hasProgressed = false;
        return progressed;
    }

    /** Why the backup last failed; null if it has not. */
    String lastFailure() {
        return lastFailure;
    }
}
