package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.aeron.cluster.ConsensusModule;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

final class ConsensusThreadTest {
    /** Runs the duty cycle in a thread of its own while another thread calls. */
    private static void withDutyCycle(final LongConsumer cycle, final Caller caller) throws Exception {
        final AtomicBoolean isDone = new AtomicBoolean();
        final Thread thread = new Thread(() -> {
            while (!isDone.get()) {
                cycle.accept(1);
            }
        });
        thread.start();
        try {
            caller.call(thread);
        } finally {
            isDone.set(true);
            thread.join();
        }
    }

    private interface Caller {
        void call(Thread dutyCycle) throws Exception;
    }

    @Test
    void whatIsCalledRunsInTheThreadOfTheDutyCycleAndItsAnswerComesBack() throws Exception {
        final ConsensusThread consensus = new ConsensusThread();
        withDutyCycle(consensus, thread -> {
            assertSame(thread, consensus.call(Thread::currentThread));
            assertNotEquals(thread, Thread.currentThread());
            for (int i = 0; i < 1_000; i++) {
                final int number = i;
                assertEquals(number, consensus.call(() -> number));
            }
        });
    }

    @Test
    void whatFailsFailsForTheCallerAlone() throws Exception {
        final ConsensusThread consensus = new ConsensusThread();
        withDutyCycle(consensus, thread -> {
            final Throwable error = assertThrows(IllegalStateException.class, () -> consensus.call(() -> {
                throw new IOException("no");
            }));
            assertEquals("no", error.getCause().getMessage());
            assertEquals(1, consensus.call(() -> 1));
        });
    }

    @Test
    void othersOfTheDutyCycleStay() throws Exception {
        final AtomicLong last = new AtomicLong();
        final ConsensusModule.Context context = new ConsensusModule.Context().clusterTimeConsumerSupplier(ctx -> last::set);
        final ConsensusThread consensus = ConsensusThread.of(context);
        withDutyCycle(context.clusterTimeConsumerSupplier().apply(context), thread -> assertEquals(2, consensus.call(() -> 2)));
        assertEquals(1, last.get());
    }
}
