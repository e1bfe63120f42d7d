package io.lugus;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Compares the log's time with the wall clock of a member, from samples: a leader whose clock is wrong stamps the log with wrong
 * times. One sample proves nothing, as a process may pause between a message's stamp and the sample.
 */
final class ClockDifference {
    /** Number of samples in a row that must be on one side of the bound. */
    static final int SAMPLES = 3;

    private final long boundNs;
    private boolean isAlarmed;
    private int samples;

    /**
     * Makes one that has seen no sample.
     *
     * @param boundNs greatest difference in nanoseconds that is not reported.
     */
    ClockDifference(final long boundNs) {
        this.boundNs = boundNs;
    }

    /**
     * Takes a sample.
     *
     * @param differenceNs time of the log less that of the wall clock.
     * @return what is to be reported; null if nothing is new.
     */
    String sample(final long differenceNs) {
        final boolean isOver = Math.abs(differenceNs) > boundNs;
        samples = isOver == isAlarmed ? 0 : samples + 1;
        if (samples < SAMPLES) {
            return null;
        }
        samples = 0;
        isAlarmed = isOver;
        final String difference = String.format(
            Locale.ROOT, "%.3f s %s", Math.abs(differenceNs) / (double)TimeUnit.SECONDS.toNanos(1),
            differenceNs < 0 ? "behind" : "ahead of");
        return isOver
            ? "warning: the log's time is " + difference + " this member's clock: this clock or the leader's is wrong, or the "
                + "clock of a leader before was; check NTP or PTP on all members"
            : "the log's time is " + difference + " this member's clock, which is within the bound again";
    }
}
