package io.lugus;

import io.aeron.Aeron;
import io.aeron.archive.Archive;
import io.aeron.archive.checksum.Checksum;
import io.aeron.archive.checksum.Checksums;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.RecordingLog;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.HighResolutionClock;

/**
 * Purges what a member's {@link LogRetention} does not keep. The entries of old snapshots become invalid in the recording log
 * before their recordings go, so that a member that is killed in between starts from what is there.
 */
final class LogPruning {
    /**
     * What was purged.
     *
     * @param freedBytes length of the purged recordings and segment files, as far as they were written.
     * @param keptFrom log position at which the log begins.
     * @param reason why no more was purged, for people.
     */
    record Pruned(long freedBytes, long keptFrom, String reason) {
    }

    private final LogRetention retention;
    private final ConsensusModule.Context context;
    private final ConsensusThread consensus;
    private final OtherMembers others;
    private final PrintStream out;

    LogPruning(
        final LogRetention retention,
        final ConsensusModule.Context context,
        final ConsensusThread consensus,
        final OtherMembers others,
        final PrintStream out) {
        this.retention = retention;
        this.context = context;
        this.consensus = consensus;
        this.others = others;
        this.out = out;
    }

    /**
     * Purges what may go now. It connects to the archives of all members, and reads the snapshots that are kept.
     *
     * @throws TimeoutException when the consensus module does not come to it.
     */
    Pruned prune(final Aeron aeron) throws IOException, InterruptedException, TimeoutException {
        final List<RecordingLog.Entry> entries = consensus.call(() -> List.copyOf(context.recordingLog().entries()));
        final long log = logOf(entries);
        try (AeronArchive archive = MemberArchives.ofThisMember(aeron)) {
            final Map<Long, ListedRecording> recordings = new TreeMap<>();
            ListedRecording.forEach(archive, recording -> recordings.put(recording.id(), recording));
            final ListedRecording logRecording = recordings.get(log);
            if (null == logRecording) {
                return new Pruned(0, 0, "there is no log");
            }
            final List<SnapshotSet> usable = usable(SnapshotSet.completeOf(entries, context.serviceCount()), recordings);
            final LogRetention.Decision decision = retention.decide(
                usable.stream().map(set -> new LogRetention.Snapshot(set.position(), set.timeNs())).toList(),
                HighResolutionClock.epochNanos(),
                others.recordedPositions(aeron).stream().mapToLong(Long::longValue).min().orElse(Long.MAX_VALUE));
            if (LogRetention.NOTHING_GOES == decision.cut()) {
                return new Pruned(0, logRecording.startPosition(), decision.reason());
            }
            consensus.call(() -> {
                invalidateBefore(context.recordingLog(), decision.cut());
                context.recordingLog().force(context.fileSyncLevel());
                return null;
            });
            long freed = purgeSnapshots(archive, superfluous(entries, usable, decision.cut(), recordings));
            final long start = purgeLog(archive, logRecording, decision.cut());
            freed += start - logRecording.startPosition();
            return new Pruned(freed, start, decision.reason());
        }
    }

    private static long logOf(final List<RecordingLog.Entry> entries) {
        long log = Aeron.NULL_VALUE;
        for (final RecordingLog.Entry entry : entries) {
            if (RecordingLog.ENTRY_TYPE_TERM == entry.type && entry.isValid) {
                log = entry.recordingId;
            }
        }
        return log;
    }

    /**
     * The snapshots whose recordings are in the archive, of which as many of the newest as are kept at least are read and found
     * whole.
     */
    private List<SnapshotSet> usable(final List<SnapshotSet> newestFirst, final Map<Long, ListedRecording> recordings)
        throws IOException {
        final List<SnapshotSet> usable = new ArrayList<>();
        for (final SnapshotSet set : newestFirst) {
            boolean isUsable = true;
            for (final long id : set.recordings()) {
                final ListedRecording recording = recordings.get(id);
                isUsable &= null != recording && recording.hasEnded();
            }
            if (isUsable && (usable.size() >= retention.snapshots() || isWhole(set))) {
                usable.add(set);
            }
        }
        return usable;
    }

