package io.lugus;

import io.aeron.cluster.ConsensusModule;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongConsumer;

/**
 * Lets another thread call something in the consensus module's thread, which alone may use the recording log. The consensus module
 * runs it at the end of a duty cycle, so it must be short.
 */
final class ConsensusThread implements LongConsumer {
    /** Longest wait for the consensus module, which does nothing else while it takes a snapshot. */
    private static final long TIMEOUT_S = 10;

    private final AtomicReference<FutureTask<?>> next = new AtomicReference<>();

    /** Makes a consensus module that is not launched yet run what will be called. */
    static ConsensusThread of(final ConsensusModule.Context context) {
        final Function<ConsensusModule.Context, LongConsumer> others = context.clusterTimeConsumerSupplier();
        final ConsensusThread thread = new ConsensusThread();
        context.clusterTimeConsumerSupplier(
            concluded -> null == others ? thread : others.apply(concluded).andThen(thread));
        return thread;
    }

    @Override
    public void accept(final long timestamp) {
        if (null != next.get()) {
            final FutureTask<?> task = next.getAndSet(null);
            if (null != task) {
                task.run();
            }
        }
    }

    /**
     * Calls something in the consensus module's thread, and waits for it. One thread may call at a time.
     *
     * @throws TimeoutException when the consensus module does not come to it. It won't do it later.
     */
    <T> T call(final Callable<T> callable) throws InterruptedException, TimeoutException {
        final FutureTask<T> task = new FutureTask<>(callable);
        next.set(task);
        try {
            return task.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException error) {
            throw new IllegalStateException(error.getCause());
        } finally {
            next.set(null);
            task.cancel(false);
        }
    }
}
