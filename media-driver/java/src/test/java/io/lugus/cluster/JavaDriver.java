package io.lugus.cluster;

import io.aeron.Aeron;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.nio.file.Path;

/** Aeron's Java media driver and one client of it, for all sessions of the tests. */
final class JavaDriver implements AutoCloseable {
    /** Term length, in bytes. The longest message has an eighth of this length. */
    private static final int TERM_LENGTH = 1024 * 1024;

    private final MediaDriver driver;
    private final Aeron aeron;

    JavaDriver(final Path directory) {
        driver = MediaDriver.launch(new MediaDriver.Context()
            .aeronDirectoryName(directory.toString())
            .threadingMode(ThreadingMode.SHARED)
            .publicationTermBufferLength(TERM_LENGTH)
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true));
        aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()));
    }

    Aeron aeron() {
        return aeron;
    }

    @Override
    public void close() {
        aeron.close();
        driver.close();
    }
}
