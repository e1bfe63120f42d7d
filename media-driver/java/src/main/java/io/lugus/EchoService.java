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
 * Sends every message back to its session. It runs in Aeron's own container, to compare Lugus' container with it in the same
 * cluster.
 */
public final class EchoService implements ClusteredService {
    /** Number of attempts after which a session that takes nothing does not get the message. */
    private static final int MAXIMUM_ATTEMPTS = 1_000;

    private IdleStrategy idleStrategy;

    /** Makes a service for a container. */
    public EchoService() {
    }

    /**
     * Runs the service until the cluster is shut down or the process gets SIGTERM.
     *
     * @param args none.
     */
    @SuppressWarnings("try")
    public static void main(final String[] args) {
        final ErrorReport errors = new ErrorReport(System.err, "Check the disk", status -> Runtime.getRuntime().halt(status));
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
