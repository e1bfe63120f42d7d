package io.aeron.cluster;

import io.aeron.Aeron;
import io.aeron.Subscription;
import io.aeron.cluster.codecs.AppendPositionDecoder;
import io.aeron.cluster.codecs.CanvassPositionDecoder;
import io.aeron.cluster.codecs.CatchupPositionDecoder;
import io.aeron.cluster.codecs.MessageHeaderDecoder;
import io.aeron.cluster.service.Cluster;
import io.aeron.logbuffer.Header;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Field;
import org.agrona.DirectBuffer;
import org.agrona.collections.Long2LongHashMap;

/**
 * Takes messages of other members, as Aeron's adapter does, and lets a leader count no more of a member's log than is the leader's own.
 *
 * <p>Aeron's leader counts the position of each active member towards what is committed, also of one whose log ends in an older term:
 * a leader that was replaced and has returned with what it could not commit. That part of its log is not the leader's, and would be
 * counted as if it were. Here its position is bounded by {@link SharedLog}, until it has cut its log off and follows.
 *
 * <p>A member that catches up reports the term before, although all that it reports comes from this leader: it does not know the new
 * term until that is committed. So its positions are taken as they are, from when it has asked this leader, in this term, to be sent the
 * log, until it canvasses again.
 */
final class SharedPositions extends ConsensusAdapter {
    private static final VarHandle LEADERSHIP_TERM_ID =
        AgentFields.handle(ConsensusModuleAgent.class, "leadershipTermId", long.class);
    private static final VarHandle ELECTION = AgentFields.handle(ConsensusModuleAgent.class, "election", Election.class);

    private final MessageHeaderDecoder messageHeader = new MessageHeaderDecoder();
    private final CanvassPositionDecoder canvass = new CanvassPositionDecoder();
    private final AppendPositionDecoder append = new AppendPositionDecoder();
    private final CatchupPositionDecoder catchup = new CatchupPositionDecoder();

    private final ConsensusModuleAgent agent;
    private final RecordingLog recordingLog;
    private final ClusterMember[] members;
    private final int memberId;
    private final LogJoin join;

    /** By member, the term in which it has asked to be sent the log of that term's leader. */
    private final Long2LongHashMap catchupTerms = new Long2LongHashMap(Aeron.NULL_VALUE);

    /** The last term in which this member led and what was reported before was looked at. */
    private long boundedTermId = Aeron.NULL_VALUE;

    private SharedPositions(final Subscription subscription, final ConsensusModuleAgent agent, final ClusterMember[] members) {
        super(subscription, agent);
        this.agent = agent;
        this.members = members;
        recordingLog = agent.context().recordingLog();
        memberId = agent.memberId();
        join = new LogJoin(agent);
    }

    /**
     * Takes the place of the adapter of an agent that does not run yet.
     *
     * @param agent the agent.
     * @throws ReflectiveOperationException when the agent is not made as that of the pinned version is.
     */
    static void install(final ConsensusModuleAgent agent) throws ReflectiveOperationException {
        final Field adapter = AgentFields.field(ConsensusModuleAgent.class, "consensusAdapter", ConsensusAdapter.class);
        final Subscription subscription =
            (Subscription)AgentFields.field(ConsensusAdapter.class, "subscription", Subscription.class).get(adapter.get(agent));
        final ClusterMember[] members =
            (ClusterMember[])AgentFields.field(ConsensusModuleAgent.class, "activeMembers", ClusterMember[].class).get(agent);
        adapter.set(agent, new SharedPositions(subscription, agent, members));
    }

    @Override
    public int poll() {
        join.leaveAbandonedLog();
        boundWhatWasReported();
        final int fragments = super.poll();
        join.chooseTimeout();
        return fragments;
    }

    /**
     * Bounds what members reported before this one led, once in each term in which it leads. Candidates compare logs by all that was
     * reported.
     */
    private void boundWhatWasReported() {
        if (Cluster.Role.LEADER != agent.role() || boundedTermId == leadershipTermId()) {
            return;
        }
        boundedTermId = leadershipTermId();
        for (final ClusterMember member : members) {
            if (memberId != member.id()) {
                member.logPosition(bound(member.leadershipTermId(), member.logPosition()));
            }
        }
    }

    @Override
    public void onFragment(final DirectBuffer buffer, final int offset, final int length, final Header header) {
        messageHeader.wrap(buffer, offset);
        if (Cluster.Role.LEADER != agent.role() || MessageHeaderDecoder.SCHEMA_ID != messageHeader.schemaId()) {
            super.onFragment(buffer, offset, length, header);
            return;
        }
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        final int blockLength = messageHeader.blockLength();
        final int version = messageHeader.version();
        switch (messageHeader.templateId()) {
            case AppendPositionDecoder.TEMPLATE_ID:
                onAppendPosition(append.wrap(buffer, body, blockLength, version));
                break;

            case CanvassPositionDecoder.TEMPLATE_ID:
                onCanvassPosition(canvass.wrap(buffer, body, blockLength, version));
                break;

            case CatchupPositionDecoder.TEMPLATE_ID:
                catchup.wrap(buffer, body, blockLength, version);
                catchupTerms.put(catchup.followerMemberId(), catchup.leadershipTermId());
                super.onFragment(buffer, offset, length, header);
                break;

            default:
                super.onFragment(buffer, offset, length, header);
                break;
        }
    }

    private void onAppendPosition(final AppendPositionDecoder message) {
        final short decoded = message.flags();
        final short flags =
            AppendPositionDecoder.flagsNullValue() == decoded ? ConsensusModuleAgent.APPEND_POSITION_FLAG_NONE : decoded;
        final long position = catchesUp(message.followerMemberId(), flags)
            ? message.logPosition() : bound(message.leadershipTermId(), message.logPosition());
        agent.onAppendPosition(message.leadershipTermId(), position, message.followerMemberId(), flags);
    }

    private void onCanvassPosition(final CanvassPositionDecoder message) {
        catchupTerms.remove(message.followerMemberId());
        agent.onCanvassPosition(
            message.logLeadershipTermId(),
            bound(message.logLeadershipTermId(), message.logPosition()),
            message.leadershipTermId(),
            message.followerMemberId(),
            message.protocolVersion());
    }

    private boolean catchesUp(final int follower, final short flags) {
        return 0 != (ConsensusModuleAgent.APPEND_POSITION_FLAG_CATCHUP & flags)
            && leadershipTermId() == catchupTerms.get(follower);
    }

    private long bound(final long reportedTermId, final long reportedPosition) {
        return SharedLog.bound(recordingLog.entries(), leadershipTermId(), reportedTermId, reportedPosition);
    }

    /** The term in which this member leads. The agent learns of it only at the end of the election. */
    private long leadershipTermId() {
        final Election election = (Election)ELECTION.get(agent);
        return null == election ? (long)LEADERSHIP_TERM_ID.get(agent) : election.leadershipTermId();
    }
}
