package io.lugus;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.HighResolutionClock;

/**
 * The wall clock, read without allocation. {@link HighResolutionClock} makes a {@link java.time.Instant} each time, which only C2 does
 * away with: with C1 the clock of the log was nearly all of what a member's JVM allocated, and made it collect garbage each 1.2 million
 * commands. The source of both is {@code jdk.internal.misc.VM.getNanoTimeAdjustment}, which a member's JVM opens.
 */
final class WallClock {
    private static final long NANOS_OF_SECOND = TimeUnit.SECONDS.toNanos(1);
    /** Of the second that the time is told from; the JDK tells it from any second less than 2^32 seconds away. */
    private static final long ORIGIN_SECONDS = System.currentTimeMillis() / 1_000;
    private static final MethodHandle ADJUSTMENT = adjustment();

    private WallClock() {
    }

    /**
     * Tells the time.
     *
     * @return nanoseconds since 1970; may jump, also backwards.
     */
    static long epochNanos() {
        final long sinceOrigin;
        try {
            sinceOrigin = null == ADJUSTMENT ? -1 : (long)ADJUSTMENT.invokeExact(ORIGIN_SECONDS);
        } catch (final Throwable error) {
            throw new IllegalStateException("the JVM does not tell the time", error);
        }
        // The JDK's answer if the origin is too far away; a clock that is a nanosecond before the origin is told right this way, too.
        return -1 == sinceOrigin ? HighResolutionClock.epochNanos() : ORIGIN_SECONDS * NANOS_OF_SECOND + sinceOrigin;
    }

    /** The JDK's own function, or null where it has none or does not open it. */
    private static MethodHandle adjustment() {
        try {
            final Class<?> machine = Class.forName("jdk.internal.misc.VM");
            return MethodHandles.privateLookupIn(machine, MethodHandles.lookup())
                .findStatic(machine, "getNanoTimeAdjustment", MethodType.methodType(long.class, long.class));
        } catch (final ReflectiveOperationException unknown) {
            return null;
        }
    }
}
