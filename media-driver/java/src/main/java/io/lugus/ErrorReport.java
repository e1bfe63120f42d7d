package io.lugus;

import io.aeron.archive.client.ArchiveException;
import io.aeron.cluster.service.ClusterTerminationException;
import io.aeron.exceptions.AeronException;
import java.io.PrintStream;
import java.util.function.IntConsumer;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.AgentTerminationException;

/**
 * Prints errors, a line each, and ends the process after an error with which the archive or consensus module can't
 * continue. Aeron's own error log, which {@code ClusterTool errors} shows, has each error with its stack.
 */
final class ErrorReport implements ErrorHandler {
    /** Greatest number of lines: an error that occurs again and again must not fill the disk. */
    static final int MAXIMUM_LINES = 1_000;

    private static final int MAXIMUM_CAUSES = 8;

    private final PrintStream out;
    private final IntConsumer exit;
    private int lines;

    ErrorReport(final PrintStream out, final IntConsumer exit) {
        this.out = out;
        this.exit = exit;
    }

    @Override
    public void onError(final Throwable error) {
        if (error instanceof ClusterTerminationException termination && termination.isExpected()) {
            print("the cluster is shut down");
        } else if (isFatal(error)) {
            end(error);
        } else {
            print(describe(error));
        }
    }

    /** Prints the error and ends the process. */
    void end(final Throwable error) {
        final String hint = error instanceof InternalError ? " (is a disk, or /dev/shm, full?)" : "";
        print("fatal: " + describe(error) + hint);
        exit.accept(1);
    }

    private static boolean isFatal(final Throwable error) {
        return error instanceof Error
            || error instanceof AgentTerminationException
            || AeronException.isFatal(error)
            || (error instanceof ArchiveException archive && ArchiveException.STORAGE_SPACE == archive.errorCode());
    }

    private synchronized void print(final String line) {
        lines++;
        if (lines <= MAXIMUM_LINES) {
            out.println(line);
        }
        if (MAXIMUM_LINES == lines) {
            out.println("more errors are not printed; see ClusterTool errors");
        }
    }

    private static String describe(final Throwable error) {
        final StringBuilder line = new StringBuilder();
        Throwable cause = error;
        for (int depth = 0; null != cause && depth < MAXIMUM_CAUSES; depth++) {
            line.append(0 == depth ? "" : ", caused by ").append(cause.getClass().getSimpleName());
            if (null != cause.getMessage()) {
                line.append(": ").append(cause.getMessage().replaceAll("\\s+", " "));
            }
            cause = cause.getCause();
        }
        return line.toString();
    }
}
