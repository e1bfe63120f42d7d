package io.lugus;

import io.aeron.archive.Archive;
import io.aeron.cluster.ClusterBackup;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.agrona.SystemUtil;
import org.agrona.concurrent.ShutdownSignalBarrier;

/**
 * Copies the newest snapshots and the log of a running cluster into the folders of an archive and of a consensus module:
 * Aeron's {@link ClusterBackup} with an archive of its own, configured by Aeron's system properties.
 *
 * <p>With a position it ends with exit code 0 when the copy has the log up to there; without one it follows the cluster until
 * it gets SIGTERM. It ends with exit code 1 when nothing was copied for the time of {@code lugus.backup.timeout}.
 */
public final class BackupProcess {
    /** Property with the log position that the copy must reach. */
    private static final String POSITION_PROPERTY = "lugus.backup.position";

    /** Property with the time without progress after which the process ends. */
    private static final String TIMEOUT_PROPERTY = "lugus.backup.timeout";

    private static final String ADVICE_ON_DAMAGE = "Check the disk; move the copy away and make a new one";
    private static final long POLL_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(5);

    private BackupProcess() {
    }

    /**
     * Runs until the copy is complete, the process gets SIGTERM, or something fails.
     *
     * @param args none.
     */
    public static void main(final String[] args) {
        final ErrorReport errors = new ErrorReport(System.err, ADVICE_ON_DAMAGE, status -> Runtime.getRuntime().halt(status));
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> errors.end(error));
        try {
            run(errors);
        } catch (final Throwable error) {
            errors.end(error);
        }
    }

    @SuppressWarnings("try")
    private static void run(final ErrorReport errors) throws IOException {
        final BackupProgress progress = new BackupProgress();
        final AtomicBoolean stop = new AtomicBoolean();
        final ArchiveDoor door = ArchiveDoor.configured();
        final ClusterBackup.Context context = door.admit(new ClusterBackup.Context())
            .credentialsSupplier(OperatorCredentials.configured())
            .eventsListener(progress)
            .errorHandler(errors)
            .terminationHook(() -> stop.set(true));
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier(() -> stop.set(true));
                Archive archive = door.launch(new Archive.Context().errorHandler(errors));
                ClusterBackup backup = ClusterBackup.launch(context)) {
            System.out.println("ready");
            await(context, progress, stop, errors);
        }
        System.out.println("ended");
    }

    private static void await(
        final ClusterBackup.Context context,
        final BackupProgress progress,
        final AtomicBoolean stop,
        final ErrorReport errors) {
        final long target = Long.getLong(POSITION_PROPERTY, Long.MAX_VALUE);
        final long timeoutNs = SystemUtil.getDurationInNanos(TIMEOUT_PROPERTY, TimeUnit.SECONDS.toNanos(60));
        long lastProgressNs = System.nanoTime();
        while (!stop.get()) {
            final boolean isBackingUp = ClusterBackup.State.BACKING_UP.code() == context.stateCounter().get();
            if (isBackingUp && context.liveLogPositionCounter().get() >= target) {
                return;
            }
            final long nowNs = System.nanoTime();
            if (progress.takeProgress() || (isBackingUp && Long.MAX_VALUE == target)) {
                lastProgressNs = nowNs;
            } else if (nowNs - lastProgressNs > timeoutNs) {
                errors.end("nothing was copied for " + TimeUnit.NANOSECONDS.toSeconds(timeoutNs) + " s, at log position "
                    + context.liveLogPositionCounter().get()
                    + (null == progress.lastFailure() ? "" : "; last failure: " + progress.lastFailure()));
            }
            LockSupport.parkNanos(POLL_INTERVAL_NS);
        }
    }
}
