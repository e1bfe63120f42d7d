package io.lugus;

import io.aeron.Aeron;
import io.aeron.AeronCounters;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.ElectionState;
import io.aeron.cluster.service.Cluster;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.SystemUtil;
import org.agrona.concurrent.status.CountersReader;

/**
 * Ends a member that leads while its service hangs. Its consensus module would go on sending heartbeats, and nothing would be
 * answered: Aeron notices a missing service only after the client liveness time-out of the media driver, 10 s.
 *
 * <p>It runs in the consensus module's process, since the service's process may be stopped. It kills the node, and with it all of
 * the member's processes, so that the other members elect a leader, and the node's supervisor starts the member again.
 */
final class ServiceWatchdog implements Runnable {
    /** Property with the time without progress after which a leader's service counts as hung. Without it nothing is watched. */
    static final String TIMEOUT_PROPERTY = "lugus.service.progress.timeout";

    /** Exit code of this process when the service hangs. */
    static final int EXIT_CODE = 3;

    private static final int SAMPLES_IN_TIMEOUT = 25;

    private final PrintStream out;
    private final long timeoutNs;
    private final ClusterCounter role;
    private final ClusterCounter electionState;
    private final ClusterCounter commitPosition;
    private final ClusterCounter servicePosition;
    private final ClusterCounter closedSessions;

    private ServiceWatchdog(
        final CountersReader counters, final int clusterId, final PrintStream out, final long timeoutNs) {
        this.out = out;
        this.timeoutNs = timeoutNs;
        role = new ClusterCounter(counters, clusterId, AeronCounters.CLUSTER_NODE_ROLE_TYPE_ID);
        electionState = new ClusterCounter(counters, clusterId, AeronCounters.CLUSTER_ELECTION_STATE_TYPE_ID);
        commitPosition = new ClusterCounter(counters, clusterId, AeronCounters.CLUSTER_COMMIT_POSITION_TYPE_ID);
        servicePosition = new ClusterCounter(counters, clusterId, ServiceCounters.LOG_POSITION_TYPE_ID);
        closedSessions = new ClusterCounter(counters, clusterId, ServiceCounters.SLOW_SESSIONS_CLOSED_TYPE_ID);
    }

    /** Starts the watchdog if the system property asks for it. Its thread ends with the process. */
    static void start(final ConsensusModule.Context context, final PrintStream out) {
        final String timeout = System.getProperty(TIMEOUT_PROPERTY);
        if (null != timeout) {
            final long timeoutNs = SystemUtil.parseDuration(TIMEOUT_PROPERTY, timeout);
            final CountersReader counters = ClusterCounter.countersOf(context.aeronDirectoryName());
            final Thread thread =
                new Thread(new ServiceWatchdog(counters, context.clusterId(), out, timeoutNs), "service-watchdog");
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Override
    public void run() {
        final long intervalNs = Math.max(timeoutNs / SAMPLES_IN_TIMEOUT, TimeUnit.MILLISECONDS.toNanos(1));
        final ServiceProgress progress = new ServiceProgress(timeoutNs, 2 * intervalNs, System.nanoTime());
        while (true) {
            LockSupport.parkNanos(intervalNs);
            final long position = servicePosition.get();
            final long committed = commitPosition.get();
            if (progress.isHung(System.nanoTime(), isLeading(), committed, position, closedSessions.get())) {
                end(position, committed);
            }
        }
    }

    /** Ends the member. The node is killed first: once this process is gone, nothing would kill a node that is stopped. */
    private void end(final long position, final long committed) {
        out.printf(
            "fatal: the service of this leader has made no progress for %d ms (it is at log position %d, committed is %d): "
                + "the member ends, and another leads%n",
            TimeUnit.NANOSECONDS.toMillis(timeoutNs), position, committed);
        out.flush();
        NodeProcess.kill();
        Runtime.getRuntime().halt(EXIT_CODE);
    }

    private boolean isLeading() {
        return Cluster.Role.LEADER.code() == role.get() && ElectionState.CLOSED.code() == electionState.get();
    }
}
