package io.lugus;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * Agrona's {@link BackoffIdleStrategy} with the spins, yields and parks of the property {@value #PROPERTY}. Aeron's properties
 * can only name a class, so that Agrona's own would park for its default of up to 1 ms.
 *
 * <p>A thread that has been quiet for a while, because it had work in a few duty cycles only, such as the heartbeats of a cluster without
 * traffic, neither spins nor yields, and parks for longer, until it has more to do.
 */
public final class ParkingIdleStrategy implements IdleStrategy {
    /**
     * Number of spins, number of yields, shortest and longest park in nanoseconds, and the park of a quiet thread, such as
     * {@code 0-50-1000-50000-200000}.
     */
    public static final String PROPERTY = "lugus.idle.strategy";

    /** Time in which a thread must have had little work to be quiet. */
    static final long QUIET_AFTER_NS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Number of duty cycles with work within that time from which on a thread is not quiet. */
    static final int BUSY_CYCLES = 40;

    private final BackoffIdleStrategy strategy;
    private final long cyclesBeforeParks;
    private final long quietParkNs;
    private long idleCycles;
    private int busyCycles;
    private long countedFromNs = System.nanoTime();
    private boolean isQuiet;

    /** Called by Aeron, which has the name of this class. */
    public ParkingIdleStrategy() {
        final String[] parts = System.getProperty(PROPERTY, "").split("-");
        if (5 != parts.length) {
            throw new IllegalStateException(PROPERTY + " must be spins-yields-shortest-longest-quiet");
        }
        final long spins = Long.parseLong(parts[0]);
        final long yields = Long.parseLong(parts[1]);
        cyclesBeforeParks = spins + yields;
        strategy = new BackoffIdleStrategy(spins, yields, Long.parseLong(parts[2]), Long.parseLong(parts[3]));
        quietParkNs = Long.parseLong(parts[4]);
    }

    @Override
    public void idle(final int workCount) {
        if (0 < workCount) {
            busyCycles++;
            if (BUSY_CYCLES <= busyCycles) {
                isQuiet = false;
            }
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (isQuiet) {
            LockSupport.parkNanos(quietParkNs);
            countAnew();
        } else {
            strategy.idle();
            if (++idleCycles > cyclesBeforeParks) {
                countAnew();
            }
        }
    }

    @Override
    public void reset() {
        idleCycles = 0;
        strategy.reset();
    }

    @Override
    public String alias() {
        return "parking";
    }

    /** Whether the thread is quiet. */
    boolean isQuiet() {
        return isQuiet;
    }

    /** Tells whether the thread is quiet, when the time to count has passed. Only a thread that parks has to ask the clock. */
    private void countAnew() {
        final long nowNs = System.nanoTime();
        if (nowNs - countedFromNs >= QUIET_AFTER_NS) {
            isQuiet = busyCycles < BUSY_CYCLES;
            busyCycles = 0;
            countedFromNs = nowNs;
        }
    }
}
