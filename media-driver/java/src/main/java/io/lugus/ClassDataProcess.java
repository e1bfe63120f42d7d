package io.lugus;

import io.aeron.CommonContext;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.File;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Loads the classes that a member's JVM needs, so that a JVM with {@code -XX:ArchiveClassesAtExit} can archive them. A JVM that maps that
 * archive parses and verifies none of them. {@code scripts/setup} runs it.
 */
public final class ClassDataProcess {
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(5);

    /** What a practice cluster does not use. */
    private static final List<Class<?>> OTHER_CLASSES = List.of(
        ArchiveDoor.class, ErrorReport.class, JoinErrors.class, LogCheck.class, LogStart.class, LogUpkeep.class, RecordingLogCheck.class,
        ServiceWatchdog.class);

    private ClassDataProcess() {
    }

    /**
     * Runs a practice cluster over a media driver of its own, and ends.
     *
     * @param args a folder for the files of both, which is made and deleted.
     * @throws ClassNotFoundException if a class can't be loaded.
     */
    @SuppressWarnings("try")
    public static void main(final String[] args) throws ClassNotFoundException {
        final File folder = new File(args[0]);
        for (final Class<?> other : OTHER_CLASSES) {
            Class.forName(other.getName());
        }
        final String driverFolder = new File(folder, "driver").getPath();
        System.setProperty(CommonContext.AERON_DIR_PROP_NAME, driverFolder);
        final MediaDriver.Context context = new MediaDriver.Context()
            .aeronDirectoryName(driverFolder)
            .threadingMode(ThreadingMode.SHARED)
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true);
        try (MediaDriver ignored = MediaDriver.launch(context)) {
            new PracticeCluster(new File(folder, "practice"), 0, System.nanoTime() + LIMIT_NS).run();
        }
    }
}
