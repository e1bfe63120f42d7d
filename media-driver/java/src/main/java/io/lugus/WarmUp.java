package io.lugus;

import java.io.File;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.agrona.SystemUtil;

/**
 * Lets the JVM load and compile the code of archive and consensus module before the member joins its cluster, by a {@link PracticeCluster}.
 * The member would otherwise do it while it serves its first commands. A warm-up that fails costs time and no more.
 */
final class WarmUp {
    /** Property with the longest time that a warm-up takes. Without it, or with 0, there is none. */
    static final String LIMIT_PROPERTY = "lugus.warm.up.limit";

    /** Property with the folder of the warm-up's files, which is deleted. */
    static final String FOLDER_PROPERTY = "lugus.warm.up.folder";

    /** Property with the number that is added to each stream id of the member. */
    static final String STREAM_OFFSET_PROPERTY = "lugus.warm.up.stream.offset";

    private WarmUp() {
    }

    /**
     * Runs the warm-up that the system properties ask for.
     *
     * @param out is told how long it took, or why it failed.
     */
    static void run(final PrintStream out) {
        final long limitNs = SystemUtil.parseDuration(LIMIT_PROPERTY, System.getProperty(LIMIT_PROPERTY, "0"));
        if (0 == limitNs) {
            return;
        }
        final long startNs = System.nanoTime();
        final File folder = new File(System.getProperty(FOLDER_PROPERTY));
        try {
            final int messages =
                new PracticeCluster(folder, Integer.getInteger(STREAM_OFFSET_PROPERTY), startNs + limitNs).run();
            final long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
            out.println("warmed up with " + messages + " messages in " + tookMs + " ms");
        } catch (final RuntimeException | InternalError error) {
            out.println("warning: the member starts cold, because its warm-up failed: " + error);
        }
    }
}
