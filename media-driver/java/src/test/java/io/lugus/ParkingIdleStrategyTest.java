package io.lugus;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ParkingIdleStrategyTest {
    @AfterEach
    void clear() {
        System.clearProperty(ParkingIdleStrategy.PROPERTY);
    }

    @Test
    void aThreadWithLittleWorkIsQuietUntilItHasMore() {
        System.setProperty(ParkingIdleStrategy.PROPERTY, "0-1-1000-1000-2000");
        final long startNs = System.nanoTime();
        final ParkingIdleStrategy strategy = new ParkingIdleStrategy();
        while (!strategy.isQuiet()) {
            assertTrue(System.nanoTime() - startNs < 20_000_000_000L, "it gets quiet");
            strategy.idle(0);
        }
        assertTrue(System.nanoTime() - startNs >= ParkingIdleStrategy.QUIET_AFTER_NS);
        int cycles = 0;
        while (strategy.isQuiet() && cycles < 1_000) {
            strategy.idle(1);
            cycles++;
        }
        assertTrue(1 < cycles && cycles <= ParkingIdleStrategy.BUSY_CYCLES, "a heartbeat leaves it quiet, traffic does not: " + cycles);
        // Work in as many within each further interval keeps it awake.
        final long busyNs = System.nanoTime();
        while (System.nanoTime() - busyNs < 3 * ParkingIdleStrategy.QUIET_AFTER_NS) {
            for (int cycle = 0; cycle < ParkingIdleStrategy.BUSY_CYCLES; cycle++) {
                strategy.idle(1);
            }
            strategy.idle(0);
            strategy.idle(0);
            assertFalse(strategy.isQuiet());
        }
    }

    @Test
    void anotherNumberOfPartsIsAnError() {
        System.setProperty(ParkingIdleStrategy.PROPERTY, "0-1-1000-1000");
        assertThrows(IllegalStateException.class, ParkingIdleStrategy::new);
    }
}
