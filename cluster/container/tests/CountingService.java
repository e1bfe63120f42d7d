import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.logbuffer.Header;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.ShutdownSignalBarrier;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The service of the tests in Aeron's own container: it counts messages, sends each back, and answers "count" with their
 * number. Its snapshot is that number, in eight bytes, little endian.
 */
public final class CountingService implements ClusteredService
{
    private static final int STATE_LENGTH = 8;

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[64]);
    private IdleStrategy idleStrategy;
    private long count;

    public static void main(final String[] args)
    {
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
            ClusteredServiceContainer ignored = ClusteredServiceContainer.launch(
                new ClusteredServiceContainer.Context()
                    .clusteredService(new CountingService())
                    .terminationHook(barrier::signalAll)))
        {
            barrier.await();
        }
    }

    public void onStart(final Cluster cluster, final Image snapshotImage)
    {
        idleStrategy = cluster.idleStrategy();
        if (null != snapshotImage)
        {
            while (!snapshotImage.isEndOfStream())
            {
                final int fragments = snapshotImage.poll(
                    (state, offset, length, header) -> count = state.getLong(offset, ByteOrder.LITTLE_ENDIAN), 1);
                idleStrategy.idle(fragments);
            }
        }
    }

    public void onSessionMessage(
        final ClientSession session,
        final long timestamp,
        final DirectBuffer message,
        final int offset,
        final int length,
        final Header header)
    {
        count++;
        if ("count".equals(message.getStringWithoutLengthAscii(offset, length)))
        {
            final byte[] text = Long.toString(count).getBytes(StandardCharsets.US_ASCII);
            buffer.putBytes(0, text);
            answer(session, buffer, 0, text.length);
        }
        else
        {
            answer(session, message, offset, length);
        }
    }

    private void answer(final ClientSession session, final DirectBuffer message, final int offset, final int length)
    {
        for (int attempt = 0; attempt < 1_000 && session.offer(message, offset, length) < 0; attempt++)
        {
            idleStrategy.idle();
        }
    }

    public void onTakeSnapshot(final ExclusivePublication snapshotPublication)
    {
        buffer.putLong(0, count, ByteOrder.LITTLE_ENDIAN);
        while (snapshotPublication.offer(buffer, 0, STATE_LENGTH) < 0)
        {
            idleStrategy.idle();
        }
    }

    public void onSessionOpen(final ClientSession session, final long timestamp)
    {
    }

    public void onSessionClose(final ClientSession session, final long timestamp, final CloseReason closeReason)
    {
    }

    public void onTimerEvent(final long correlationId, final long timestamp)
    {
    }

    public void onRoleChange(final Cluster.Role newRole)
    {
    }

    public void onTerminate(final Cluster cluster)
    {
    }
}
