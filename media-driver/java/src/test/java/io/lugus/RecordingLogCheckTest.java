package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.cluster.RecordingLog;
import io.aeron.cluster.client.ClusterException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordingLogCheckTest {
    private static final int ENTRY_LENGTH = 64;

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve(RecordingLog.RECORDING_LOG_FILE_NAME);
    }

    private String damage() throws IOException {
        return RecordingLogCheck.findDamage(folder.toFile());
    }

    /** Appends a term, as a member does that joins. */
    private void appendTerm(final long recordingId, final long termId) {
        try (RecordingLog log = new RecordingLog(folder.toFile(), true)) {
            log.appendTerm(recordingId, termId, 1_024 * termId, 1);
        }
    }

    private void cut(final long length) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file().toFile(), "rw")) {
            opened.setLength(length);
        }
    }

    @Test
    void whatAMemberWritesIsNotDamaged() throws IOException {
        assertNull(damage(), "a member that has never run");
        Files.createFile(file());
        assertNull(damage(), "one that was killed before it joined");
        appendTerm(0, 0);
        assertNull(damage());
        try (RecordingLog log = new RecordingLog(folder.toFile(), false)) {
            log.appendSnapshot(1, 0, 0, 512, 2, -1);
            log.appendSnapshot(2, 0, 0, 512, 2, 0);
            log.commitLogPosition(0, 1_024);
            log.appendStandbySnapshot(3, 0, 0, 608, 3, 0, "localhost:" + "9".repeat(100));
            assertTrue(log.invalidateLatestSnapshot());
        }
        appendTerm(0, 1);
        assertNull(damage());
        assertTrue(Files.size(file()) > 6 * ENTRY_LENGTH, "the entry with an endpoint is longer than others");
    }

    @Test
    void aFileThatEndsWithinAnEntryIsDamaged() throws IOException {
        appendTerm(0, 0);
        appendTerm(0, 1);
        for (int length = 2 * ENTRY_LENGTH - 1; length > 0; length--) {
            cut(length);
            final String damage = damage();
            assertEquals(ENTRY_LENGTH == length, null == damage, length + ": " + damage);
        }
    }

    /** What was seen under torture: the member takes itself for a new one, joins, and can never start again. */
    @Test
    void aeronItselfContinuesAFileThatWasCutAndCanNotReadItThen() throws IOException {
        appendTerm(0, 0);
        cut(8);
        assertTrue(damage().endsWith("the file ends within an entry, at byte 8"), damage());
        appendTerm(1, 0);
        assertThrows(ClusterException.class, () -> new RecordingLog(folder.toFile(), false));
        assertTrue(damage().endsWith("there is no entry at byte 0"), damage());
    }

    /** All bytes of an entry matter, but those of its time and the unused ones after its type. */
    @Test
    void aBentEntryIsDamaged() throws IOException {
        try (RecordingLog log = new RecordingLog(folder.toFile(), true)) {
            for (int term = 0; term < 3; term++) {
                log.appendTerm(0, term, 1_024L * term, 1);
            }
        }
        final byte[] whole = Files.readAllBytes(file());
        for (int i = 0; i < 32; i++) {
            final byte[] bent = whole.clone();
            // The highest bit of a field's lowest byte leaves a term and its recording what they could be.
            bent[ENTRY_LENGTH + i] ^= (byte)0x99;
            Files.write(file(), bent);
            final boolean isTermId = i >= Long.BYTES && i < 2 * Long.BYTES;
            assertTrue(null != damage() || isTermId, "byte " + i + " of the second entry");
        }
        for (int i = 40; i < 48; i++) {
            final byte[] bent = whole.clone();
            bent[ENTRY_LENGTH + i] ^= 0x19;
            Files.write(file(), bent);
            assertTrue(null != damage(), "byte " + i + " of the second entry");
        }
    }

    @Test
    void theDamageIsSaidInOneLine() throws IOException {
        appendTerm(0, 0);
        appendTerm(0, 1);
        try (RandomAccessFile opened = new RandomAccessFile(file().toFile(), "rw")) {
            opened.seek(ENTRY_LENGTH);
            opened.write(7);
        }
        assertTrue(damage().endsWith("invalid TERM recordingId=7, expected recordingId=0"), damage());
        assertFalse(damage().contains("\n"));
    }
}
