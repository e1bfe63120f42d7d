package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** {@code lugus watch --json}: all participants' events, as the client in Rust decodes them. */
final class Watch implements AutoCloseable {
    private final Process process;
    private final Queue<JsonObject> events = new ConcurrentLinkedQueue<>();

    private Watch(final LugusCluster cluster) throws IOException {
        process = cluster.lugus().open(cluster.deployment().folder().resolve("watch.log").toFile(), "watch", "--raw");
        final Thread reader = new Thread(this::read, "watch");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts the command, and makes events with {@code probe} until the command shows the first. */
    static Watch start(final LugusCluster cluster, final Runnable probe) throws IOException {
        final Watch watch = new Watch(cluster);
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "lugus watch shows events");
        while (watch.events.isEmpty()) {
            probe.run();
            deadline.pause();
        }
        return watch;
    }

    private void read() {
        try (BufferedReader lines = process.inputReader()) {
            lines.lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).forEach(events::add);
        } catch (final IOException error) {
            // The process has ended.
        }
    }

    /** Asserts that the client in Rust got the same events of this instrument as the participant, field by field. */
    void assertSaw(final Participant participant, final int instrument) {
        final List<?> expected =
            participant.events(instrument).stream().map(report -> Json.exact(report.toJson())).toList();
        final Deadline deadline =
            Deadline.in(Deadline.LONG, () -> "lugus watch shows " + expected + ", has " + seen(participant, instrument));
        while (seen(participant, instrument).size() < expected.size()) {
            deadline.pause();
        }
        assertEquals(expected, seen(participant, instrument));
    }

    private List<?> seen(final Participant participant, final int instrument) {
        return events.stream()
            .filter(event -> participant.id() == event.get("participant").getAsInt())
            .filter(event -> instrument == event.get("instrument").getAsInt())
            .map(Json::exact)
            .toList();
    }

    @Override
    public void close() {
        process.destroy();
    }
}
