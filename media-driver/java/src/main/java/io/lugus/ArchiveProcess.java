package io.lugus;

import io.aeron.archive.Archive;
import org.agrona.concurrent.ShutdownSignalBarrier;

/**
 * The process of an archive without a consensus module, configured by Aeron's system properties: the coordinator's.
 *
 * <p>It differs from {@link Archive}'s own main in three things: it prints the line {@code ready} when the archive answers,
 * it prints errors as they happen, and it ends with exit code 1 when its thread can't continue.
 */
public final class ArchiveProcess {
    private static final String ADVICE_ON_DAMAGE = "Check the disk, and restore the coordinator's folder from a copy";

    private ArchiveProcess() {
    }

    /**
     * Runs until the process gets SIGTERM, or something fails.
     *
     * @param args none.
     */
    @SuppressWarnings("try")
    public static void main(final String[] args) {
        final ErrorReport errors = new ErrorReport(System.err, ADVICE_ON_DAMAGE, status -> Runtime.getRuntime().halt(status));
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> errors.end(error));
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
                Archive ignored = ArchiveDoor.configured().launch(new Archive.Context().errorHandler(errors))) {
            System.out.println("ready");
            barrier.await();
        } catch (final Throwable error) {
            errors.end(error);
        }
    }
}
