package io.lugus.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A deployment on this machine, with ports and folders that no other deployment uses.
 *
 * @param folder folder of the deployment's file, state and logs.
 * @param aeronFolder folder of the directories of the deployment's media drivers, and of the tests' own driver.
 * @param basePort first of the deployment's ports.
 * @param members number of members.
 * @param more more of its file.
 */
record Deployment(Path folder, Path aeronFolder, int basePort, int members, String more) {
    /** Number of instruments, which are numbered from 1. Each test takes those that it trades for itself. */
    static final int INSTRUMENTS = 24;

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final int PORTS_OF_A_MEMBER = 7;
    private static final int ARCHIVE_PORT = 4;

    static Deployment create(final int firstPort, final int members, final String more) throws IOException {
        final int basePort = Integer.getInteger("lugus.base.port", 31000) + firstPort;
        final Path folder = Files.createTempDirectory("lugus-java-");
        final Path aeronFolder = Files.isDirectory(SHARED_MEMORY)
            ? Files.createTempDirectory(SHARED_MEMORY, "lugus-java-")
            : folder.resolve("aeron");
        final Deployment deployment = new Deployment(folder, aeronFolder, basePort, members, more);
        Files.writeString(deployment.file(), deployment.toml());
        return deployment;
    }

    Path file() {
        return folder.resolve("cluster.toml");
    }

    String ingressEndpoint(final int member) {
        return "127.0.0.1:" + port(member);
    }

    String archiveEndpoint(final int member) {
        return "127.0.0.1:" + (port(member) + ARCHIVE_PORT);
    }

    /** Ingress endpoints as Aeron's client takes them. */
    String ingressEndpoints(final List<Integer> ids) {
        return ids.stream().map(id -> id + "=" + ingressEndpoint(id)).collect(Collectors.joining(","));
    }

    Path memberFolder(final int member) {
        return folder.resolve("state/cluster-0/member-" + member);
    }

    Path memberAeronFolder(final int member) {
        return aeronFolder.resolve("cluster-0-member-" + member);
    }

    private int port(final int member) {
        return basePort + member * PORTS_OF_A_MEMBER;
    }

    /** The time-outs are long, so that a busy machine does not cause an election in the middle of a test. */
    private String toml() {
        return """
            dir = "state"
            aeron_dir = "%s"
            [timeouts]
            heartbeat_timeout = "2s"
            startup_canvass_timeout = "4s"
            service_progress_timeout = "4s"
            [supervision]
            restart = false
            [client]
            silence_timeout = "4s"
            [engine]
            retained_events = 16384
            """.formatted(aeronFolder) + more + """
            [[cluster]]
            id = 0
            """ + IntStream.range(0, members).mapToObj(this::member).collect(Collectors.joining())
            + IntStream.rangeClosed(1, INSTRUMENTS).mapToObj(Deployment::instrument).collect(Collectors.joining());
    }

    private String member(final int id) {
        return """
            [[cluster.member]]
            id = %d
            port = %d
            """.formatted(id, port(id));
    }

    private static String instrument(final int id) {
        return """
            [[instrument]]
            id = %d
            symbol = "JAVA%d/USDT"
            """.formatted(id, id);
    }
}
