package io.lugus;

import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * Agrona's {@link BackoffIdleStrategy} with the spins, yields and parks of the property {@value #PROPERTY}. Aeron's properties
 * can only name a class, so that Agrona's own would park for its default of up to 1 ms.
 */
public final class ParkingIdleStrategy implements IdleStrategy {
    /** Number of spins, number of yields, shortest and longest park in nanoseconds, such as {@code 0-50-1000-50000}. */
    public static final String PROPERTY = "lugus.idle.strategy";

    private final BackoffIdleStrategy strategy;

    /** Called by Aeron, which has the name of this class. */
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
