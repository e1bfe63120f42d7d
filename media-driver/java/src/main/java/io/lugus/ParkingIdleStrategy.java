package io.lugus;

import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * Agrona's {@link BackoffIdleStrategy} with the spins, yields and parks that {@value #PROPERTY} has; Aeron's properties
 * can name only a class, whose parks of 1 ms then can't be changed.
 */
public final class ParkingIdleStrategy implements IdleStrategy {
    /** Most spins, most yields, shortest and longest park in nanoseconds, such as {@code 10-5-1000-50000}. */
    public static final String PROPERTY = "lugus.idle.strategy";

    private final BackoffIdleStrategy strategy;

    /** For Aeron, which makes it by its name. */
    public ParkingIdleStrategy() {
        final String[] parts = System.getProperty(PROPERTY, "").split("-");
        if (4 != parts.length) {
            throw new IllegalStateException(PROPERTY + " must be spins-yields-shortest-longest");
        }
        strategy = new BackoffIdleStrategy(
            Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3]));
    }

    @Override
    public void idle(final int workCount) {
        strategy.idle(workCount);
    }

    @Override
    public void idle() {
        strategy.idle();
    }

    @Override
    public void reset() {
        strategy.reset();
    }

    @Override
    public String alias() {
        return "parking";
    }
}
