package io.lugus.cluster;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** A wait with an end: {@code while (!condition) deadline.pause()}. */
final class Deadline {
    /** Time-out for anything that may take long on a busy machine. */
    static final Duration LONG = Duration.ofSeconds(30);

    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(200);

    private final long endNs;
    private final Supplier<String> awaited;

    private Deadline(final Duration timeout, final Supplier<String> awaited) {
        this.endNs = System.nanoTime() + timeout.toNanos();
        this.awaited = awaited;
    }

    /**
     * @param timeout time after which the wait fails.
     * @param awaited what is awaited, and how far it has come, for the message of the failure.
     */
    static Deadline in(final Duration timeout, final Supplier<String> awaited) {
        return new Deadline(timeout, awaited);
    }

    boolean isOver() {
        return System.nanoTime() - endNs >= 0;
    }

    /** Waits a little, or fails the test. */
    void pause() {
        if (isOver()) {
            throw new AssertionError("not in time: " + awaited.get());
        }
        LockSupport.parkNanos(PAUSE_NS);
    }
}
