package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.aeron.Aeron;
import io.aeron.CncFileDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.agrona.concurrent.status.CountersReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterCounterTest {
    private static final int TYPE_ID = 2_001;
    private static final int CLUSTER_ID = 3;
    private static final int PLACES = 64;

    private final CountersManager counters = new CountersManager(
        new UnsafeBuffer(new byte[PLACES * CountersReader.METADATA_LENGTH]),
        new UnsafeBuffer(new byte[PLACES * CountersReader.COUNTER_LENGTH]));
    private final ClusterCounter counter = new ClusterCounter(counters, CLUSTER_ID, TYPE_ID);

    private int allocate(final int typeId, final int clusterId, final long value) {
        final int id = counters.allocate("a counter", typeId, key -> key.putInt(0, clusterId));
        counters.setCounterValue(id, value);
        return id;
    }

    @Test
    void isFoundAmongOthersOnceItIsThere() {
        assertEquals(Aeron.NULL_VALUE, counter.get());
        allocate(TYPE_ID + 1, CLUSTER_ID, 5);
        allocate(TYPE_ID, CLUSTER_ID + 1, 6);
        assertEquals(Aeron.NULL_VALUE, counter.get());
        final int id = allocate(TYPE_ID, CLUSTER_ID, 7);
        assertEquals(7, counter.get());
        counters.setCounterValue(id, 8);
        assertEquals(8, counter.get());
    }

    /** Counters of an empty file were taken for those of a driver that began at the same time, and no counter was ever found. */
    @Test
    void aDriverThatHasNotStartedIsAnErrorAndNotADriverWithoutCounters(@TempDir final Path directory) throws IOException {
        Files.write(directory.resolve(CncFileDescriptor.CNC_FILE), new byte[4_096]);
        assertThrows(IllegalStateException.class, () -> ClusterCounter.countersOf(directory.toString()));
    }

    @Test
    void isFoundBehindPlacesOfCountersThatHaveGone() {
        final int gone = allocate(TYPE_ID + 1, CLUSTER_ID, 5);
        allocate(TYPE_ID, CLUSTER_ID, 7);
        counters.free(gone);
        assertEquals(7, counter.get());
    }

    @Test
    void isFoundAgainWhereAnotherProcessHasAddedIt() {
        final int first = allocate(TYPE_ID, CLUSTER_ID, 7);
        assertEquals(7, counter.get());
        counters.free(first);
        assertEquals(Aeron.NULL_VALUE, counter.get());
        allocate(TYPE_ID + 1, CLUSTER_ID, 5);
        allocate(TYPE_ID + 1, CLUSTER_ID, 5);
        allocate(TYPE_ID, CLUSTER_ID, 9);
        assertEquals(9, counter.get());
    }
}
