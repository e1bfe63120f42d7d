package io.lugus;

import io.aeron.Aeron;
import io.aeron.archive.Archive;
import io.aeron.cluster.ClusterControl;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.ElectionState;
import io.aeron.cluster.RecordingLog;
import io.aeron.cluster.service.Cluster;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.HighResolutionClock;
import org.agrona.concurrent.status.AtomicCounter;
import org.agrona.concurrent.status.CountersReader;

/**
 * Keeps a member's log from growing without end, in a thread of its own: it orders snapshots on the leader
 * ({@link SnapshotSchedule}), purges after each snapshot and when {@code lugus prune} asks ({@link LogPruning}), and watches the
 * disks ({@link DiskSpace}).
 */
final class LogUpkeep {
    /** Property: whether a member purges by itself after each snapshot. */
    static final String AUTOMATIC_PROPERTY = "lugus.retention.automatic";

    private static final long REQUESTS_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

    /** Time between two purges that nobody has asked for, so that one that fails is not repeated all the time. */
    private static final long PRUNING_INTERVAL_NS = TimeUnit.SECONDS.toNanos(10);

    private final ConsensusModule.Context context;
    private final ConsensusThread consensus;
    private final ErrorReport errors;
    private final PrintStream out;
    private final OtherMembers others = OtherMembers.configured();
    private final LogPruning pruning;
    private final boolean isAutomatic = Boolean.getBoolean(AUTOMATIC_PROPERTY);
    private final SnapshotSchedule schedule = SnapshotSchedule.configured(System.nanoTime());
    private final PruneRequests requests;
    private final DiskSpace disks;
    private final CountersReader counters;
    private final ClusterCounter role;
    private final ClusterCounter election;
    private final ClusterCounter snapshots;
    private final ClusterCounter commitPosition;
    private long seenSnapshots = Aeron.NULL_VALUE;
    private boolean isPruningDue;
    private long pruneFromNs = Long.MIN_VALUE;
    private boolean isShort;
    private String lastWarning;

    private LogUpkeep(
        final ConsensusModule.Context context,
        final ConsensusThread consensus,
        final ErrorReport errors,
        final PrintStream out) {
        this.context = context;
        this.consensus = consensus;
        this.errors = errors;
        this.out = out;
        final Path clusterFolder = context.clusterDir().toPath();
        pruning = new LogPruning(LogRetention.configured(), context, consensus, others, out);
        requests = new PruneRequests(clusterFolder);
        disks = DiskSpace.configured(List.of(Path.of(Archive.Configuration.archiveDirName()), clusterFolder));
        counters = ClusterCounter.countersOf(context.aeronDirectoryName());
        role = counter(ConsensusModule.Configuration.CLUSTER_NODE_ROLE_TYPE_ID);
        election = counter(ConsensusModule.Configuration.ELECTION_STATE_TYPE_ID);
        snapshots = counter(ConsensusModule.Configuration.SNAPSHOT_COUNTER_TYPE_ID);
        commitPosition = counter(ConsensusModule.Configuration.COMMIT_POSITION_TYPE_ID);
    }

    private ClusterCounter counter(final int typeId) {
        return new ClusterCounter(counters, context.clusterId(), typeId);
    }

    /**
     * Starts the thread, which ends with the process.
     *
     * @param context context of the consensus module, which runs.
     * @param consensus its thread.
     * @param errors ends the process.
     * @param out gets warnings and what was purged.
     */
    static void start(
        final ConsensusModule.Context context,
        final ConsensusThread consensus,
        final ErrorReport errors,
        final PrintStream out) {
        final LogUpkeep upkeep = new LogUpkeep(context, consensus, errors, out);
        final Thread thread = new Thread(upkeep::run, "log-upkeep");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        long dueNs = System.nanoTime();
        while (true) {
            LockSupport.parkNanos(REQUESTS_INTERVAL_NS);
            try {
                answerRequest();
                if (System.nanoTime() - dueNs >= 0) {
                    dueNs = System.nanoTime() + INTERVAL_NS;
                    upkeep();
                }
            } catch (final InterruptedException end) {
                return;
            } catch (final IOException | TimeoutException | RuntimeException error) {
                warn("warning: the upkeep of the log failed, and is tried again: " + error);
            }
        }
    }

