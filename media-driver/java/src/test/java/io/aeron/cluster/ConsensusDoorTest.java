package io.aeron.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real consensus module, two members of which a test says what is in their logs. Aeron's own counts what is not its log: the fault is
 * shown here, so that a version without it is noticed.
 */
class ConsensusDoorTest {
    /** What an old leader has appended and could not commit. */
    private static final long TAIL = 100_000;
    private static final int AGAIN = 5;

    @TempDir
    private Path folder;
    private RealMember member;
    private Peer oldLeader;
    private Peer follower;

    /** The member's first term. */
    private long first;

    private void start(final UnaryOperator<ConsensusModule.Context> guard) {
        member = new RealMember(folder, guard);
        oldLeader = member.peer(1);
        follower = member.peer(2);
    }

    @AfterEach
    void close() {
        member.close();
    }

    /** Lets the member lead its first term, all of which is committed; returns where that ends. */
    private long leadFirstTerm() {
        member.await("the first leader", this::leads, () -> {
            oldLeader.canvassAndVote(-1, 0);
            follower.canvassAndVote(-1, 0);
        });
        member.await("the first term", this::isElected, () -> follower.append(follower.leadershipTermId(), 0));
        first = follower.leadershipTermId();
        member.await("the first commit", () -> member.commitPosition() > 0, () -> follower.append(first, TAIL));
        return member.commitPosition();
    }

    private boolean leads() {
        final ElectionState state = member.electionState();
        return ElectionState.LEADER_LOG_REPLICATION == state || hasReplicated();
    }

    /** Whether the member leads, and counts all that was in its log as committed. */
    private boolean hasReplicated() {
        final ElectionState state = member.electionState();
        return ElectionState.LEADER_REPLAY == state || ElectionState.LEADER_INIT == state || ElectionState.LEADER_READY == state
            || isElected();
    }

    private boolean isElected() {
        return ElectionState.CLOSED == member.electionState();
    }

    /** Lets the member lead another term, with a voter whose log ends there. */
    private void elect(final Peer voter, final long logTermId, final long position) {
        final long before = follower.leadershipTermId();
        member.await("the end of the term", () -> !isElected(), () -> follower.requestVote(logTermId, position));
        member.await("the next leader", () -> leads() && voter.leadershipTermId() > before,
            () -> voter.canvassAndVote(logTermId, position));
    }

    /** Lets the member append the begin of its second term, which nobody else has; returns where the first one ended. */
    private long leadSecondTermAlone() {
        final long base = leadFirstTerm();
        elect(follower, first, base);
        member.await("the second term", this::isElected, () -> follower.append(follower.leadershipTermId(), base));
        return base;
    }

    /** Waits until the member has answered to all that a peer has said, and had time to count it. */
    private void awaitAnswer(final Peer peer, final long logTermId, final long position, final long base) {
        // Before it has appended the begin of its term, it told the others of it without being asked.
        member.await("an answer", () -> peer.leaderEnd() > base, () -> peer.canvass(logTermId, position));
        final int heard = peer.termsHeard();
        member.await("answers", () -> peer.termsHeard() >= heard + AGAIN, () -> peer.canvass(logTermId, position));
    }

    @Test
    void aeronItselfCommitsWithTheTailOfAnOldLeader() {
        start(context -> context);
        final long base = leadSecondTermAlone();
        awaitAnswer(oldLeader, first, base + TAIL, base);
        assertEquals(oldLeader.leaderEnd(), member.commitPosition(), "Aeron counts it: is the door still of use?");
    }

    @Test
    void theTailOfAnOldLeaderDoesNotCountUntilItIsCutOff() {
        start(ConsensusDoor::guard);
        final long base = leadSecondTermAlone();
        awaitAnswer(oldLeader, first, base + TAIL, base);
        final long end = oldLeader.leaderEnd();
        assertEquals(base, member.commitPosition());
        assertEquals(base, oldLeader.toldCommitPosition());

        // Neither does what it says in the old term, whatever that is.
        for (int i = 0; i < AGAIN; i++) {
            oldLeader.append(first, base + TAIL);
            oldLeader.appendInCatchup(first, end);
        }
        awaitAnswer(oldLeader, first, base, base);
        assertEquals(base, member.commitPosition());

        // What it has recorded of what this leader sends does, though it does not know the term yet.
        oldLeader.catchUp(base);
        member.await("a commit", () -> end == member.commitPosition(), () -> oldLeader.appendInCatchup(first, end));
    }

    @Test
    void aMemberThatFollowsCounts() {
        start(ConsensusDoor::guard);
        final long base = leadSecondTermAlone();
        final long term = follower.leadershipTermId();
        awaitAnswer(follower, term, base, base);
        member.await("a commit", () -> follower.leaderEnd() == member.commitPosition(),
            () -> follower.append(term, follower.leaderEnd()));
    }

    @Test
    void aeronItselfLeadsWithTheVoteOfWhoHasNotItsLog() {
        start(context -> context);
        final long base = leadSecondTermAlone();
        elect(oldLeader, first, base + TAIL);
        member.await("all of the log", this::hasReplicated, () -> { });
        assertTrue(oldLeader.leaderEnd() > base);
    }

    @Test
    void aLeaderWaitsUntilAMajorityHasItsLog() {
        start(ConsensusDoor::guard);
        final long base = leadSecondTermAlone();
        elect(oldLeader, first, base + TAIL);
        awaitAnswer(oldLeader, first, base + TAIL, base);
        final long end = oldLeader.leaderEnd();
        assertEquals(ElectionState.LEADER_LOG_REPLICATION, member.electionState());
        assertEquals(base, oldLeader.toldCommitPosition());
        member.await("all of the log", this::isElected, () -> oldLeader.append(oldLeader.leadershipTermId(), end));
    }
}
