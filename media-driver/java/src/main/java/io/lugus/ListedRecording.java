package io.lugus;

import io.aeron.archive.client.AeronArchive;
import java.util.function.Consumer;

/**
 * A recording as a running archive lists it.
 *
 * @param id number of the recording.
 * @param startPosition position of its first frame.
 * @param stopPosition position after its last frame; {@link AeronArchive#NULL_POSITION} while it is recorded.
 * @param segmentLength length of a segment file.
 * @param termLength length of a term.
 * @param streamId stream that was recorded.
 */
record ListedRecording(long id, long startPosition, long stopPosition, int segmentLength, int termLength, int streamId) {
    /** Greatest number of recordings in one answer of an archive. */
    private static final int COUNT = 1_000;

    /** Whether the recording has ended. */
    boolean hasEnded() {
        return AeronArchive.NULL_POSITION != stopPosition;
    }

    /** Gives all recordings of an archive to the consumer, the oldest first. */
    static void forEach(final AeronArchive archive, final Consumer<ListedRecording> consumer) {
        final long[] next = {0};
        int found;
        do {
            found = archive.listRecordings(
                next[0],
                COUNT,
                (session, correlation, id, startTime, stopTime, start, stop, initialTerm, segmentLength, termLength, mtu,
                    sessionId, streamId, channel, originalChannel, source) -> {
                    next[0] = id + 1;
                    consumer.accept(new ListedRecording(id, start, stop, segmentLength, termLength, streamId));
                });
        } while (COUNT == found);
    }
}
