package io.lugus;

import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.logbuffer.Header;
import org.agrona.DirectBuffer;

/** Takes every message and does nothing: the service of a warm-up. */
final class SilentService implements ClusteredService {
    @Override
    public void onStart(final Cluster cluster, final Image snapshotImage) {
        // The service keeps no state.
    }

    @Override
    public void onSessionMessage(
        final ClientSession session,
        final long timestamp,
        final DirectBuffer buffer,
        final int offset,
        final int length,
        final Header header) {
        // The service keeps no state.
    }

    @Override
    public void onSessionOpen(final ClientSession session, final long timestamp) {
        // The service keeps no state.
    }

    @Override
    public void onSessionClose(final ClientSession session, final long timestamp, final CloseReason closeReason) {
        // The service keeps no state.
    }

    @Override
    public void onTimerEvent(final long correlationId, final long timestamp) {
        // The service schedules no timer.
    }

    @Override
    public void onTakeSnapshot(final ExclusivePublication snapshotPublication) {
        // The service keeps no state.
    }

    @Override
    public void onRoleChange(final Cluster.Role newRole) {
        // The service does the same in every role.
    }

    @Override
    public void onTerminate(final Cluster cluster) {
        // There is nothing to end.
    }
}
