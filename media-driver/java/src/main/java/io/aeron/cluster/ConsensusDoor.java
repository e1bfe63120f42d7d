package io.aeron.cluster;

import java.util.concurrent.ThreadFactory;
import org.agrona.concurrent.AgentRunner;

/**
 * Stands between a consensus module and the other members: lets a leader count only what is its own log ({@link SharedPositions}), and
 * gives a follower time to join that ({@link LogJoin}).
 *
 * <p>It is in Aeron's package, as what it stands before is visible there only. It replaces a private field of the pinned version; with
 * another version it fails at the start.
 */
public final class ConsensusDoor {
    private ConsensusDoor() {
    }

    /**
     * Gives a consensus module this door. Call it after everything else that sets the thread factory.
     *
     * @param context of a consensus module that is not launched yet.
     * @return the context.
     */
    public static ConsensusModule.Context guard(final ConsensusModule.Context context) {
        final ThreadFactory others = context.threadFactory();
        return context.threadFactory(runner -> {
            // The thread that polls the messages does not run yet.
            install((AgentRunner)runner);
            return null == others ? new Thread(runner) : others.newThread(runner);
        });
    }

    private static void install(final AgentRunner runner) {
        // The compiler has copied the version for which this is made.
        final String version = new ConsensusModuleVersion().toString();
        if (!ConsensusModuleVersion.VERSION.equals(version)) {
            throw new IllegalStateException(AgentFields.OTHER_VERSION + ": it is " + version + ", and not " + ConsensusModuleVersion.VERSION);
        }
        try {
            SharedPositions.install((ConsensusModuleAgent)runner.agent());
        } catch (final ReflectiveOperationException error) {
            throw new IllegalStateException(AgentFields.OTHER_VERSION, error);
        }
    }
}
