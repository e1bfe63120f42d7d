package io.lugus;

import io.aeron.Aeron;
import io.aeron.Counter;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.ElectionState;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

/**
 * Reports when the log's time and this member's wall clock differ ({@link ClockDifference}). A counter has the difference as it
 * was measured last.
 *
 * <p>The consensus module calls it in each duty cycle. A sample is taken when the service has applied something since the last
 * look, and all that was committed then: so the last entry is hardly older than the time between two looks, which that of a
 * service that replays an old log would be.
 */
final class ClockWatch implements LongConsumer {
    /** Type id of the counter with the log's time less the wall clock, in nanoseconds; {@code lugus status} reads it. */
    static final int DIFFERENCE_TYPE_ID = 2_010;

    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final LongSupplier wallClock;
    private final PrintStream out;
    private final ClockDifference difference;
    private final Counter measured;
    private final Counter electionState;
    private final Counter commitPosition;
    private final ClusterCounter servicePosition;
    private final ClusterCounter serviceTime;
    private long dueNs = Long.MIN_VALUE;
    private long position = Aeron.NULL_VALUE;
    private long committed;

    /**
     * Makes one that begins with nothing seen, and adds its counter. Aeron calls it before the consensus module's thread starts.
     *
     * @param context context of the consensus module, concluded.
     * @param counters the media driver's counters.
     * @param wallClock nanoseconds since 1970.
     * @param boundNs greatest difference that is not reported.
     * @param out gets the reports.
     */
    ClockWatch(
        final ConsensusModule.Context context,
        final CountersReader counters,
        final LongSupplier wallClock,
        final long boundNs,
        final PrintStream out) {
        this.wallClock = wallClock;
        this.out = out;
        difference = new ClockDifference(boundNs);
        electionState = context.electionStateCounter();
        commitPosition = context.commitPositionCounter();
        servicePosition = new ClusterCounter(counters, context.clusterId(), ServiceCounters.LOG_POSITION_TYPE_ID);
        serviceTime = new ClusterCounter(counters, context.clusterId(), ServiceCounters.LOG_TIME_TYPE_ID);
        final UnsafeBuffer key = new UnsafeBuffer(new byte[Integer.BYTES]);
        key.putInt(0, context.clusterId());
        final String label = "Lugus log time less wall clock in ns - clusterId=" + context.clusterId();
        final UnsafeBuffer text = new UnsafeBuffer(new byte[label.length()]);
        text.putStringWithoutLengthAscii(0, label);
        measured = context.aeron().addCounter(DIFFERENCE_TYPE_ID, key, 0, key.capacity(), text, 0, text.capacity());
    }

    /**
     * Takes a sample if it is time to.
     *
     * @param timestamp the cluster's time, which never goes back.
     */
    @Override
    public void accept(final long timestamp) {
        if (timestamp < dueNs) {
            return;
        }
        dueNs = timestamp + INTERVAL_NS;
        final long before = position;
        position = servicePosition.get();
        final long logTime = serviceTime.get();
        final long committedBefore = committed;
        committed = commitPosition.get();
        final boolean isRecent = before != Aeron.NULL_VALUE && position > before && position >= committedBefore;
        if (isRecent && ElectionState.CLOSED.code() == electionState.get()) {
            final long differenceNs = logTime - wallClock.getAsLong();
            measured.setRelease(differenceNs);
            final String report = difference.sample(differenceNs);
            if (null != report) {
                out.println(report);
                out.flush();
            }
        }
    }
}
