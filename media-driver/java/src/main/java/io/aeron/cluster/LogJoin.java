package io.aeron.cluster;

import io.aeron.Subscription;
import java.lang.invoke.VarHandle;
import org.agrona.SystemUtil;

/**
 * Lets a member join a leader's log on a machine that is slow for a while. All of it runs in the consensus module's thread.
 *
 * <p>Aeron has one time for two things: after how long without a message a follower misses its leader, and how long the archive and
 * the media driver may take for each step while the follower joins the log. The first one decides how long a fail-over takes. The second
 * one is longer here, so that a member that joins does not begin anew again and again, and the election of all others with it.
 *
 * <p>A member that gives such an attempt up waits until its media driver has closed the ports of the log. Aeron closes the
 * subscription only, and the driver's ports are open until its image has been drained: two to three seconds. Here the ports are
 * closed before.
 */
final class LogJoin {
    /** Property with the time for each step. */
    static final String TIMEOUT_PROPERTY = "lugus.join.timeout";

    private static final VarHandle ELECTION = AgentFields.handle(ConsensusModuleAgent.class, "election", Election.class);
    private static final VarHandle LOG_SUBSCRIPTION = AgentFields.handle(Election.class, "logSubscription", Subscription.class);
    private static final VarHandle LIVE_LOG = AgentFields.handle(ConsensusModuleAgent.class, "liveLogDestination", String.class);
    private static final VarHandle CATCHUP_LOG =
        AgentFields.handle(ConsensusModuleAgent.class, "catchupLogDestination", String.class);

    private final ConsensusModuleAgent agent;
    private final ConsensusModule.Context context;
    private final long heartbeatTimeoutNs;
    private final long joinTimeoutNs;

    LogJoin(final ConsensusModuleAgent agent) {
        this.agent = agent;
        context = agent.context();
        heartbeatTimeoutNs = context.leaderHeartbeatTimeoutNs();
        joinTimeoutNs = Math.max(heartbeatTimeoutNs, SystemUtil.getDurationInNanos(TIMEOUT_PROPERTY, heartbeatTimeoutNs));
    }

    private ElectionState state() {
        return ElectionState.get(context.electionStateCounter().getPlain());
    }

    /** Closes the ports of a log that is given up. Call it before the election goes on. */
    void leaveAbandonedLog() {
        final Election election = (Election)ELECTION.get(agent);
        if (null == election || ElectionState.INIT != state()) {
            return;
        }
        final Subscription log = (Subscription)LOG_SUBSCRIPTION.get(election);
        if (null != log && !log.isClosed()) {
            remove(log, (String)LIVE_LOG.get(agent));
            remove(log, (String)CATCHUP_LOG.get(agent));
        }
    }

    private static void remove(final Subscription log, final String destination) {
        if (null != destination) {
            log.asyncRemoveDestination(destination);
        }
    }

    /** Chooses the time that the election is going to use. Call it before the election goes on, and after all messages. */
    void chooseTimeout() {
        if (joinTimeoutNs != heartbeatTimeoutNs) {
            context.leaderHeartbeatTimeoutNs(isJoining(state()) ? joinTimeoutNs : heartbeatTimeoutNs);
        }
    }

    /** Whether the leader is known, and its log not joined yet. */
    static boolean isJoining(final ElectionState state) {
        return switch (state) {
            case FOLLOWER_LOG_REPLICATION, FOLLOWER_REPLAY, FOLLOWER_CATCHUP_INIT, FOLLOWER_CATCHUP_AWAIT, FOLLOWER_CATCHUP,
                FOLLOWER_LOG_INIT, FOLLOWER_LOG_AWAIT, FOLLOWER_READY -> true;
            case INIT, CANVASS, NOMINATE, CANDIDATE_BALLOT, FOLLOWER_BALLOT, LEADER_LOG_REPLICATION, LEADER_REPLAY, LEADER_INIT,
                LEADER_READY, CLOSED -> false;
        };
    }
}
