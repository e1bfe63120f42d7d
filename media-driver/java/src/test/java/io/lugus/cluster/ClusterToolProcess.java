package io.lugus.cluster;

import io.aeron.Aeron;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Aeron's {@code ClusterTool}, as a process on a member's host. */
final class ClusterToolProcess {
    private static final long TIMEOUT_S = 30;

    private ClusterToolProcess() {
    }

    /** Exit code and output of the tool. */
    record Outcome(int exitCode, String output) {
    }

    static Outcome run(final Deployment deployment, final int member, final String... arguments)
        throws IOException, InterruptedException {
        final Path output = deployment.folder().resolve("cluster-tool.log");
        final List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-Daeron.dir=" + deployment.memberAeronFolder(member),
            "-Daeron.archive.control.channel=aeron:udp?endpoint=" + deployment.archiveEndpoint(member),
            "-Daeron.archive.control.response.channel=aeron:udp?endpoint=127.0.0.1:0",
            "-cp", jar(), "io.aeron.cluster.ClusterTool",
            deployment.memberFolder(member).resolve("cluster").toString()));
        command.addAll(List.of(arguments));
        final Process process =
            new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("ClusterTool " + String.join(" ", arguments) + " does not end");
        }
        return new Outcome(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    }

    private static String jar() {
        return Path.of(Aeron.class.getProtectionDomain().getCodeSource().getLocation().getPath()).toString();
    }
}
