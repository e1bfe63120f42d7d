package io.lugus.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lugus.order.entry.ExecutionReportEncoder;
import io.lugus.order.entry.MessageHeaderEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers of commands and events, across losses, sessions and processes. */
final class ScopeTest {
    private static final int INSTRUMENT = 2;
    private static final long AGAIN = 1_000;
    private static final long PAUSE = 100;

    private final MutableDirectBuffer out = new ExpandableArrayBuffer(256);
    private Path path;
    private Journal journal;
    private Scope scope;

    @BeforeEach
    void begin(@TempDir final Path folder) throws IOException {
        path = folder.resolve("journal");
        journal = new Journal(path);
        scope = new Scope(INSTRUMENT, 2, AGAIN, PAUSE, journal, 0);
    }

    @AfterEach
    void end() throws IOException {
        journal.close();
    }

    private void command(final long nowNs) {
        scope.add(out, OrderEntry.encodeCancel(out, scope.nextNumber(), INSTRUMENT, 1), nowNs);
    }

    private void event(final long number, final long command, final long nowNs) {
        final MutableDirectBuffer in = new ExpandableArrayBuffer(256);
        final int length = MessageHeaderEncoder.ENCODED_LENGTH + new ExecutionReportEncoder()
            .wrapAndApplyHeader(in, 0, new MessageHeaderEncoder())
            .eventSequence(number).clientSequence(command).participantId(5).instrumentId(INSTRUMENT).encodedLength();
        scope.onEvent(in, 0, length, nowNs);
    }

    /** What the scope sends now: numbers of commands, and for a request the negative number of the last event less 1. */
    private List<Long> sent(final long nowNs) {
        final List<Long> sent = new ArrayList<>();
        for (int length = scope.next(out, nowNs); length > 0; length = scope.next(out, nowNs)) {
            final long number = OrderEntry.longAt(out, 0, 0);
            sent.add(OrderEntry.RESUME == OrderEntry.template(out, 0, length) ? -number - 1 : number);
            scope.sent(nowNs);
        }
        return sent;
    }

    private List<String> lines() throws IOException {
        return Files.readAllLines(path);
    }

    private long wrong() throws IOException {
        return lines().stream().filter(line -> line.startsWith("wrong")).count();
    }

    @Test
    void nothingIsSentBeforeTheClusterHasToldWhereTheScopeStands() {
        command(0);
        assertEquals(List.of(-1L), sent(0), "only the request");
        assertEquals(List.of(), sent(AGAIN - 1));
        assertEquals(List.of(-1L), sent(AGAIN), "again, as there was no answer");
        scope.onResumeComplete(0, 0, AGAIN);
        command(AGAIN);
        assertEquals(List.of(1L, 2L), sent(AGAIN));
        assertEquals(List.of(), sent(AGAIN), "each once");
    }

    @Test
    void aNewSessionAsksForTheEventsAndSendsWhatIsUnansweredAgain() throws IOException {
        scope.onResumeComplete(0, 0, 0);
        command(0);
        command(0);
        command(0);
        assertEquals(List.of(1L, 2L, 3L), sent(0));
        event(1, 1, 1);
        event(1, 1, 1);
        scope.begin(2);
        assertEquals(List.of(-2L), sent(2));
        event(2, 2, 3);
        scope.onResumeComplete(2, 2, 3);
        assertEquals(List.of(3L), sent(3));
        event(3, 3, 4);
        assertEquals(0, scope.unanswered());
        assertEquals(3, lines().stream().filter(line -> line.startsWith("event")).count(), "each event once");
        assertEquals(0, wrong());
    }

    @Test
    void aHoleAndSilenceAreAskedFor() {
        scope.onResumeComplete(0, 0, 0);
        command(0);
        sent(0);
        event(2, 0, 1);
        assertEquals(0, scope.lastEvent());
        assertEquals(List.of(-1L), sent(1));
        scope.onResumeComplete(1, 2, 1);
        assertFalse(scope.isCurrent(), "events were lost on the way");
        assertEquals(List.of(-1L), sent(1));
        event(1, 1, 2);
        event(2, 0, 2);
        scope.onResumeComplete(1, 2, 2);
        assertTrue(scope.isCurrent());
        command(2);
        sent(2);
        scope.check(2 + AGAIN);
        assertEquals(List.of(), sent(2 + AGAIN));
        scope.check(3 + AGAIN);
        assertEquals(List.of(-3L), sent(3 + AGAIN));
    }

    @Test
    void whatCannotBeIsTold() throws IOException {
        command(0);
        scope.onResumeComplete(2, 0, 0);
        assertEquals(2, wrong(), "a command that was never sent, and one without an event");
    }

    @Test
    void lostEventsLeaveCommandsOfWhichNothingElseIsKnown() throws IOException {
        command(0);
        command(0);
        scope.onEventGap(6, 1);
        assertEquals(List.of(-6L), sent(1));
        scope.onResumeComplete(1, 5, 2);
        assertEquals(1, scope.unanswered());
        assertEquals(List.of(2L), sent(2));
        assertEquals(0, wrong());
        assertTrue(lines().containsAll(List.of("gap 2 5", "applied 2 1")));
    }

    @Test
    void anInstrumentThatHasMovedIsAskedForAtTheOtherCluster() {
        scope.onResumeComplete(0, 0, 0);
        command(0);
        sent(0);
        scope.onMoved(1);
        assertEquals(1, scope.cluster());
        assertEquals(List.of(), sent(PAUSE));
        assertEquals(List.of(-1L), sent(1 + PAUSE));
        scope.onMoved(2 + PAUSE);
        assertEquals(0, scope.cluster());
    }

    @Test
    void theNextProcessGoesOnWhereAKilledOneEnded() throws IOException {
        scope.onResumeComplete(0, 0, 0);
        command(0);
        command(0);
        sent(0);
        event(1, 1, 1);
        final List<String> whole = lines();
        Files.writeString(path, "event 2 2 77 15", StandardOpenOption.APPEND);
        try (Journal next = new Journal(path)) {
            final List<String> read = new ArrayList<>();
            next.read(read::add);
            assertEquals(whole, read, "without the line that was not ended");
            next.process();
            assertEquals(whole.size() + 1, lines().size());
        }
        final Scope restored = new Scope(INSTRUMENT, 1, AGAIN, PAUSE, journal, 0);
        restored.restoreCommand(1, new byte[] {1});
        restored.restoreCommand(2, new byte[] {2});
        restored.restoreEvent(1, 1);
        assertEquals(3, restored.nextNumber());
        assertEquals(1, restored.lastEvent());
        restored.onResumeComplete(1, 1, 0);
        assertEquals(1, restored.next(out, 0));
        assertEquals(2, out.getByte(0), "the command that is unanswered");
    }
}
