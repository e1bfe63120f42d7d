package io.lugus;

import io.aeron.archive.client.ArchiveException;
import io.aeron.cluster.service.ClusterTerminationException;
import io.aeron.exceptions.AeronException;
import java.io.PrintStream;
import java.util.List;
import java.util.function.IntConsumer;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.AgentTerminationException;

/**
 * Prints errors, a line each, and ends the process after an error with which the archive or consensus module can't
 * continue. Aeron's own error log, which {@code ClusterTool errors} shows, has each error with its stack.
 */
final class ErrorReport implements ErrorHandler {
    /** Greatest number of lines: an error that occurs again and again must not fill the disk. The last line is printed always. */
    static final int MAXIMUM_LINES = 1_000;

    /** Exit code when a part can't go on, and may be able to when it is started again. */
    static final int FAILED = 1;

    /** Exit code when what the archive has recorded is damaged. The next start would find the same. */
    static final int DAMAGED = 65;

    /** Exit code when a disk has too little space. The next start is of use when there is more. */
    static final int NO_SPACE = 73;

    private static final int MAXIMUM_CAUSES = 8;

    /**
     * Parts of the messages with which the archive says that it can't read back what it has recorded. They come from Aeron's
     * {@code ReplaySession} and {@code Catalog}; it has no code for them.
     */
    private static final List<String> SIGNS_OF_DAMAGE = List.of(
        "CRC checksum mismatch",
        "unexpected end of recording",
        "recording segment not found",
        "recording segment file not created",
        "failed to read fragment header",
        "incomplete last fragment");

    private final PrintStream out;
    private final String adviceOnDamage;
    private final IntConsumer exit;
    private int lines;

    /**
     * Makes a report.
     *
     * @param out gets the lines.
     * @param adviceOnDamage what to do when what the archive has recorded is damaged, without the last full stop.
     * @param exit ends the process with an exit code.
     */
    ErrorReport(final PrintStream out, final String adviceOnDamage, final IntConsumer exit) {
        this.out = out;
        this.adviceOnDamage = adviceOnDamage;
        this.exit = exit;
    }

    @Override
    public void onError(final Throwable error) {
        if (error instanceof ClusterTerminationException termination && termination.isExpected()) {
            print("the cluster is shut down");
        } else if (isDamage(error) || isFatal(error)) {
            end(error);
        } else {
            print(describe(error));
        }
    }

    /** Prints the error and ends the process. */
    void end(final Throwable error) {
        if (isDamage(error)) {
            endDamaged(describe(error));
        } else {
            final String hint = error instanceof InternalError ? " (is a disk, or /dev/shm, full?)" : "";
            end(describe(error) + hint, isStorageSpace(error) ? NO_SPACE : FAILED);
        }
    }

    /** Prints the reason and ends the process, which may be started again. */
    void end(final String reason) {
        end(reason, FAILED);
    }

    /** Prints the reason and ends the process with an exit code. */
    void end(final String reason, final int status) {
        last("fatal: " + reason, status);
    }

    /** Prints what is damaged and ends the process, which is not to be started again before it is repaired. */
    void endDamaged(final String damage) {
        last("fatal: " + damage + ". " + adviceOnDamage, DAMAGED);
    }

    private synchronized void last(final String line, final int status) {
        out.println(line);
        out.flush();
        exit.accept(status);
    }

    private static boolean isDamage(final Throwable error) {
        final String message = error.getMessage();
        return error instanceof ArchiveException && null != message && SIGNS_OF_DAMAGE.stream().anyMatch(message::contains);
    }

    private static boolean isFatal(final Throwable error) {
        return error instanceof Error
            || error instanceof AgentTerminationException
            || AeronException.isFatal(error)
            || isStorageSpace(error);
    }

    /** Whether the archive refused to record because a disk has too little space. */
    private static boolean isStorageSpace(final Throwable error) {
        return error instanceof ArchiveException archive && ArchiveException.STORAGE_SPACE == archive.errorCode();
    }

    private synchronized void print(final String line) {
        lines++;
        if (lines <= MAXIMUM_LINES) {
            out.println(line);
        }
        if (MAXIMUM_LINES == lines) {
            out.println("more errors are not printed, but for the one that ends the process; see ClusterTool errors");
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
