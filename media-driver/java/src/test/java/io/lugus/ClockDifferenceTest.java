package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ClockDifferenceTest {
    private static final long BOUND = TimeUnit.MILLISECONDS.toNanos(500);

    private final ClockDifference difference = new ClockDifference(BOUND);

    /** Takes as many equal samples as a change needs; returns what the last reports. */
    private String samples(final long differenceNs) {
        for (int i = 1; i < ClockDifference.SAMPLES; i++) {
            assertNull(difference.sample(differenceNs));
        }
        return difference.sample(differenceNs);
    }

    @Test
    void whatIsWithinTheBoundIsNotReported() {
        assertNull(samples(BOUND));
        assertNull(samples(-BOUND));
    }

    @Test
    void aDifferenceIsReportedOnceAndItsEndOnce() {
        final String ahead = samples(2 * BOUND);
        assertTrue(ahead.startsWith("warning: the log's time is 1.000 s ahead of this member's clock"), ahead);
        assertNull(samples(2 * BOUND));
        final String again = samples(-BOUND / 2);
        assertEquals("the log's time is 0.250 s behind this member's clock, which is within the bound again", again);
        assertNull(samples(0));
        assertTrue(samples(-2 * BOUND).startsWith("warning: the log's time is 1.000 s behind this member's clock"));
    }

    @Test
    void aPauseOfTheProcessIsNoDifference() {
        for (int i = 0; i < 10; i++) {
            for (int j = 1; j < ClockDifference.SAMPLES; j++) {
                assertNull(difference.sample(-10 * BOUND));
            }
            assertNull(difference.sample(0));
        }
        assertNotNull(samples(-10 * BOUND));
    }
}
