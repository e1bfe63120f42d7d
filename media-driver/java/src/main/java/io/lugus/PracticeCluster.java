package io.lugus;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.archive.Archive;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ConsensusDoor;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.ClusterEvent;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.security.AuthorisationService;
import io.aeron.security.DefaultAuthenticatorSupplier;
import java.io.File;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.agrona.CloseHelper;
import org.agrona.ErrorHandler;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A cluster of one member in this JVM, that takes messages which nobody needs: it makes the JVM load and compile the code of archive and
 * consensus module.
 *
 * <p>It uses the media driver of {@code aeron.dir} over shared memory alone, so that it has no port. It has its own cluster id, stream ids
 * and folder, so that nobody takes it for the member. First it leads, and appends messages of a client to its log; then it starts again and
 * replays the log, which is how a follower reads one.
 */
final class PracticeCluster {
    private static final int CLUSTER_ID = Integer.MAX_VALUE;
    private static final String MEMBER = "0,practice:1,practice:2,practice:3,practice:4,practice:5";
    private static final String IPC = CommonContext.IPC_CHANNEL;
    private static final String LOG_CHANNEL = IPC + "?term-length=4m";

    /** Answers of the archive to the consensus module and to the service. */
    private static final int MEMBER_RESPONSES = 120;
    private static final int SERVICE_RESPONSES = 121;

    private static final int SEGMENT_LENGTH = 16 * 1024 * 1024;

    /** Length of a message, about that of an order. */
    private static final int MESSAGE_LENGTH = 96;

    /** Greatest number of messages, which bounds what the log takes of the RAM disk: 14 MB. */
    private static final int MAXIMUM_MESSAGES = 60_000;

    private static final int BURST = 8;
    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(20);

    /** Interval in which less than {@link #QUIET_MS} must be compiled, so that no more is to be expected. */
    private static final long SAMPLE_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long QUIET_MS = 3;

    private final File folder;
    private final int streamOffset;
    private final long deadlineNs;
    private final UnsafeBuffer message = new UnsafeBuffer(new byte[MESSAGE_LENGTH]);
    private final AtomicReference<Throwable> error = new AtomicReference<>();
    private int sent;

    /**
     * Makes one that is not running.
     *
     * @param folder folder of its files, which is deleted before and after.
     * @param streamOffset number that is added to each stream id of the member.
     * @param deadlineNs time of {@link System#nanoTime()} at which it is to end.
     */
    PracticeCluster(final File folder, final int streamOffset, final long deadlineNs) {
        this.folder = folder;
        this.streamOffset = streamOffset;
        this.deadlineNs = deadlineNs;
    }

    /**
     * Runs until nothing more is compiled, or the deadline has come.
     *
     * @return number of messages that were appended to its log.
     */
    @SuppressWarnings("try")
    int run() {
        IoUtil.delete(folder, true);
        final ErrorHandler errors = this::onError;
        try (Archive ignored = Archive.launch(archive().errorHandler(errors))) {
            lead(errors);
            if (isTimeLeft() && null == error.get()) {
                awaitGone();
                lead(errors);
            }
        } finally {
            IoUtil.delete(folder, true);
        }
        if (null != error.get()) {
            throw new IllegalStateException(error.get());
        }
        return sent;
    }

    private void onError(final Throwable event) {
        if (!(event instanceof ClusterEvent)) {
            error.compareAndSet(null, event);
        }
    }

    private boolean isTimeLeft() {
        return System.nanoTime() - deadlineNs < 0;
    }

    private void lead(final ErrorHandler errors) {
        final ConsensusModule.Context context = member().errorHandler(errors);
        ClusteredArchiveProcess.setClock(context);
        ConsensusThread.of(context);
        ConsensusModule member = null;
        ClusteredServiceContainer service = null;
        AeronCluster client = null;
        try {
            member = ConsensusModule.launch(ConsensusDoor.guard(IngressDoor.guard(context, new DefaultAuthenticatorSupplier())));
            service = ClusteredServiceContainer.launch(service().errorHandler(errors));
            client = AeronCluster.connect(client());
            send(client);
        } finally {
            CloseHelper.closeAll(client, member, service);
        }
    }

