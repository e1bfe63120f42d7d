package io.lugus.cluster;

import static io.aeron.cluster.ConsensusModule.Configuration.CONSENSUS_MODULE_STATE_TYPE_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.CncFileDescriptor;
import io.aeron.cluster.ClusterControl;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.service.ClusterCounters;
import io.lugus.cluster.Command.NewOrder;
import io.lugus.order.entry.Side;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.concurrent.status.CountersReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Aeron's {@code ClusterTool} works on Lugus' members as on any others. */
@Order(7)
@ExtendWith(SharedCluster.Resolver.class)
final class ClusterToolIT {
    /** A snapshot in the output of recovery-plan: its log position, and the id of its service, -1 for the consensus module. */
    private static final Pattern SNAPSHOT =
        Pattern.compile("Snapshot\\[[^\\]]*, logPosition=(\\d+), [^\\]]*serviceId=(-?\\d+)\\]");
    private static final long SUSPENDED_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private SharedCluster shared;
    private int leader;
    private int follower;

    @BeforeEach
    void find(final SharedCluster cluster) throws Exception {
        shared = cluster;
        final ClusterStatus status = shared.cluster().awaitWhole();
        leader = status.leader();
        follower = status.followers().get(0);
    }

    /** Runs the tool, and returns what it prints. Fails when the tool does. */
    private String tool(final int member, final String... arguments) throws Exception {
        final ClusterToolProcess.Outcome outcome = ClusterToolProcess.run(shared.deployment(), member, arguments);
        assertEquals(0, outcome.exitCode(), outcome.output());
        return outcome.output();
    }

    private static void assertTells(final String output, final String... expected) {
        for (final String one : expected) {
            assertTrue(output.contains(one), () -> one + " is missing in: " + output);
        }
    }

    @Test
    void describeShowsTheMarkFilesOfConsensusModuleAndService() throws Exception {
        final String output = tool(leader, "describe");
        assertTells(
            output,
            "componentType=CONSENSUS_MODULE",
            "componentType=CONTAINER",
            "serviceName='lugus cluster-0 member " + leader + "'",
            "pid=" + shared.cluster().living(leader).pid(),
            "aeronDirectory='" + shared.deployment().memberAeronFolder(leader) + "'");
    }

    @Test
    void listMembersNamesTheLeaderOnEveryMember() throws Exception {
        for (final int member : new int[] {leader, follower}) {
            final String output = tool(member, "list-members");
            assertTells(output, "leaderMemberId=" + leader + ", memberId=" + member);
            for (final int id : shared.cluster().members()) {
                assertTells(output, "ingressEndpoint='" + shared.deployment().ingressEndpoint(id) + "'");
            }
        }
    }

    @Test
    void isLeaderIsTrueOnTheLeaderOnly() throws Exception {
        assertEquals(0, ClusterToolProcess.run(shared.deployment(), leader, "is-leader").exitCode());
        assertEquals(1, ClusterToolProcess.run(shared.deployment(), follower, "is-leader").exitCode());
    }

    @Test
    void errorsFindsTheServicesLogAndNothingInIt() throws Exception {
        final String output = tool(leader, "errors");
        assertTells(output, "Type: CONSENSUS_MODULE", "Aeron driver error log", "Type: CONTAINER");
        final String ofTheService = output.substring(output.indexOf("Type: CONTAINER"));
        assertFalse(ofTheService.contains("observations from"), output);
    }

    @Test
    void aSnapshotIsInEveryMembersPlan() throws Exception {
        final int instrument = shared.newInstrument();
        try (Participant participant = shared.newParticipant()) {
            participant.execute(NewOrder.limit(instrument, 1, Side.BUY, 1, 100));
            tool(leader, "snapshot");
            participant.execute(NewOrder.limit(instrument, 2, Side.BUY, 1, 100));
        }
        final Set<Long> positions = new HashSet<>();
        for (final int member : shared.cluster().members()) {
            final String plan = tool(member, "recovery-plan", "1");
            final Matcher snapshots = SNAPSHOT.matcher(plan);
            final Set<String> services = new HashSet<>();
            while (snapshots.find()) {
                positions.add(Long.parseLong(snapshots.group(1)));
                services.add(snapshots.group(2));
            }
            assertEquals(Set.of("-1", "0"), services, plan);
        }
        assertEquals(1, positions.size(), "all members' snapshots are of one log position");
        assertTells(
            tool(follower, "recording-log"), "logPosition=" + positions.iterator().next(), "serviceId=0, type=SNAPSHOT");
    }

    @Test
    void onlyTheLeaderStartsASnapshot() throws Exception {
        final ClusterToolProcess.Outcome outcome = ClusterToolProcess.run(shared.deployment(), follower, "snapshot");
        assertNotEquals(0, outcome.exitCode());
        assertTells(outcome.output(), "not the leader");
    }

    @Test
    void whatIsSuspendedResumes() throws Exception {
        final int instrument = shared.newInstrument();
        try (Participant participant = shared.newParticipant()) {
            tool(leader, "suspend");
            // The tool only asks for it.
            awaitState(ConsensusModule.State.SUSPENDED);
            try {
                participant.send(NewOrder.limit(instrument, 1, Side.BUY, 1, 100));
                final long untilNs = System.nanoTime() + SUSPENDED_NS;
                while (System.nanoTime() - untilNs < 0) {
                    participant.poll();
                    Thread.onSpinWait();
                }
                assertEquals(1, participant.unanswered(), "nothing is taken while it is suspended");
            } finally {
                tool(leader, "resume");
            }
            participant.await("the order is taken", () -> 0 == participant.unanswered());
        }
    }

    /** Waits until the leader's consensus module is in a state. */
    private void awaitState(final ConsensusModule.State state) {
        final Path folder = shared.deployment().memberAeronFolder(leader);
        final CountersReader counters = ClusterControl.mapCounters(folder.resolve(CncFileDescriptor.CNC_FILE).toFile());
        final int counter = ClusterCounters.find(counters, CONSENSUS_MODULE_STATE_TYPE_ID, 0);
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "the consensus module to be " + state);
        while (ConsensusModule.State.get(counters.getCounterValue(counter)) != state) {
            deadline.pause();
        }
    }
}
