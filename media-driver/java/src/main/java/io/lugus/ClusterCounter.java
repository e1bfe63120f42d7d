package io.lugus;

import io.aeron.Aeron;
import io.aeron.CncFileDescriptor;
import io.aeron.CommonContext;
import java.nio.MappedByteBuffer;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

/** A counter of the cluster, of any process: the first of its type, which is looked for again when it has gone. */
final class ClusterCounter {
    private final CountersReader counters;
    private final int clusterId;
    private final int typeId;
    private int id;

    /**
     * Makes one, which need not exist yet.
     *
     * @param counters the media driver's counters.
     * @param clusterId cluster, which the counter's key begins with.
     * @param typeId type of the counter.
     */
    ClusterCounter(final CountersReader counters, final int clusterId, final int typeId) {
        this.counters = counters;
        this.clusterId = clusterId;
        this.typeId = typeId;
    }

    /**
     * The media driver's counters in a mapping of our own, as the consensus module's goes when it closes.
     *
     * @param aeronDirectory directory of a driver that has started.
     * @return its counters.
     * @throws IllegalStateException if the driver has not written its command file yet, so that no counter would ever be found.
     */
    static CountersReader countersOf(final String aeronDirectory) {
        final MappedByteBuffer cnc = IoUtil.mapExistingFile(CommonContext.newCncFile(aeronDirectory), "cnc");
        final UnsafeBuffer metaData = CncFileDescriptor.createMetaDataBuffer(cnc);
        if (0 == metaData.getIntVolatile(CncFileDescriptor.cncVersionOffset(0))) {
            throw new IllegalStateException("the media driver in " + aeronDirectory + " has not started yet");
        }
        return new CountersReader(
            CncFileDescriptor.createCountersMetaDataBuffer(cnc, metaData),
            CncFileDescriptor.createCountersValuesBuffer(cnc, metaData));
    }

    /**
     * Value of the counter; -1 when there is no such counter.
     *
     * <p>A counter that is missing is looked for each time, because the consensus module needs it from the very time on at which a
     * service has it. Behind the first place that was never used there is none, so this takes as long as the counters that
     * there are, and not as long as those that a driver has room for.
     */
    long get() {
        if (isAt(id)) {
            return counters.getCounterValue(id);
        }
        id = 0;
        while (id < counters.maxCounterId() && CountersReader.RECORD_UNUSED != counters.getCounterState(id)) {
            if (isAt(id)) {
                return counters.getCounterValue(id);
            }
            id++;
        }
        id = 0;
        return Aeron.NULL_VALUE;
    }

    private boolean isAt(final int id) {
        return CountersReader.RECORD_ALLOCATED == counters.getCounterState(id)
            && typeId == counters.getCounterTypeId(id)
            && clusterId == counters.metaDataBuffer().getInt(CountersReader.metaDataOffset(id) + CountersReader.KEY_OFFSET);
    }
}