    /** Sends until the compiler has nothing more to do. */
    private void send(final AeronCluster client) {
        final CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long compiledMs = compiler.getTotalCompilationTime();
        long sampleNs = System.nanoTime() + SAMPLE_NS;
        while (isTimeLeft() && sent < MAXIMUM_MESSAGES && null == error.get()) {
            for (int count = 0; count < BURST; count++) {
                if (client.offer(message, 0, MESSAGE_LENGTH) > 0) {
                    sent++;
                }
            }
            LockSupport.parkNanos(PAUSE_NS);
            if (System.nanoTime() - sampleNs >= 0) {
                client.pollEgress();
                final long beforeMs = compiledMs;
                compiledMs = compiler.getTotalCompilationTime();
                if (compiledMs - beforeMs < QUIET_MS) {
                    return;
                }
                sampleNs = System.nanoTime() + SAMPLE_NS;
            }
        }
    }

    /** Waits until the driver has seen that the consensus module is closed: it would refuse a second one. */
    private void awaitGone() {
        final ClusterCounter state = new ClusterCounter(
            ClusterCounter.countersOf(CommonContext.getAeronDirectoryName()),
            CLUSTER_ID,
            ConsensusModule.Configuration.CONSENSUS_MODULE_STATE_TYPE_ID);
        while (Aeron.NULL_VALUE != state.get() && isTimeLeft()) {
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    private Archive.Context archive() {
        final File archiveFolder = new File(folder, "archive");
        return new Archive.Context()
            .archiveDir(archiveFolder)
            .markFileDir(archiveFolder)
            .controlChannelEnabled(false)
            .archiveClientContext(new AeronArchive.Context().controlResponseChannel(IPC))
            .localControlStreamId(stream(AeronArchive.Configuration.localControlStreamId()))
            .replicationChannel(IPC)
            .segmentFileLength(SEGMENT_LENGTH)
            .lowStorageSpaceThreshold(SEGMENT_LENGTH);
    }

    private AeronArchive.Context archiveClient(final int responses) {
        final String channel = AeronArchive.Configuration.localControlChannel();
        return new AeronArchive.Context()
            .controlRequestChannel(channel)
            .controlResponseChannel(channel)
            .controlRequestStreamId(stream(AeronArchive.Configuration.localControlStreamId()))
            .controlResponseStreamId(stream(responses));
    }

    private ConsensusModule.Context member() {
        final File clusterFolder = new File(folder, "cluster");
        return new ConsensusModule.Context()
            .clusterId(CLUSTER_ID)
            .clusterMemberId(0)
            .clusterMembers(MEMBER)
            .clusterDir(clusterFolder)
            .markFileDir(clusterFolder)
            .clusterServicesDirectoryName(clusterFolder.getPath())
            .archiveContext(archiveClient(MEMBER_RESPONSES))
            .authorisationServiceSupplier(() -> AuthorisationService.DENY_ALL)
            .ingressChannel(IPC)
            .ingressStreamId(stream(AeronCluster.Configuration.ingressStreamId()))
            // The door lets no connect through that comes over shared memory. The other way in does; then messages come both ways, and
            // each is appended twice.
            .isIpcIngressAllowed(true)
            .logChannel(LOG_CHANNEL)
            .logStreamId(stream(ConsensusModule.Configuration.logStreamId()))
            .consensusChannel(IPC)
            .consensusStreamId(stream(ConsensusModule.Configuration.consensusStreamId()))
            .replicationChannel(IPC)
            .serviceStreamId(stream(ClusteredServiceContainer.Configuration.serviceStreamId()))
            .consensusModuleStreamId(stream(ClusteredServiceContainer.Configuration.consensusModuleStreamId()))
            .snapshotStreamId(stream(ConsensusModule.Configuration.snapshotStreamId()))
            .replayStreamId(stream(ClusteredServiceContainer.Configuration.replayStreamId()));
    }

    private ClusteredServiceContainer.Context service() {
        final File clusterFolder = new File(folder, "cluster");
        return new ClusteredServiceContainer.Context()
            .clusterId(CLUSTER_ID)
            .clusteredService(new SilentService())
            .clusterDir(clusterFolder)
            .markFileDir(clusterFolder)
            .archiveContext(archiveClient(SERVICE_RESPONSES))
            .serviceStreamId(stream(ClusteredServiceContainer.Configuration.serviceStreamId()))
            .consensusModuleStreamId(stream(ClusteredServiceContainer.Configuration.consensusModuleStreamId()))
            .snapshotStreamId(stream(ClusteredServiceContainer.Configuration.snapshotStreamId()));
    }

    private AeronCluster.Context client() {
        return new AeronCluster.Context()
            .ingressChannel(IPC)
            .ingressStreamId(stream(AeronCluster.Configuration.ingressStreamId()))
            .egressChannel(IPC)
            .egressStreamId(stream(AeronCluster.Configuration.egressStreamId()));
    }

    private int stream(final int id) {
        return streamOffset + id;
    }
}
