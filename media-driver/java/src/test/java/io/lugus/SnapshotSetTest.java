package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.RecordingLog;
import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots in a recording log of Aeron, and what of them is superfluous. */
final class SnapshotSetTest {
    private static final int LOG_STREAM = 100;
    private static final int SERVICE_STREAM = 106;
    private static final int MODULE_STREAM = 107;
    private static final int SERVICE = 0;
    private static final int MODULE = -1;
    private static final long LOG = 0;

    @TempDir
    private File folder;

    private RecordingLog log;
    private final Map<Long, ListedRecording> recordings = new TreeMap<>();

    @BeforeEach
    void open() {
        log = new RecordingLog(folder, true);
        log.appendTerm(LOG, 0, 0, 1);
        record(LOG, LOG_STREAM, AeronArchive.NULL_POSITION);
    }

    @AfterEach
    void close() {
        log.close();
    }

    private void record(final long id, final int stream, final long stop) {
        recordings.put(id, new ListedRecording(id, 0, stop, 1 << 17, 1 << 16, stream));
    }

    /** A snapshot with recordings `id` of the service and `id + 1` of the consensus module. */
    private void snapshot(final long id, final long position) {
        log.appendSnapshot(id, 0, 0, position, 10 * position, SERVICE);
        log.appendSnapshot(id + 1, 0, 0, position, 10 * position, MODULE);
        record(id, SERVICE_STREAM, 64);
        record(id + 1, MODULE_STREAM, 32);
    }

    private List<Long> positions() {
        return SnapshotSet.completeOf(log.entries(), 1).stream().map(SnapshotSet::position).toList();
    }

    private List<Long> superfluous(final long cut) {
        return LogPruning.superfluous(log.entries(), SnapshotSet.completeOf(log.entries(), 1), cut, recordings)
            .stream().map(ListedRecording::id).toList();
    }

    @Test
    void completeSnapshotsAreFoundTheNewestFirst() {
        assertEquals(List.of(), positions());
        snapshot(1, 100);
        snapshot(3, 200);
        log.appendSnapshot(5, 0, 0, 300, 3_000, SERVICE);
        final SnapshotSet newest = SnapshotSet.completeOf(log.entries(), 1).get(0);
        assertEquals(new SnapshotSet(200, 2_000, List.of(3L, 4L)), newest);
        assertEquals(List.of(200L, 100L), positions());
        assertEquals(List.of(), SnapshotSet.completeOf(log.entries(), 2), "a second service has none");
    }

    @Test
    void whatWasMadeInvalidIsNoneAndStaysSoForAMemberThatStarts() throws ReflectiveOperationException {
        snapshot(1, 100);
        snapshot(3, 200);
        LogPruning.invalidateBefore(log, 200);
        assertEquals(List.of(200L), positions());
        log.reload();
        assertEquals(List.of(200L), positions());
        assertEquals(4, log.getLatestSnapshot(MODULE).recordingId);
        assertNotNull(log.findTermEntry(0), "terms stay");
        LogPruning.invalidateBefore(log, 201);
        assertNull(log.getLatestSnapshot(MODULE));
    }

    @Test
    void olderRecordingsAreSuperfluousAndNoOthers() throws ReflectiveOperationException {
        snapshot(1, 100);
        snapshot(3, 200);
        snapshot(5, 300);
        assertEquals(List.of(1L, 2L), superfluous(200));
        LogPruning.invalidateBefore(log, 200);
        assertEquals(List.of(1L, 2L), superfluous(200), "also when their entries are invalid already");
        assertEquals(List.of(), superfluous(100));
        recordings.remove(1L);
        assertEquals(List.of(2L), superfluous(200), "what is purged already is not purged again");
    }

    @Test
    void aRecordingWithoutAnEntryIsSuperfluousIfItIsOlderThanWhatIsKept() {
        record(1, SERVICE_STREAM, 64);
        snapshot(2, 200);
        record(4, SERVICE_STREAM, 64);
        record(5, MODULE_STREAM, AeronArchive.NULL_POSITION);
        assertEquals(List.of(1L), superfluous(200), "a snapshot that is being taken has no entry yet");
    }

    @Test
    void aRecordingThatIsBeingWrittenAndTheLogAreNeverSuperfluous() {
        record(1, SERVICE_STREAM, AeronArchive.NULL_POSITION);
        record(2, LOG_STREAM, 1_000);
        snapshot(3, 200);
        snapshot(5, 300);
        assertEquals(List.of(3L, 4L), superfluous(300));
        assertFalse(superfluous(Long.MAX_VALUE).contains(LOG));
    }

    @Test
    void aLogThatBeginsAfterTheNewestSnapshotCannotBeApplied() {
        assertNull(LogStart.findGap(0, log));
        assertNotNull(LogStart.findGap(1 << 17, log), "an empty member has got a purged log");
        snapshot(1, 1 << 17);
        assertNull(LogStart.findGap(1 << 17, log));
        assertNotNull(LogStart.findGap(1 << 18, log));
    }
}
