package io.lugus;

import io.aeron.Aeron;
import io.aeron.archive.checksum.Checksum;
import io.aeron.cluster.RecordingLog;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Checks what a member is going to start from: its latest snapshots, and its log from there on. What is damaged must end the
 * member before it comes to another state than the others, or leads.
 */
final class LogCheck {
    /** Ids of whom a member has snapshots: its consensus module and its service. */
    private static final int[] SNAPSHOT_OWNERS = {Aeron.NULL_VALUE, 0};

    /** A recording of the member, and what is checked of it. */
    private record Part(String name, Recording recording, long firstBase, long lastBase, SegmentCheck check) {
        private String findDamage(final long base) {
            final String damage = check.findDamage(base);
            return null == damage ? null : name + " is damaged at " + damage;
        }

        /** Whether the archive has purged the segment file that begins here. */
        private boolean isPurged(final long base) throws IOException {
            final Recording now = Recording.find(recording.directory(), recording.id());
            return null == now || now.startPosition() >= base + recording.segmentLength();
        }
    }

    private final List<Part> parts = new ArrayList<>();

    private LogCheck() {
    }

    /**
     * Finds what is to be checked, while the archive does not run.
     *
     * @param archiveDirectory directory of the archive.
     * @param clusterDirectory directory of the consensus module.
     * @param checksum checksum that the archive records with; null for none.
     * @return the check.
     * @throws IOException when the catalog can't be read.
     */
    static LogCheck of(final File archiveDirectory, final File clusterDirectory, final Checksum checksum)
        throws IOException {
        final LogCheck check = new LogCheck();
        if (new File(clusterDirectory, RecordingLog.RECORDING_LOG_FILE_NAME).exists()) {
            try (RecordingLog log = new RecordingLog(clusterDirectory, false)) {
                check.add(log, archiveDirectory, checksum);
            }
        }
        return check;
    }

    private void add(final RecordingLog log, final File archiveDirectory, final Checksum checksum) throws IOException {
        long snapshotPosition = 0;
        for (final int owner : SNAPSHOT_OWNERS) {
            final RecordingLog.Entry snapshot = log.getLatestSnapshot(owner);
            if (null != snapshot) {
                snapshotPosition = snapshot.logPosition;
                final String name = Aeron.NULL_VALUE == owner ? "the consensus module's snapshot" : "the service's snapshot";
                add(name, Recording.find(archiveDirectory, snapshot.recordingId), 0, checksum);
            }
        }
        add("the log", Recording.find(archiveDirectory, log.findLastTermRecordingId()), snapshotPosition, checksum);
    }

    private void add(final String name, final Recording recording, final long reached, final Checksum checksum) {
        if (null != recording) {
            final long first = recording.segmentBase(Math.max(reached, recording.startPosition()));
            final SegmentCheck check = new SegmentCheck(recording, reached, checksum);
            parts.add(new Part(name, recording, first, Math.max(first, check.lastBase()), check));
        }
    }

    /**
     * Checks the last segment file of each recording, to which the archive may write as soon as it runs.
     *
     * @return what is damaged; null if nothing is.
     */
    String findDamageAtEnds() {
        for (final Part part : parts) {
            final String damage = part.findDamage(part.lastBase);
            if (null != damage) {
                return damage;
            }
        }
        return null;
    }

    /**
     * Checks all other segment files in a thread of its own, which ends with the process: nobody writes to them, and a long log
     * must not keep the member from starting.
     *
     * @param onDamage gets what is damaged.
     */
    void findDamageBeforeEnds(final Consumer<String> onDamage) {
        final Thread thread = new Thread(() -> {
            try {
                final String damage = damageBeforeEnds();
                if (null != damage) {
                    onDamage.accept(damage);
                }
            } catch (final IOException error) {
                throw new UncheckedIOException(error);
            }
        }, "log-check");
        thread.setDaemon(true);
        thread.start();
    }

    private String damageBeforeEnds() throws IOException {
        for (final Part part : parts) {
            for (long base = part.firstBase; base < part.lastBase; base += part.recording.segmentLength()) {
                final String damage = part.findDamage(base);
                // The archive runs meanwhile, and may purge what a newer snapshot makes superfluous.
                if (null != damage && !part.isPurged(base)) {
                    return damage;
                }
            }
        }
        return null;
    }
}
