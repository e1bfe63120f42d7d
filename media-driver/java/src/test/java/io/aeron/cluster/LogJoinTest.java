package io.aeron.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.ExclusivePublication;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogJoinTest {
    /** Length of what a leader appends when it begins to lead. */
    private static final int BEGIN = 96;

    /** Time for which a media driver keeps an image that nobody reads, at least. */
    private static final long DRAINED_NS = TimeUnit.SECONDS.toNanos(1);

    /** Number of attempts, as the machine may be slow for a while. */
    private static final int ATTEMPTS = 10;

    @TempDir
    private Path folder;

    @Test
    void whatIsBetweenTheLeadersTermAndTheFollowersFirstMessageIsJoining() {
        final EnumSet<ElectionState> joining = EnumSet.noneOf(ElectionState.class);
        for (final ElectionState state : ElectionState.values()) {
            if (LogJoin.isJoining(state)) {
                joining.add(state);
            }
        }
        assertEquals(EnumSet.range(ElectionState.FOLLOWER_LOG_REPLICATION, ElectionState.FOLLOWER_READY), joining);
    }

    /** With Aeron alone the member would wait for the media driver, which takes longer than a second each time. */
    @Test
    void aMemberThatCameTooLateForTheBeginOfALogTriesAgainAtOnce() {
        try (RealMember member = new RealMember(folder, ConsensusDoor::guard)) {
            final Peer leader = member.peer(1);
            final ExclusivePublication log = leader.sendLog(BEGIN);
            long shortestNs = Long.MAX_VALUE;
            for (int attempt = 0; attempt < ATTEMPTS && shortestNs >= DRAINED_NS; attempt++) {
                member.await("the log", () -> ElectionState.FOLLOWER_LOG_AWAIT == member.electionState(), () -> leader.lead(log));
                member.await("the end", () -> ElectionState.FOLLOWER_LOG_AWAIT != member.electionState(), () -> { });
                final long beganNs = System.nanoTime();
                member.await("another attempt", () -> ElectionState.CANVASS == member.electionState(), () -> { });
                shortestNs = Math.min(shortestNs, System.nanoTime() - beganNs);
            }
            assertTrue(shortestNs < DRAINED_NS, shortestNs + " ns");
        }
    }
}
