package io.lugus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The node, which started this process and runs the service of the member. */
final class NodeProcess {
    /** Property with the id of the node's process. */
    static final String PROPERTY = "lugus.node.pid";

    private NodeProcess() {
    }

    /** Kills the node, and with it all processes of the member. Does nothing if the node is not this process's parent. */
    static void kill() {
        node().ifPresent(ProcessHandle::destroyForcibly);
    }

    /** Kills the node if it is stopped (SIGSTOP): then it cannot notice that this process ends, and would stay. */
    static void killIfStopped() {
        if (node().filter(node -> isStopped(node.pid())).isPresent()) {
            kill();
        }
    }

    private static Optional<ProcessHandle> node() {
        final long pid = Long.getLong(PROPERTY, -1);
        return ProcessHandle.current().parent().filter(parent -> parent.pid() == pid);
    }

    /** Whether a process is stopped by a signal. */
    static boolean isStopped(final long pid) {
        try {
            // The state follows the name in parentheses, which may contain any character.
            final String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            return stat.startsWith(") T", stat.lastIndexOf(')'));
        } catch (final IOException gone) {
            return false;
        }
    }
}
