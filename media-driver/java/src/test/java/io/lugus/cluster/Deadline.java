package io.lugus.cluster;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** A wait for something that must come true: {@code while (!it) deadline.pause()}. */
final class Deadline {
    /** For what a loaded machine may take its time for. */
    static final Duration LONG = Duration.ofSeconds(30);

    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(200);

    private final long endNs;
    private final Supplier<String> awaited;

    private Deadline(final Duration timeout, final Supplier<String> awaited) {
        this.endNs = System.nanoTime() + timeout.toNanos();
        this.awaited = awaited;
    }

    /**
     * @param timeout how long it may take.
     * @param awaited what is awaited, and how far it is: for the failure.
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
