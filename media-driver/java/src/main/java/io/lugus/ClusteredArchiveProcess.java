package io.lugus;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.archive.Archive;
import io.aeron.cluster.ClusteredArchive;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.service.RecoveryState;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.ShutdownSignalBarrier;

/**
 * The archive and the consensus module of one member, in one JVM, configured by Aeron's system properties.
 *
 * <p>It differs from {@link ClusteredArchive}'s own main in three things: it prints the line {@code ready} when both
 * answer, it prints errors as they happen, and it ends with exit code 1 when one of its threads can't continue, where
 * Aeron's main would continue without that thread. It ends with exit code 0 after an ordered shutdown of the cluster.
 */
public final class ClusteredArchiveProcess {
    private static final long POLL_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private ClusteredArchiveProcess() {
    }

    /**
     * Runs until the cluster is shut down, the process gets SIGTERM, or something fails.
     *
     * @param args none.
     */
    public static void main(final String[] args) {
        final ErrorReport errors = new ErrorReport(System.err, status -> Runtime.getRuntime().halt(status));
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> errors.end(error));
        try {
            run(errors);
        } catch (final Throwable error) {
            errors.end(error);
        }
    }

    private static void run(final ErrorReport errors) {
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
                ClusteredArchive member = ClusteredArchive.launch(
                    CommonContext.getAeronDirectoryName(),
                    new Archive.Context().errorHandler(errors),
                    new ConsensusModule.Context().errorHandler(errors).terminationHook(barrier::signalAll))) {
            awaitRecovered(member.consensusModule().context());
            System.out.println("ready");
            barrier.await();
            endWithoutService(member.consensusModule().context());
        }
    }

    /**
     * Ends the process at once if the consensus module still waits for its service. It has written nothing then, and
     * closing it would take seconds.
     */
    private static void endWithoutService(final ConsensusModule.Context context) {
        if (!context.aeron().isClosed() && isStarting(context)) {
            Runtime.getRuntime().halt(0);
        }
    }

    private static boolean isStarting(final ConsensusModule.Context context) {
        return ConsensusModule.State.INIT == ConsensusModule.State.get(context.moduleStateCounter());
    }

    /**
     * Waits until the consensus module offers its recovery state to the service. By then it has connected to the
     * archive and asked it for snapshots and log. Any thread may use the reader of the counters.
     */
    private static void awaitRecovered(final ConsensusModule.Context context) {
        final Aeron aeron = context.aeron();
        while (!aeron.isClosed() && isStarting(context)
            && Aeron.NULL_VALUE == RecoveryState.findCounterId(aeron.countersReader(), context.clusterId())) {
            LockSupport.parkNanos(POLL_INTERVAL_NS);
        }
    }
}
