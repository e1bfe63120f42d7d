package io.lugus;

import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.logbuffer.Header;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.ShutdownSignalBarrier;

/**
 * Sends every message back to its session. Runs in Aeron's own container, to measure ours against: the same cluster, with
 * nothing of ours in the service.
 */
public final class EchoService implements ClusteredService {
    /** A session that takes nothing for so many attempts does not get the message. */
    private static final int MAXIMUM_ATTEMPTS = 1_000;

    private IdleStrategy idleStrategy;

    /** For a container. */
    public EchoService() {
    }

    /**
     * Runs the service until the cluster is shut down or the process gets SIGTERM.
     *
     * @param args none.
     */
    @SuppressWarnings("try")
    public static void main(final String[] args) {
        final ErrorReport errors = new ErrorReport(System.err, status -> Runtime.getRuntime().halt(status));
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> errors.end(error));
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
                ClusteredServiceContainer ignored = ClusteredServiceContainer.launch(
                    new ClusteredServiceContainer.Context()
                        .clusteredService(new EchoService())
                        .errorHandler(errors)
                        .terminationHook(barrier::signalAll))) {
            System.out.println("ready");
            barrier.await();
        }
    }

    @Override
    public void onStart(final Cluster cluster, final Image snapshotImage) {
        idleStrategy = cluster.idleStrategy();
    }

    @Override
    public void onSessionMessage(
        final ClientSession session,
        final long timestamp,
        final DirectBuffer buffer,
        final int offset,
        final int length,
        final Header header) {
        idleStrategy.reset();
        for (int attempt = 0; session.offer(buffer, offset, length) < 0 && attempt < MAXIMUM_ATTEMPTS; attempt++) {
            idleStrategy.idle();
        }
    }

    @Override
    public void onSessionOpen(final ClientSession session, final long timestamp) {
        // It keeps no state.
    }

    @Override
    public void onSessionClose(final ClientSession session, final long timestamp, final CloseReason closeReason) {
        // It keeps no state.
    }

    @Override
    public void onTimerEvent(final long correlationId, final long timestamp) {
        // It schedules none.
    }

    @Override
    public void onTakeSnapshot(final ExclusivePublication snapshotPublication) {
        // It keeps no state.
    }

    @Override
    public void onRoleChange(final Cluster.Role newRole) {
        // The same in every role.
    }

    @Override
    public void onTerminate(final Cluster cluster) {
        // Nothing to end.
    }
}
