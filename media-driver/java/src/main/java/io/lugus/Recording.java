package io.lugus;

import io.aeron.archive.client.AeronArchive;
import io.aeron.archive.codecs.CatalogHeaderDecoder;
import io.aeron.archive.codecs.RecordingDescriptorDecoder;
import io.aeron.archive.codecs.RecordingDescriptorHeaderDecoder;
import io.aeron.archive.codecs.RecordingState;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.stream.Stream;
import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A recording as the catalog of an archive describes it, read without the archive: it may not run yet.
 *
 * @param directory directory of the archive.
 * @param id number of the recording.
 * @param startPosition position of its first frame.
 * @param stopPosition position after its last frame; {@link AeronArchive#NULL_POSITION} if nobody knows it, because the
 *     archive was killed while it recorded.
 * @param initialTermId term id of position 0.
 * @param segmentLength length of a segment file.
 * @param termLength length of a term.
 * @param streamId stream that was recorded.
 */
record Recording(
    File directory,
    long id,
    long startPosition,
    long stopPosition,
    int initialTermId,
    int segmentLength,
    int termLength,
    int streamId) {

    private static final String CATALOG = "archive.catalog";
    private static final String SEGMENT_SUFFIX = ".rec";

    /** Length of the descriptors in catalogs that do not say their alignment. */
    private static final int OLD_ALIGNMENT = 1_024;

    /** The recording with this number, or null if the archive has none, or has deleted it. */
    static Recording find(final File directory, final long id) throws IOException {
        final File file = new File(directory, CATALOG);
        if (!file.exists()) {
            return null;
        }
        final UnsafeBuffer catalog = new UnsafeBuffer(Files.readAllBytes(file.toPath()));
        final CatalogHeaderDecoder header = new CatalogHeaderDecoder()
            .wrap(catalog, 0, CatalogHeaderDecoder.BLOCK_LENGTH, CatalogHeaderDecoder.SCHEMA_VERSION);
        final RecordingDescriptorHeaderDecoder entry = new RecordingDescriptorHeaderDecoder();
        final int alignment = 0 == header.alignment() ? OLD_ALIGNMENT : header.alignment();
        int offset = 0 == header.alignment() ? OLD_ALIGNMENT : CatalogHeaderDecoder.BLOCK_LENGTH;
        while (offset + RecordingDescriptorHeaderDecoder.BLOCK_LENGTH < catalog.capacity()) {
            entry.wrap(
                catalog,
                offset,
                RecordingDescriptorHeaderDecoder.BLOCK_LENGTH,
                RecordingDescriptorHeaderDecoder.SCHEMA_VERSION);
            final int length = entry.length();
            final int descriptorOffset = offset + RecordingDescriptorHeaderDecoder.BLOCK_LENGTH;
            if (length <= 0 || length > catalog.capacity() - descriptorOffset) {
                return null;
            }
            final RecordingDescriptorDecoder descriptor = new RecordingDescriptorDecoder().wrap(
                catalog,
                descriptorOffset,
                RecordingDescriptorDecoder.BLOCK_LENGTH,
                RecordingDescriptorDecoder.SCHEMA_VERSION);
            if (id == descriptor.recordingId() && RecordingState.VALID == entry.state()) {
                return new Recording(
                    directory,
                    id,
                    descriptor.startPosition(),
                    descriptor.stopPosition(),
                    descriptor.initialTermId(),
                    descriptor.segmentFileLength(),
                    descriptor.termBufferLength(),
                    descriptor.streamId());
            }
            offset += BitUtil.align(RecordingDescriptorHeaderDecoder.BLOCK_LENGTH + length, alignment);
        }
        return null;
    }

    /** Whether the archive has noted where the recording ends. */
    boolean hasKnownEnd() {
        return AeronArchive.NULL_POSITION != stopPosition;
    }

    /** Position of the first byte of the segment file that has this position. */
    long segmentBase(final long position) {
        return AeronArchive.segmentFileBasePosition(startPosition, position, termLength, segmentLength);
    }

    /**
     * Position of the first byte of the last segment file. As the archive does it, the last one is the last that there is when
     * nobody knows where the recording ends.
     */
    long lastSegmentBase() {
        if (hasKnownEnd()) {
            return segmentBase(stopPosition);
        }
        final String prefix = id + "-";
        final String[] names = directory.list((folder, name) -> name.matches(prefix + "\\d{1,18}\\" + SEGMENT_SUFFIX));
        return Stream.of(null == names ? new String[0] : names)
            .mapToLong(name -> Long.parseLong(name.substring(prefix.length(), name.length() - SEGMENT_SUFFIX.length())))
            .max()
            .orElse(segmentBase(startPosition));
    }

    /** The segment file that begins at this position. */
    File segment(final long base) {
        return new File(directory, id + "-" + base + SEGMENT_SUFFIX);
    }
}
