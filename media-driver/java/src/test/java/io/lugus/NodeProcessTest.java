package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

final class NodeProcessTest {
    @Test
    void aStoppedProcessIsToldFromOneThatRunsOrHasEnded() throws Exception {
        final Process process = new ProcessBuilder("sleep", "60").start();
        try {
            assertFalse(NodeProcess.isStopped(process.pid()));
            assertEquals(0, new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).start().waitFor());
            while (!NodeProcess.isStopped(process.pid())) {
                Thread.onSpinWait();
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertFalse(NodeProcess.isStopped(process.pid()));
    }
}