    private void upkeep() throws IOException, InterruptedException, TimeoutException {
        // Before that the consensus module does not come to what is called in its thread.
        if (ElectionState.CLOSED.code() != election.get()) {
            return;
        }
        noticeSnapshots();
        orderSnapshot();
        watchDisks();
        final long nowNs = System.nanoTime();
        if (isPruningDue && nowNs >= pruneFromNs) {
            pruneFromNs = nowNs + PRUNING_INTERVAL_NS;
            final LogPruning.Pruned pruned = prune();
            isPruningDue = false;
            if (0 < pruned.freedBytes()) {
                out.println("purged " + pruned.freedBytes() + " bytes; the log begins at position " + pruned.keptFrom());
            }
        }
    }

    private void noticeSnapshots() throws InterruptedException, TimeoutException {
        final long count = snapshots.get();
        if (count != seenSnapshots) {
            final List<RecordingLog.Entry> entries = consensus.call(() -> List.copyOf(context.recordingLog().entries()));
            final List<SnapshotSet> newestFirst = SnapshotSet.completeOf(entries, context.serviceCount());
            if (!newestFirst.isEmpty()) {
                final SnapshotSet newest = newestFirst.get(0);
                final long ageNs = Math.max(0, HighResolutionClock.epochNanos() - newest.timeNs());
                schedule.onSnapshot(newest.position(), System.nanoTime() - ageNs);
            }
            seenSnapshots = count;
            isPruningDue = isAutomatic;
        }
    }

    private void orderSnapshot() {
        final long nowNs = System.nanoTime();
        if (isLeader() && schedule.isDue(nowNs, commitPosition.get())) {
            final AtomicCounter toggle = ClusterControl.findControlToggle(counters, context.clusterId());
            if (null != toggle && ClusterControl.ToggleState.SNAPSHOT.toggle(toggle)) {
                schedule.onOrdered(nowNs);
            }
        }
    }

    private void watchDisks() throws IOException {
        final String shortage = disks.shortage();
        final boolean wasShort = isShort;
        isShort = null != shortage;
        if (!isShort) {
            return;
        }
        if (!wasShort) {
            out.println("warning: " + shortage);
        }
        isPruningDue = isAutomatic;
        final long committed = commitPosition.get();
        if (isLeader() && 0 < others.count()) {
            final List<Long> positions;
            try (Aeron aeron = connect()) {
                positions = others.recordedPositions(aeron);
            }
            final long followers = positions.stream().filter(position -> position >= committed).count();
            if (DiskSpace.canHandOver(1 + others.count(), (int)followers)) {
                errors.end(shortage + ": this member no longer leads, and stays down until there is more space", ErrorReport.NO_SPACE);
            }
        }
    }

    private void answerRequest() throws IOException, InterruptedException {
        final String request = requests.take();
        if (null != request) {
            try {
                requests.answer(request, prune());
            } catch (final IOException | TimeoutException | RuntimeException error) {
                requests.answerError(request, error.toString());
            }
        }
    }

    private LogPruning.Pruned prune() throws IOException, InterruptedException, TimeoutException {
        try (Aeron aeron = connect()) {
            return pruning.prune(aeron);
        }
    }

    private Aeron connect() {
        return Aeron.connect(new Aeron.Context()
            .aeronDirectoryName(context.aeronDirectoryName())
            .errorHandler(error -> warn("warning: the upkeep of the log: " + error)));
    }

    private boolean isLeader() {
        return Cluster.Role.LEADER.code() == role.get();
    }

    /** Prints a warning, but not the same one again and again. */
    private synchronized void warn(final String warning) {
        if (!warning.equals(lastWarning)) {
            lastWarning = warning;
            out.println(warning);
        }
    }
}
