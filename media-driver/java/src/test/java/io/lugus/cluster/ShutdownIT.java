package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code ClusterTool shutdown} ends the shared cluster. */
@Order(100)
@ExtendWith(SharedCluster.Resolver.class)
final class ShutdownIT {
    private static final long TIMEOUT_S = 30;

    @Test
    void allMembersEndByThemselves(final SharedCluster shared) throws Exception {
        shared.cluster().adoptMembers();
        final int leader = shared.cluster().awaitWhole().leader();
        final List<Process> members = shared.cluster().children();
        final List<ProcessHandle> parts = members.stream().flatMap(Process::descendants).toList();

        final ClusterToolProcess.Outcome outcome = ClusterToolProcess.run(shared.deployment(), leader, "shutdown");
        assertEquals(0, outcome.exitCode(), outcome.output());
        for (final Process member : members) {
            assertTrue(member.waitFor(TIMEOUT_S, TimeUnit.SECONDS), "it ends");
            assertEquals(0, member.exitValue());
        }
        assertEquals(List.of(), parts.stream().filter(LugusCluster::isRunning).toList(), "nothing is left behind");
    }
}
