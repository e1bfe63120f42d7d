package io.aeron.cluster;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.cluster.codecs.MessageHeaderDecoder;
import io.aeron.cluster.codecs.NewLeadershipTermDecoder;
import io.aeron.cluster.codecs.RequestVoteDecoder;
import io.aeron.logbuffer.Header;
import org.agrona.DirectBuffer;

/** What another member tells a real one, and what it hears: a test says what it has in its log. */
final class Peer {
    private static final int LIMIT = 10;

    private final ConsensusPublisher publisher = new ConsensusPublisher();
    private final MessageHeaderDecoder messageHeader = new MessageHeaderDecoder();
    private final RequestVoteDecoder requestVote = new RequestVoteDecoder();
    private final NewLeadershipTermDecoder newLeadershipTerm = new NewLeadershipTermDecoder();
    private final int id;
    private final Subscription consensus;
    private final ExclusivePublication member;
    private final String catchupEndpoint;
    private final Aeron aeron;
    private final String memberLogEndpoint;
    private final int logStreamId;
    private final int appVersion;
    private long candidateTermId = Aeron.NULL_VALUE;
    private long leadershipTermId = Aeron.NULL_VALUE;
    private long leaderEnd;
    private long toldCommitPosition;
    private int termsHeard;

    /**
     * A member that has not spoken yet. It takes the log, so that the leader can append to it, but reads nothing of it.
     *
     * @param aeron a client.
     * @param id its number.
     * @param members the endpoints of all members.
     * @param context of the real member, number 0.
     */
    Peer(final Aeron aeron, final int id, final ClusterMember[] members, final ConsensusModule.Context context) {
        this.id = id;
        this.aeron = aeron;
        memberLogEndpoint = members[0].logEndpoint();
        logStreamId = context.logStreamId();
        appVersion = context.appVersion();
        catchupEndpoint = members[id].catchupEndpoint();
        consensus = aeron.addSubscription("aeron:udp?endpoint=" + members[id].consensusEndpoint(), context.consensusStreamId());
        aeron.addSubscription("aeron:udp?endpoint=" + members[id].logEndpoint(), context.logStreamId());
        member = aeron.addExclusivePublication(
            "aeron:udp?endpoint=" + members[0].consensusEndpoint(), context.consensusStreamId());
    }

    /** Takes all that has come. */
    void poll() {
        while (consensus.poll(this::onMessage, LIMIT) > 0) {
            Thread.onSpinWait();
        }
    }

    private void onMessage(final DirectBuffer buffer, final int offset, final int length, final Header header) {
        messageHeader.wrap(buffer, offset);
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        if (RequestVoteDecoder.TEMPLATE_ID == messageHeader.templateId()) {
            requestVote.wrap(buffer, body, messageHeader.blockLength(), messageHeader.version());
            candidateTermId = requestVote.candidateTermId();
        } else if (NewLeadershipTermDecoder.TEMPLATE_ID == messageHeader.templateId()) {
            newLeadershipTerm.wrap(buffer, body, messageHeader.blockLength(), messageHeader.version());
            leadershipTermId = newLeadershipTerm.leadershipTermId();
            leaderEnd = newLeadershipTerm.logPosition();
            toldCommitPosition = newLeadershipTerm.commitPosition();
            termsHeard++;
        }
    }

    /** Says where its log ends, and gives its vote if it was asked. */
    void canvassAndVote(final long logTermId, final long position) {
        canvass(logTermId, position);
        if (Aeron.NULL_VALUE != candidateTermId) {
            publisher.placeVote(member, candidateTermId, logTermId, position, 0, id, true);
        }
    }

    void canvass(final long logTermId, final long position) {
        publisher.canvassPosition(member, logTermId, position, logTermId, id);
    }

    /** Wants to lead. */
    void requestVote(final long logTermId, final long position) {
        publisher.requestVote(member, logTermId, position, leadershipTermId + 1, id);
    }

    void append(final long termId, final long position) {
        publisher.appendPosition(member, termId, position, id, ConsensusModuleAgent.APPEND_POSITION_FLAG_NONE);
    }

    /** Says what it has recorded of what it was sent to catch up. */
    void appendInCatchup(final long termId, final long position) {
        publisher.appendPosition(member, termId, position, id, ConsensusModuleAgent.APPEND_POSITION_FLAG_CATCHUP);
    }

    /** Asks to be sent the log. */
    void catchUp(final long position) {
        publisher.catchupPosition(member, leadershipTermId, position, id, catchupEndpoint);
    }

    /** Sends a log to the member, as a leader that has begun at this position. */
    ExclusivePublication sendLog(final int position) {
        return aeron.addExclusivePublication(
            "aeron:udp?term-length=64k|init-term-id=0|term-id=0|term-offset=" + position + "|endpoint=" + memberLogEndpoint, logStreamId);
    }

    /** Says that it leads the first term, whose log is this one and has nothing in it yet. */
    void lead(final ExclusivePublication log) {
        publisher.newLeadershipTerm(
            member, -1, 0, 0, -1, 0, 0, 0, 0, 0, 1, id, log.sessionId(), appVersion, true);
    }

    /** The term of the leader that it has heard of last. */
    long leadershipTermId() {
        return leadershipTermId;
    }

    /** Where the log of that leader ended. */
    long leaderEnd() {
        return leaderEnd;
    }

    /** What that leader said was committed. */
    long toldCommitPosition() {
        return toldCommitPosition;
    }

    /** How often a leader has told its term, which is the answer to a canvass. */
    int termsHeard() {
        return termsHeard;
    }
}
