package io.lugus.cluster;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A Lugus cluster of real member processes. It ends with this JVM even if it is not closed. */
final class LugusCluster implements AutoCloseable {
    private static final Path KEPT_LOGS = Path.of("target", "cluster-tests");
    private static final long END_TIMEOUT_S = 20;

    private final Deployment deployment;
    private final LugusProgram lugus;
    private final Map<Integer, Process> children = new HashMap<>();
    private boolean isClosed;

    LugusCluster(final Deployment deployment) {
        this.deployment = deployment;
        lugus = new LugusProgram(deployment.file());
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    }

    Deployment deployment() {
        return deployment;
    }

    LugusProgram lugus() {
        return lugus;
    }

    /** Starts each member as a child process of the test, which then learns how the member ends. */
    void startMembers() throws IOException {
        for (final int member : members()) {
            children.put(member, lugus.start(log(member), "node", "--member", Integer.toString(member)));
        }
        for (final int member : members()) {
            awaitOwner(member, children.get(member));
        }
    }

    private void awaitOwner(final int member, final Process child) throws IOException {
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "member " + member + " has its folder");
        while (child.pid() != owner(member)) {
            if (!child.isAlive()) {
                throw new AssertionError(Files.readString(log(member).toPath()));
            }
            deadline.pause();
        }
    }

    /** Ends members that {@code lugus up} started, and starts them as child processes of the test. */
    void adoptMembers() throws IOException, InterruptedException {
        for (final int member : members()) {
            final ProcessHandle process = living(member);
            if (process.pid() != children.get(member).pid()) {
                process.destroy();
                final Deadline deadline = Deadline.in(Deadline.LONG, () -> "member " + member + " ends when asked");
                while (isRunning(process)) {
                    deadline.pause();
                }
                children.put(member, lugus.start(log(member), "node", "--member", Integer.toString(member)));
                awaitOwner(member, children.get(member));
            }
        }
    }

    /** {@code lugus up}: starts the members that do not run, waits for a leader, defines the instruments. */
    List<Integer> up() throws IOException, InterruptedException {
        final var started = lugus.run("up").getAsJsonArray("started");
        return started.asList().stream().map(id -> id.getAsInt()).toList();
    }

    /** The processes of the members, in the order of their numbers, as {@link #startMembers()} started them. */
    List<Process> children() {
        return members().stream().map(children::get).toList();
    }

    ClusterStatus status() throws IOException, InterruptedException {
        return ClusterStatus.of(lugus.run("status"));
    }

    ClusterStatus awaitStatus(final String what, final Predicate<ClusterStatus> condition)
        throws IOException, InterruptedException {
        final ClusterStatus[] last = {status()};
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> what + ": " + last[0]);
        while (!condition.test(last[0])) {
            deadline.pause();
            last[0] = status();
        }
        return last[0];
    }

    /** Waits until all members follow one leader and have the same state. */
    ClusterStatus awaitWhole() throws IOException, InterruptedException {
        return awaitStatus("all members have the same state", ClusterStatus::isWhole);
    }

    List<Integer> members() {
        return IntStream.range(0, deployment.members()).boxed().toList();
    }

    /** Ends a member with SIGKILL, its media driver and its JVM with it. */
    void kill(final int member) {
        final ProcessHandle process = living(member);
        final List<ProcessHandle> tree = Stream.concat(Stream.of(process), process.descendants()).toList();
        tree.forEach(ProcessHandle::destroyForcibly);
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "member " + member + " is dead");
        while (tree.stream().anyMatch(LugusCluster::isRunning)) {
            deadline.pause();
        }
    }

    /** The process of a running member. */
    ProcessHandle living(final int member) {
        return running(member).orElseThrow(() -> new AssertionError("member " + member + " does not run"));
    }

    private Optional<ProcessHandle> running(final int member) {
        final String program = lugus.binary().toString();
        return ProcessHandle.of(owner(member))
            .filter(process -> process.info().command().filter(program::equals).isPresent());
    }

    /** Whether a process runs. One that ended, and that nobody waited for yet, is alive to Java, but has no program. */
    static boolean isRunning(final ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }

    /** Id of the process that last took the member's folder; 0 when none has. */
    private long owner(final int member) {
        try {
            return Long.parseLong(Files.readString(deployment.memberFolder(member).resolve("lock")).trim());
        } catch (final IOException | NumberFormatException error) {
            return 0;
        }
    }

    private File log(final int member) {
        return deployment.folder().resolve("member-" + member + ".log").toFile();
    }

    @Override
    public synchronized void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        try {
            lugus.run("down");
        } catch (final IOException | InterruptedException | AssertionError error) {
            System.err.println("lugus down: " + error.getMessage());
        }
        members().forEach(member -> running(member).ifPresent(process -> kill(member)));
        children.values().forEach(LugusCluster::end);
        try {
            keepLogs();
            delete(deployment.folder());
            delete(deployment.aeronFolder());
        } catch (final IOException error) {
            System.err.println("folders of the cluster: " + error);
        }
    }

    private static void end(final Process child) {
        try {
            if (!child.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                child.destroyForcibly();
            }
        } catch (final InterruptedException error) {
            child.destroyForcibly();
        }
    }

    private void keepLogs() throws IOException {
        final Path kept = KEPT_LOGS.resolve("port-" + deployment.basePort());
        delete(kept);
        try (Stream<Path> files = Files.walk(deployment.folder())) {
            final var logs = files.filter(file -> file.toString().endsWith(".log") && !file.endsWith("recording.log"));
            for (final Path log : logs.toList()) {
                final Path to = kept.resolve(deployment.folder().relativize(log));
                Files.createDirectories(to.getParent());
                Files.copy(log, to);
            }
        }
    }

    private static void delete(final Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
