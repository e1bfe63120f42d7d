package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class JoinErrorsTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final JoinErrors errors = new JoinErrors();
    private long now;

    /** Takes an error each second; returns the number of the error after which the member is given up, or -1. */
    private int errors(final int count, final boolean isElecting, final long position) {
        for (int i = 1; i <= count; i++) {
            now += SECOND;
            if (errors.isInVain(now, isElecting, position)) {
                return i;
            }
        }
        return -1;
    }

    @Test
    void aMemberThatOnlyFailsIsGivenUpAfterAWhile() {
        assertEquals(31, errors(1_000, true, 640));
    }

    @Test
    void fewErrorsAreNotMany() {
        for (int i = 1; i < JoinErrors.MAXIMUM_ERRORS; i++) {
            now += 100 * SECOND;
            assertFalse(errors.isInVain(now, true, 640));
        }
    }

    @Test
    void manyErrorsInAMomentAreNotForLong() {
        for (int i = 0; i < 1_000; i++) {
            assertFalse(errors.isInVain(i, true, 640));
        }
    }

    @Test
    void aMemberThatFollowsTheLogMeanwhileIsNotGivenUp() {
        for (int position = 0; position < 100; position++) {
            assertEquals(-1, errors(20, true, position));
        }
    }

    @Test
    void errorsOfAMemberThatHasJoinedDoNotCount() {
        assertEquals(-1, errors(1_000, false, 640));
        assertEquals(-1, errors(20, true, 640));
        assertEquals(-1, errors(1, false, 640));
        assertEquals(-1, errors(20, true, 640));
    }
}
