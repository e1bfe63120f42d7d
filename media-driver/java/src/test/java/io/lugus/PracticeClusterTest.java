package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.CommonContext;
import io.aeron.cluster.ConsensusModule;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.status.CountersReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PracticeClusterTest {
    private static final int STREAM_OFFSET = 1_000_000_000;

    @TempDir
    private Path scratch;
    private MediaDriver driver;
    private Map<String, String> properties;

    @BeforeEach
    void launchDriver() {
        final String folder = scratch.resolve("driver").toString();
        properties = Map.of(
            CommonContext.AERON_DIR_PROP_NAME, folder,
            IngressDoor.MAXIMUM_PROPERTY, "1",
            IngressDoor.MAXIMUM_OF_ADDRESS_PROPERTY, "1",
            "aeron.archive.threading.mode", "SHARED",
            WarmUp.FOLDER_PROPERTY, scratch.resolve("practice").toString(),
            WarmUp.STREAM_OFFSET_PROPERTY, Integer.toString(STREAM_OFFSET));
        properties.forEach(System::setProperty);
        driver = MediaDriver.launch(
            new MediaDriver.Context().aeronDirectoryName(folder).threadingMode(ThreadingMode.SHARED));
    }

    @AfterEach
    void closeDriver() {
        driver.close();
        properties.keySet().forEach(System::clearProperty);
        System.clearProperty(WarmUp.LIMIT_PROPERTY);
    }

    @Test
    void takesMessagesAndLeavesNothingBehind() throws IOException {
        final Path folder = scratch.resolve("practice");
        // What a warm-up that was killed has left.
        Files.createDirectories(folder.resolve("archive"));
        Files.writeString(folder.resolve("archive/archive.catalog"), "damaged");
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        assertTrue(0 < new PracticeCluster(folder.toFile(), STREAM_OFFSET, deadlineNs).run());
        assertTrue(System.nanoTime() - deadlineNs < 0, "ends when nothing more is compiled");
        assertFalse(Files.exists(folder));
        awaitNoConsensusModule();
    }

    /** All that a member of the same driver could take for its own is gone, and nothing of it had a port. */
    private void awaitNoConsensusModule() {
        final CountersReader counters = driver.context().countersManager();
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        final int[] found = new int[1];
        do {
            found[0] = 0;
            counters.forEach((id, typeId, key, label) -> {
                assertFalse(label.contains("aeron:udp"), label);
                if (ConsensusModule.Configuration.CONSENSUS_MODULE_STATE_TYPE_ID == typeId) {
                    found[0]++;
                }
            });
            Thread.onSpinWait();
        } while (0 < found[0] && System.nanoTime() - deadlineNs < 0);
        assertEquals(0, found[0]);
    }

    @Test
    void aWarmUpThatFailsIsOnlyAWarning() throws IOException {
        // A file where the folder is to be.
        Files.writeString(scratch.resolve("file"), "");
        System.setProperty(WarmUp.FOLDER_PROPERTY, scratch.resolve("file/practice").toString());
        System.setProperty(WarmUp.LIMIT_PROPERTY, "1s");
        assertTrue(warmUp().startsWith("warning: the member starts cold, because its warm-up failed: "));
    }

    @Test
    void noneIsRunWhereNoneIsAskedFor() {
        assertEquals("", warmUp());
        System.setProperty(WarmUp.LIMIT_PROPERTY, "0s");
        assertEquals("", warmUp());
    }

    private static String warmUp() {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        WarmUp.run(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** A limit that is over before anything is ready ends the practice without an error of its threads. */
    @Test
    void aShortLimitEndsIt() {
        System.setProperty(WarmUp.LIMIT_PROPERTY, "1ms");
        final String line = warmUp();
        assertTrue(line.startsWith("warmed up with 0 messages"), line);
        assertFalse(Files.exists(scratch.resolve("practice")));
    }
}