    private boolean isWhole(final SnapshotSet set) throws IOException {
        final String checksumName = Archive.Configuration.replayChecksum();
        final Checksum checksum = null == checksumName ? null : Checksums.newInstance(checksumName);
        for (final long id : set.recordings()) {
            final Recording recording = Recording.find(new File(Archive.Configuration.archiveDirName()), id);
            if (null == recording) {
                return false;
            }
            final SegmentCheck check = new SegmentCheck(recording, recording.stopPosition(), checksum);
            for (long base = recording.segmentBase(recording.startPosition()); base <= check.lastBase();
                base += recording.segmentLength()) {
                final String damage = check.findDamage(base);
                if (null != damage) {
                    out.println("warning: the snapshot of log position " + set.position() + " is damaged at " + damage
                        + "; older ones are kept");
                    return false;
                }
            }
        }
        return true;
    }

    /** Makes the entries of snapshots before a log position invalid. Only the consensus module's thread may do so. */
    static void invalidateBefore(final RecordingLog log, final long cut) throws ReflectiveOperationException {
        // Aeron's own way to make one entry invalid, which it does not offer to others. The version of Aeron is pinned.
        final Method invalidate = RecordingLog.class.getDeclaredMethod("invalidateEntry", int.class);
        invalidate.setAccessible(true);
        final List<RecordingLog.Entry> entries = log.entries();
        for (int i = 0; i < entries.size(); i++) {
            final RecordingLog.Entry entry = entries.get(i);
            if (SnapshotSet.isSnapshot(entry) && entry.isValid && entry.logPosition < cut) {
                invalidate.invoke(log, i);
            }
        }
    }

    /**
     * The recordings of snapshots that are not kept: those of older entries, and those that no entry has, because the member was
     * killed while it took or purged a snapshot.
     */
    static List<ListedRecording> superfluous(
        final List<RecordingLog.Entry> entries,
        final List<SnapshotSet> usable,
        final long cut,
        final Map<Long, ListedRecording> recordings) {
        final Set<Long> kept = new HashSet<>();
        final Set<Long> dropped = new HashSet<>();
        for (final RecordingLog.Entry entry : entries) {
            (SnapshotSet.isSnapshot(entry) && entry.logPosition < cut ? dropped : kept).add(entry.recordingId);
        }
        final Set<Integer> streams = new HashSet<>();
        long oldestKept = Long.MAX_VALUE;
        for (final SnapshotSet set : usable) {
            for (final long id : set.position() < cut ? List.<Long>of() : set.recordings()) {
                oldestKept = Math.min(oldestKept, id);
                streams.add(recordings.get(id).streamId());
            }
        }
        final List<ListedRecording> superfluous = new ArrayList<>();
        for (final ListedRecording recording : recordings.values()) {
            final boolean isLost = streams.contains(recording.streamId()) && recording.id() < oldestKept;
            if (!kept.contains(recording.id())
                && recording.hasEnded()
                && (isLost || dropped.contains(recording.id()))) {
                superfluous.add(recording);
            }
        }
        return superfluous;
    }

    private static long purgeSnapshots(final AeronArchive archive, final List<ListedRecording> superfluous) {
        long freed = 0;
        for (final ListedRecording recording : superfluous) {
            archive.purgeRecording(recording.id());
            freed += recording.stopPosition() - recording.startPosition();
        }
        return freed;
    }

    /** Purges the segment files of the log that end before a position, and returns where the log begins then. */
    private static long purgeLog(final AeronArchive archive, final ListedRecording log, final long cut) {
        final long base = AeronArchive.segmentFileBasePosition(
            log.startPosition(), cut, log.termLength(), log.segmentLength());
        final boolean isRecorded = log.hasEnded()
            || AeronArchive.NULL_POSITION != archive.getRecordingPosition(log.id());
        if (base <= log.startPosition() || !isRecorded) {
            return log.startPosition();
        }
        archive.purgeSegments(log.id(), base);
        return base;
    }
}
