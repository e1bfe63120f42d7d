package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.cluster.ElectionState;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class LogClockTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long HOUR = TimeUnit.HOURS.toNanos(1);
    private static final long START = 1_000 * HOUR;

    private long wall = START;
    private long nano = -5;
    private ElectionState election = ElectionState.CLOSED;
    private long logTime = -1;
    private final LogClock clock = new LogClock(() -> wall, () -> nano, () -> election.code(), () -> logTime);

    private void pass(final long ns) {
        wall += ns;
        nano += ns;
    }

    @Test
    void itIsTheWallClock() {
        for (int i = 0; i < 100; i++) {
            pass(i);
            assertEquals(wall, clock.time());
        }
        assertEquals(wall, clock.timeNanos());
        assertEquals(TimeUnit.NANOSECONDS, clock.timeUnit());
    }

    @Test
    void aWallClockThatJumpsForwardIsFollowed() {
        clock.time();
        wall += HOUR;
        assertEquals(START + HOUR, clock.time());
    }

    @Test
    void whenTheWallClockGoesBackItRunsOnALittleSlower() {
        clock.time();
        wall -= SECOND;
        assertEquals(START, clock.time());
        pass(10 * SECOND);
        assertEquals(START + 10 * SECOND - SECOND / 10, clock.time());
        pass(90 * SECOND);
        assertEquals(wall, clock.time(), "after a hundred times the difference the wall clock has caught up");
        pass(1);
        assertEquals(wall, clock.time());
    }

    @Test
    void smallStepsLoseAsMuchAsGreatOnes() {
        clock.time();
        wall -= HOUR;
        clock.time();
        for (int i = 0; i < 10_000; i++) {
            pass(7);
            clock.time();
        }
        assertEquals(START + 70_000 - 700, clock.time());
    }

    @Test
    void aNewLeaderStartsFromTheEndOfTheLog() {
        clock.time();
        logTime = START + HOUR;
        for (final ElectionState state : ElectionState.values()) {
            if (ElectionState.LEADER_READY != state) {
                election = state;
                assertEquals(START, clock.time(), state.name());
            }
        }
        election = ElectionState.LEADER_READY;
        assertEquals(logTime, clock.time());
        election = ElectionState.CLOSED;
        pass(SECOND);
        assertEquals(logTime + SECOND - SECOND / 100, clock.time());
        logTime += HOUR;
        assertEquals(START + HOUR + SECOND - SECOND / 100, clock.time(), "a leader makes the log's time itself");
    }

    @Test
    void aNewLeaderWhoseClockIsAheadOfTheLogKeepsIt() {
        logTime = START - HOUR;
        election = ElectionState.LEADER_READY;
        assertEquals(START, clock.time());
        logTime = -1;
        assertEquals(START, clock.time(), "a service that does not tell the log's time");
    }

    @Test
    void theFirstTimeOfALeaderIsNotBehindTheLog() {
        logTime = START + HOUR;
        election = ElectionState.LEADER_READY;
        assertEquals(logTime, clock.time());
    }

    @Test
    void itNeverGoesBackWhateverHappens() {
        final Random random = new Random(17);
        long last = Long.MIN_VALUE;
        for (int i = 0; i < 1_000_000; i++) {
            pass(random.nextInt(1_000));
            if (0 == random.nextInt(50)) {
                wall += (long)(random.nextGaussian() * SECOND / 1_000);
            }
            election = 0 == random.nextInt(20) ? ElectionState.LEADER_READY : ElectionState.CLOSED;
            logTime = last + random.nextInt(100_000) - 50_000;
            final long time = clock.time();
            assertTrue(time >= last && time >= wall, "step " + i);
            if (ElectionState.LEADER_READY == election) {
                assertTrue(time >= logTime, "step " + i);
            }
            last = time;
        }
    }
}
