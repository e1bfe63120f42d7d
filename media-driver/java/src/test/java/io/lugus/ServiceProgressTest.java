package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

final class ServiceProgressTest {
    private static final long TIMEOUT = 500;
    private static final long INTERVAL = 20;

    private final ServiceProgress progress = new ServiceProgress(TIMEOUT, 2 * INTERVAL, 0);
    private long now;

    /** Takes samples of a leader at these positions for a time; returns when the service hung, or -1. */
    private long watch(final long time, final boolean isLeading, final long commit, final long position) {
        for (final long end = now + time; now < end; ) {
            now += INTERVAL;
            if (progress.isHung(now, isLeading, commit, position, 0)) {
                return now;
            }
        }
        return -1;
    }

    @Test
    void aLeaderThatStaysBehindHangs() {
        assertEquals(-1, watch(10_000, true, 640, 640));
        final long moved = now;
        assertEquals(moved + TIMEOUT, watch(10_000, true, 704, 640));
    }

    @Test
    void whatMovesDoesNotHangHoweverFarBehindItIs() {
        for (long position = 0; position < 1_000; position++) {
            assertEquals(-1, watch(TIMEOUT - 2 * INTERVAL, true, 1_000_000, position));
        }
    }

    @Test
    void sessionsThatAreClosedAreProgress() {
        for (long closed = 0; closed < 100; closed++) {
            now += TIMEOUT / 5;
            assertFalse(progress.isHung(now, true, 704, 640, closed));
        }
    }

    @Test
    void aFollowerAndAServiceWithoutALogAreLeftAlone() {
        assertEquals(-1, watch(10_000, false, 704, 640));
        assertEquals(-1, watch(10_000, true, 704, -1));
        assertEquals(-1, watch(TIMEOUT - 2 * INTERVAL, true, 704, 640));
    }

    @Test
    void aPauseOfTheWatchingProcessIsNotTheServices() {
        assertEquals(-1, watch(100, true, 640, 640));
        for (int pause = 0; pause < 5; pause++) {
            now += 100 * TIMEOUT;
            assertFalse(progress.isHung(now, true, 704, 640, 0));
        }
    }
}
