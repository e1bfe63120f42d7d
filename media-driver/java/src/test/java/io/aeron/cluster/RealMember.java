package io.aeron.cluster;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.archive.Archive;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.client.ClusterEvent;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.security.AuthorisationService;
import io.lugus.EchoService;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.agrona.CloseHelper;
import org.agrona.ErrorHandler;

/** Member 0 of a cluster of three, with a media driver, an archive and a service; the two others are {@link Peer}s. */
final class RealMember implements AutoCloseable {
    private static final int MEMBERS = 3;
    private static final int ENDPOINTS = 5;
    private static final int FIRST_PORT = 20_000;
    private static final int LAST_PORT = 30_000;
    private static final int SEGMENT_LENGTH = 1 << 20;
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final String IPC = CommonContext.IPC_CHANNEL;

    private final List<AutoCloseable> parts = new ArrayList<>();
    private final AtomicReference<Throwable> error = new AtomicReference<>();
    private final Path folder;
    private final String driverFolder;
    private final ConsensusModule module;
    private final Peer[] peers = new Peer[MEMBERS];

    /**
     * Starts the member, which asks the others who leads.
     *
     * @param folder for all files.
     * @param guard what the consensus module's context goes through.
     */
    RealMember(final Path folder, final UnaryOperator<ConsensusModule.Context> guard) {
        this.folder = folder;
        driverFolder = folder.resolve("driver").toString();
        final ErrorHandler errors = this::onError;
        parts.add(MediaDriver.launch(new MediaDriver.Context()
            .aeronDirectoryName(driverFolder).threadingMode(ThreadingMode.SHARED).errorHandler(errors)));
        parts.add(Archive.launch(archive().errorHandler(errors)));
        final Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driverFolder));
        parts.add(aeron);
        final ConsensusModule.Context context = member(freeEndpoints());
        final ClusterMember[] members = ClusterMember.parse(context.clusterMembers());
        for (int id = 1; id < MEMBERS; id++) {
            peers[id] = new Peer(aeron, id, members, context);
        }
        module = ConsensusModule.launch(guard.apply(context.errorHandler(errors)));
        parts.add(module);
        parts.add(ClusteredServiceContainer.launch(service().errorHandler(errors)));
    }

    private void onError(final Throwable event) {
        if (!(event instanceof ClusterEvent)) {
            error.compareAndSet(null, event);
        }
    }

    Peer peer(final int id) {
        return peers[id];
    }

    ElectionState electionState() {
        if (module.context().aeron().isClosed()) {
            throw new IllegalStateException("the consensus module has ended", error.get());
        }
        return ElectionState.get(module.context().electionStateCounter());
    }

    long commitPosition() {
        return module.context().commitPositionCounter().get();
    }

    /** Waits until something is so; the peers say again and again what they have to say. */
    void await(final String what, final BooleanSupplier isSo, final Runnable say) {
        final long deadlineNs = System.nanoTime() + DEADLINE_NS;
        while (!isSo.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException(
                    what + " is awaited in vain, in state " + electionState() + " at " + commitPosition(), error.get());
            }
            say.run();
            LockSupport.parkNanos(PAUSE_NS);
            for (int id = 1; id < MEMBERS; id++) {
                peers[id].poll();
            }
        }
    }

    @Override
    public void close() {
        for (int i = parts.size() - 1; i >= 0; i--) {
            CloseHelper.close(parts.get(i));
        }
    }

    /** Ports below those that the system gives to others. */
    private static String freeEndpoints() {
        final int[] next = {ThreadLocalRandom.current().nextInt(FIRST_PORT, LAST_PORT)};
        final Supplier<String> endpoint = () -> {
            while (!isFree(++next[0])) {
                Thread.onSpinWait();
            }
            return "127.0.0.1:" + next[0];
        };
        return IntStream.range(0, MEMBERS)
            .mapToObj(id -> id + "," + Stream.generate(endpoint).limit(ENDPOINTS).collect(Collectors.joining(",")))
            .collect(Collectors.joining("|"));
    }

    private static boolean isFree(final int port) {
        try (DatagramSocket socket = new DatagramSocket(port, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (final SocketException error) {
            return false;
        }
    }

    private Archive.Context archive() {
        return new Archive.Context()
            .aeronDirectoryName(driverFolder)
            .archiveDir(folder.resolve("archive").toFile())
            .controlChannelEnabled(false)
            .archiveClientContext(new AeronArchive.Context().controlResponseChannel(IPC))
            .replicationChannel(IPC)
            .segmentFileLength(SEGMENT_LENGTH)
            .lowStorageSpaceThreshold(SEGMENT_LENGTH);
    }

    private static AeronArchive.Context archiveClient() {
        final String channel = AeronArchive.Configuration.localControlChannel();
        return new AeronArchive.Context()
            .controlRequestChannel(channel)
            .controlResponseChannel(channel)
            .controlRequestStreamId(AeronArchive.Configuration.localControlStreamId());
    }

    private ConsensusModule.Context member(final String members) {
        return new ConsensusModule.Context()
            .aeronDirectoryName(driverFolder)
            .clusterMemberId(0)
            .clusterMembers(members)
            .clusterDir(folder.resolve("cluster").toFile())
            .archiveContext(archiveClient())
            .authorisationServiceSupplier(() -> AuthorisationService.DENY_ALL)
            .ingressChannel("aeron:udp?term-length=64k")
            .logChannel("aeron:udp?term-length=64k")
            .replicationChannel(IPC)
            .leaderHeartbeatIntervalNs(TimeUnit.MILLISECONDS.toNanos(10))
            .leaderHeartbeatTimeoutNs(TimeUnit.SECONDS.toNanos(5))
            .startupCanvassTimeoutNs(TimeUnit.SECONDS.toNanos(10))
            .electionStatusIntervalNs(TimeUnit.MILLISECONDS.toNanos(10))
            .electionTimeoutNs(TimeUnit.MILLISECONDS.toNanos(100));
    }

    private ClusteredServiceContainer.Context service() {
        return new ClusteredServiceContainer.Context()
            .aeronDirectoryName(driverFolder)
            .clusterDir(folder.resolve("cluster").toFile())
            .clusteredService(new EchoService())
            .archiveContext(archiveClient().controlResponseStreamId(AeronArchive.Configuration.controlResponseStreamId() + 1));
    }
}
