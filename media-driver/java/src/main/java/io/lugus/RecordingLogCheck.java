package io.lugus;

import io.aeron.Aeron;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.RecordingLog;
import io.aeron.logbuffer.FrameDescriptor;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.List;
import org.agrona.BitUtil;

/**
 * Checks the file in which a member keeps which recordings are its log and its snapshots, before Aeron reads it. Aeron takes a file
 * that was cut off within its only entry for that of a member that has nothing yet. It then appends the next entry where that one would
 * end, and cannot read what it finds before it at the next start, nor at any other.
 */
final class RecordingLogCheck {
    /** An entry begins at a multiple of this many bytes, and is written whole. Source: {@code RecordingLog}. */
    private static final int ENTRY_ALIGNMENT = 64;

    private RecordingLogCheck() {
    }

    /**
     * Looks at the file while the consensus module does not run.
     *
     * @param clusterDirectory directory of the consensus module.
     * @return what is damaged; null if nothing is, or there is no such file.
     * @throws IOException when the file can't be read.
     */
    static String findDamage(final File clusterDirectory) throws IOException {
        final File file = new File(clusterDirectory, RecordingLog.RECORDING_LOG_FILE_NAME);
        if (!file.exists()) {
            return null;
        }
        final String damage = findDamage(ByteBuffer.wrap(Files.readAllBytes(file.toPath())));
        if (null != damage) {
            return describe(file, damage);
        }
        try (RecordingLog log = new RecordingLog(clusterDirectory, false)) {
            final String wrong = findDamage(log.entries());
            return null == wrong ? null : describe(file, wrong);
        } catch (final RuntimeException error) {
            return describe(file, error.getMessage());
        }
    }

    /**
     * Looks for what no member writes. A term that is said to begin elsewhere would make others cut their logs off there.
     *
     * @param entries in the order of terms.
     */
    private static String findDamage(final List<RecordingLog.Entry> entries) {
        RecordingLog.Entry before = null;
        for (final RecordingLog.Entry entry : entries) {
            if (!isPossible(entry)) {
                return "entry " + entry.entryIndex + " of the file (the first one is 0) is none that a member writes";
            }
            if (entry.isValid && RecordingLog.ENTRY_TYPE_TERM == entry.type) {
                if (null != before && before.leadershipTermId + 1 == entry.leadershipTermId
                    && before.logPosition != entry.termBaseLogPosition) {
                    return "term " + before.leadershipTermId + " ends at position " + before.logPosition + ", and term "
                        + entry.leadershipTermId + " begins at position " + entry.termBaseLogPosition;
                }
                before = entry;
            }
        }
        return null;
    }

    private static boolean isPossible(final RecordingLog.Entry entry) {
        return switch (entry.type) {
            case RecordingLog.ENTRY_TYPE_TERM -> !entry.isValid
                || Aeron.NULL_VALUE == entry.serviceId && isPlace(entry)
                && (AeronArchive.NULL_POSITION == entry.logPosition || isPosition(entry.logPosition));
            case RecordingLog.ENTRY_TYPE_SNAPSHOT -> !entry.isValid
                || entry.serviceId >= ConsensusModule.Configuration.SERVICE_ID && isPlace(entry) && isPosition(entry.logPosition);
            case RecordingLog.ENTRY_TYPE_STANDBY_SNAPSHOT -> true;
            default -> false;
        };
    }

    private static boolean isPlace(final RecordingLog.Entry entry) {
        return entry.recordingId >= 0 && entry.leadershipTermId >= 0 && isPosition(entry.termBaseLogPosition);
    }

    /** Whether a frame can end there. */
    private static boolean isPosition(final long position) {
        return position >= 0 && BitUtil.isAligned(position, FrameDescriptor.FRAME_ALIGNMENT);
    }

    private static String describe(final File file, final String damage) {
        return "the list of the member's recordings is damaged (" + file + "): " + damage;
    }

    private static String findDamage(final ByteBuffer bytes) {
        final int length = bytes.limit();
        if (!BitUtil.isAligned(length, ENTRY_ALIGNMENT)) {
            return "the file ends within an entry, at byte " + length;
        }
        for (int offset = 0; offset < length; offset += ENTRY_ALIGNMENT) {
            if (isEmpty(bytes, offset)) {
                return "there is no entry at byte " + offset;
            }
        }
        return null;
    }

    /** Whether there are only zeros, which are no entry: that of a term has the service -1. */
    private static boolean isEmpty(final ByteBuffer bytes, final int offset) {
        for (int i = 0; i < ENTRY_ALIGNMENT; i += Long.BYTES) {
            if (0 != bytes.getLong(offset + i)) {
                return false;
            }
        }
        return true;
    }
}
