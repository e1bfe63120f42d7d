package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.AeronCluster.AsyncConnect;
import io.aeron.cluster.client.EgressListener;
import io.lugus.client.NumberCredentials;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A client reaches the leader, whichever member it asks first. */
@Order(1)
@ExtendWith(SharedCluster.Resolver.class)
final class RedirectIT {
    private static final int PARTICIPANT = 1;
    private static final EgressListener NOBODY = (sessionId, timestamp, buffer, offset, length, header) -> { };

    /** The member that a client connected to in the end, and the number of redirects before. */
    private record Connected(int leader, int redirects) {
    }

    private static Connected connect(final SharedCluster shared, final String ingressEndpoints) {
        final AeronCluster.Context context = Participant.context(
            shared.driver(), ingressEndpoints, new NumberCredentials(PARTICIPANT), NOBODY);
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "a session by way of " + ingressEndpoints);
        int redirects = 0;
        try (AsyncConnect connect = AeronCluster.asyncConnect(context)) {
            while (true) {
                final AsyncConnect.State before = connect.state();
                try (AeronCluster session = connect.poll()) {
                    if (null != session) {
                        return new Connected(session.leaderMemberId(), redirects);
                    }
                }
                if (AsyncConnect.State.POLL_RESPONSE == before
                    && AsyncConnect.State.AWAIT_PUBLICATION_CONNECTED == connect.state()) {
                    redirects++;
                }
                deadline.pause();
            }
        }
    }

    @Test
    void aFollowerNamesTheLeader(final SharedCluster shared) throws Exception {
        final ClusterStatus status = shared.cluster().awaitWhole();
        for (final int follower : status.followers()) {
            final String endpoints = shared.deployment().ingressEndpoints(List.of(follower));
            assertEquals(new Connected(status.leader(), 1), connect(shared, endpoints));
        }
        final String both = shared.deployment().ingressEndpoints(status.followers());
        assertEquals(new Connected(status.leader(), 1), connect(shared, both));
    }

    @Test
    void theLeaderItselfTakesTheSession(final SharedCluster shared) throws Exception {
        final ClusterStatus status = shared.cluster().awaitWhole();
        final String endpoints = shared.deployment().ingressEndpoints(List.of(status.leader()));
        assertEquals(new Connected(status.leader(), 0), connect(shared, endpoints));
    }

    @Test
    void anyOrderOfAllMembersWillDo(final SharedCluster shared) throws Exception {
        final ClusterStatus status = shared.cluster().awaitWhole();
        for (final List<Integer> order : List.of(List.of(0, 1, 2), List.of(2, 0, 1), List.of(1, 2, 0))) {
            assertEquals(status.leader(), connect(shared, shared.deployment().ingressEndpoints(order)).leader());
        }
    }

    @Test
    void anAddressWhereNobodyIsDoesNoHarm(final SharedCluster shared) throws Exception {
        final ClusterStatus status = shared.cluster().awaitWhole();
        final int follower = status.followers().get(0);
        final String wrong = status.leader() + "=127.0.0.1:9,";
        final String endpoints = wrong + shared.deployment().ingressEndpoints(List.of(follower));
        assertEquals(new Connected(status.leader(), 1), connect(shared, endpoints));
    }
}
