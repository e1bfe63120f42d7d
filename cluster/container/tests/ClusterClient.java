import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.EgressListener;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron's own cluster client, driven by lines on standard input:
 * "send COUNT LENGTH" sends messages and waits for as many answers, "text WORDS" sends one. Each answer shorter than a
 * hundred bytes is printed, as is each session that the cluster closes.
 */
public final class ClusterClient
{
    private static long answers;
    private static long bytes;

    public static void main(final String[] args) throws Exception
    {
        final EgressListener listener = (sessionId, timestamp, buffer, offset, length, header) ->
        {
            answers++;
            bytes += length;
            if (length < 100)
            {
                System.out.println("answer " + buffer.getStringWithoutLengthAscii(offset, length));
            }
        };
        final AeronCluster.Context context = new AeronCluster.Context()
            .aeronDirectoryName(args[0])
            // It connects as soon as there is a leader, however long a busy machine takes to elect one.
            .messageTimeoutNs(TimeUnit.SECONDS.toNanos(60))
            .ingressChannel("aeron:udp")
            .ingressEndpoints(args[1])
            .egressChannel("aeron:udp?endpoint=localhost:0")
            .egressListener(listener);

        try (AeronCluster cluster = AeronCluster.connect(context))
        {
            System.out.println("connected");
            final StringBuilder line = new StringBuilder();
            while (!cluster.isClosed())
            {
                cluster.pollEgress();
                cluster.sendKeepAlive();
                if (System.in.available() == 0)
                {
                    Thread.sleep(1);
                    continue;
                }
                final int character = System.in.read();
                if (character != '\n')
                {
                    line.append((char)character);
                    continue;
                }
                final String[] words = line.toString().split(" ", 2);
                line.setLength(0);
                if ("send".equals(words[0]))
                {
                    final String[] numbers = words[1].split(" ");
                    send(cluster, Integer.parseInt(numbers[0]), new byte[Integer.parseInt(numbers[1])]);
                }
                else
                {
                    offer(cluster, words[1].getBytes(StandardCharsets.US_ASCII));
                }
            }
            System.out.println("closed");
        }
    }

    private static void send(final AeronCluster cluster, final int count, final byte[] message)
    {
        final long expectedAnswers = answers + count;
        final long bytesBefore = bytes;
        for (int i = 0; i < count; i++)
        {
            offer(cluster, message);
        }
        while (answers < expectedAnswers && !cluster.isClosed())
        {
            cluster.pollEgress();
        }
        System.out.println("sent " + count + " got " + (bytes - bytesBefore) + " bytes");
    }

    private static void offer(final AeronCluster cluster, final byte[] message)
    {
        final UnsafeBuffer buffer = new UnsafeBuffer(message);
        while (cluster.offer(buffer, 0, message.length) < 0 && !cluster.isClosed())
        {
            cluster.pollEgress();
        }
    }
}
