import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.logbuffer.Header;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.DirectBuffer;

/**
 * Sends each message back; closes the session on "close me". Leaves a file "leader" with the time (ms since the epoch) at which
 * it became leader, in the directory that the property echo.dir names. A snapshot, which is empty, takes eight seconds.
 */
public final class EchoService implements ClusteredService {
    private static final byte[] CLOSE = "close me".getBytes();
    private static final long SNAPSHOT_MS = 8_000;
    private Cluster cluster;

    @Override
    public void onStart(final Cluster cluster, final Image snapshotImage) {
        this.cluster = cluster;
    }

    @Override
    public void onSessionMessage(
        final ClientSession session,
        final long timestamp,
        final DirectBuffer buffer,
        final int offset,
        final int length,
        final Header header) {
        if (isClose(buffer, offset, length)) {
            session.close();
            return;
        }
        long result;
        do {
            result = session.offer(buffer, offset, length);
            if (result < 0) {
                cluster.idleStrategy().idle();
            }
        } while (result == io.aeron.Publication.BACK_PRESSURED || result == io.aeron.Publication.ADMIN_ACTION);
    }

    private static boolean isClose(final DirectBuffer buffer, final int offset, final int length) {
        if (length != CLOSE.length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (buffer.getByte(offset + i) != CLOSE[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void onRoleChange(final Cluster.Role newRole) {
        if (newRole == Cluster.Role.LEADER) {
            try {
                final Path directory = Path.of(System.getProperty("echo.dir"));
                final Path file = directory.resolve("leader.tmp");
                Files.writeString(file, Long.toString(System.currentTimeMillis()));
                Files.move(file, directory.resolve("leader"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            } catch (final IOException ex) {
                throw new java.io.UncheckedIOException(ex);
            }
        }
    }

    @Override
    public void onSessionOpen(final ClientSession session, final long timestamp) {
    }

    @Override
    public void onSessionClose(final ClientSession session, final long timestamp, final CloseReason closeReason) {
    }

    @Override
    public void onTimerEvent(final long correlationId, final long timestamp) {
    }

    @Override
    public void onTakeSnapshot(final ExclusivePublication snapshotPublication) {
        final long deadline = System.currentTimeMillis() + SNAPSHOT_MS;
        while (System.currentTimeMillis() < deadline) {
            cluster.idleStrategy().idle();
        }
    }

    @Override
    public void onTerminate(final Cluster cluster) {
    }
}
