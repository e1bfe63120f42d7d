package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class SnapshotScheduleTest {
    private static final long INTERVAL_NS = 1_000_000_000_000L;
    private static final long LOG_LENGTH = 1 << 20;

    private final SnapshotSchedule both = new SnapshotSchedule(INTERVAL_NS, LOG_LENGTH, 0);

    @Test
    void timeMakesASnapshotDueIfTheLogHasGrown() {
        assertFalse(both.isDue(INTERVAL_NS - 1, 1));
        assertTrue(both.isDue(INTERVAL_NS, 1));
        assertFalse(both.isDue(INTERVAL_NS, 0));
        both.onSnapshot(64, INTERVAL_NS);
        assertFalse(both.isDue(2 * INTERVAL_NS, 64));
        assertTrue(both.isDue(2 * INTERVAL_NS, 96));
    }

    @Test
    void lengthMakesASnapshotDue() {
        assertFalse(both.isDue(0, LOG_LENGTH - 1));
        assertTrue(both.isDue(0, LOG_LENGTH));
        both.onSnapshot(LOG_LENGTH, 0);
        assertFalse(both.isDue(0, 2 * LOG_LENGTH - 1));
        assertTrue(both.isDue(0, 2 * LOG_LENGTH));
    }

    @Test
    void zeroIsNoLimit() {
        assertFalse(new SnapshotSchedule(0, 0, 0).isDue(Long.MAX_VALUE, Long.MAX_VALUE));
        assertFalse(new SnapshotSchedule(0, LOG_LENGTH, 0).isDue(Long.MAX_VALUE, LOG_LENGTH - 1));
        assertFalse(new SnapshotSchedule(INTERVAL_NS, 0, 0).isDue(INTERVAL_NS - 1, Long.MAX_VALUE));
    }

    @Test
    void anOrderIsNotRepeatedUntilItMayHaveFailed() {
        both.onOrdered(5);
        assertFalse(both.isDue(4 + SnapshotSchedule.RETRY_NS, LOG_LENGTH));
        assertTrue(both.isDue(5 + SnapshotSchedule.RETRY_NS, LOG_LENGTH));
        both.onOrdered(6);
        both.onSnapshot(LOG_LENGTH, 7);
        assertTrue(both.isDue(8, 2 * LOG_LENGTH), "the order was carried out");
    }

    /** Whoever leads, the log never grows by more than its limit and one step without an order. */
    @Test
    void aScheduleThatIsAskedOftenBoundsTheLog() {
        final Random random = new Random(3);
        long position = 0;
        long snapshot = 0;
        int orders = 0;
        for (long now = 0; now < 10_000_000_000_000L; now += 1_000_000_000) {
            position += random.nextInt(100_000);
            if (both.isDue(now, position)) {
                orders++;
                both.onOrdered(now);
                both.onSnapshot(position, now);
                snapshot = position;
            }
            assertTrue(position - snapshot < LOG_LENGTH);
        }
        assertEquals(position / LOG_LENGTH, orders, orders * 0.1);
    }
}
