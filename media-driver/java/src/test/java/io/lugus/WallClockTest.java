package io.lugus;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.agrona.concurrent.HighResolutionClock;
import org.junit.jupiter.api.Test;

final class WallClockTest {
    @Test
    void itIsTheClockOfTheMachine() {
        // A step of the machine's clock between two readings is rare, and does not come three times in a row.
        boolean isBetween = false;
        for (int i = 0; i < 3 && !isBetween; i++) {
            final long before = HighResolutionClock.epochNanos();
            final long told = WallClock.epochNanos();
            isBetween = before <= told && told <= HighResolutionClock.epochNanos();
        }
        assertTrue(isBetween);
    }

    @Test
    void readingItAllocatesNothing() {
        final ThreadMXBean threads = (ThreadMXBean)ManagementFactory.getThreadMXBean();
        // The first calls make code.
        long latest = latestOf(1_000);
        final long before = threads.getCurrentThreadAllocatedBytes();
        latest = Math.max(latest, latestOf(1_000));
        final long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 1_000, allocated + " bytes in 1,000 readings until " + latest);
    }

    private static long latestOf(final int readings) {
        long latest = 0;
        for (int i = 0; i < readings; i++) {
            latest = Math.max(latest, WallClock.epochNanos());
        }
        return latest;
    }
}
