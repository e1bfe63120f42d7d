package io.lugus;

import static io.aeron.logbuffer.FrameDescriptor.FRAME_ALIGNMENT;
import static io.aeron.protocol.DataHeaderFlyweight.HEADER_LENGTH;

import io.aeron.archive.checksum.Checksum;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.LogBufferDescriptor;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.HeaderFlyweight;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Checks the frames of a recording, a segment file at a time: each header by where it stands, and each payload by the checksum
 * that the archive wrote in place of the session id.
 *
 * <p>Aeron's replay checks only payloads. With a bent length of a frame it waits for ever, and with a bent type it spins; a
 * recording whose end nobody knows it takes to end where a length is bent.
 */
final class SegmentCheck {
    /** Longer than any frame but padding, of which only the header is recorded. */
    private static final int WINDOW_LENGTH = 1 << 20;

    private final Recording recording;
    private final Checksum checksum;
    private final long reached;
    private final long lastBase;
    private final ByteBuffer bytes = BufferUtil.allocateDirectAligned(WINDOW_LENGTH, FRAME_ALIGNMENT);
    private final UnsafeBuffer window = new UnsafeBuffer(bytes);
    private long windowOffset;
    private int windowLength;

    /**
     * Makes a check.
     *
     * @param recording the recording.
     * @param reached position that the recording is known to have reached.
     * @param checksum checksum of the payloads; null to check only headers.
     */
    SegmentCheck(final Recording recording, final long reached, final Checksum checksum) {
        this.recording = recording;
        this.checksum = checksum;
        this.reached = recording.hasKnownEnd() ? Math.max(reached, recording.stopPosition()) : reached;
        lastBase = recording.lastSegmentBase();
    }

    /** Position of the first byte of the last segment file that there was when this check was made. */
    long lastBase() {
        return lastBase;
    }

    /**
     * Checks a segment file, up to the end of the recording or of the file.
     *
     * @param base position of the file's first byte.
     * @return what is damaged, and where; null if nothing is.
     */
    String findDamage(final long base) {
        final File file = recording.segment(base);
        windowLength = 0;
        try (FileChannel channel = FileChannel.open(file.toPath(), StandardOpenOption.READ)) {
            return findDamage(channel, base, file);
        } catch (final IOException error) {
            return Math.max(base, recording.startPosition()) < reached ? file + " can't be read: " + error : null;
        }
    }

    private String findDamage(final FileChannel channel, final long base, final File file) throws IOException {
        final boolean mayEndHere = base == lastBase;
        final long end = mayEndHere && recording.hasKnownEnd() ? recording.stopPosition() : base + recording.segmentLength();
        long position = Math.max(base, recording.startPosition());
        while (position < end) {
            final String fault = fault(channel, position, base);
            if (null != fault) {
                final boolean isEnd = mayEndHere && position >= reached && isEnd(channel, position, base);
                return isEnd ? null : "position " + position + " (byte " + (position - base) + " of " + file + "): " + fault;
            }
            position += alignedLength(position - base);
        }
        return position >= reached || !mayEndHere
            ? null
            : "position " + position + ": the recording ends, and has had " + reached + " bytes";
    }

    /**
     * Whether a recording whose end is not known ends with the faulty frame at this position: a killed archive may have written
     * a part of it. Nothing may follow.
     */
    private boolean isEnd(final FileChannel channel, final long position, final long base) throws IOException {
        if (channel.size() < recording.segmentLength()) {
            // The archive makes a file in its full length.
            return false;
        }
        final long offset = position - base;
        final boolean hasHeader = load(channel, offset, HEADER_LENGTH) >= HEADER_LENGTH;
        if (!hasHeader || null != lengthFault(position, base)) {
            return isEmpty(channel, offset, Long.MAX_VALUE);
        }
        // A length that is bent may cover other frames.
        final int length = alignedLength(offset);
        for (int i = FRAME_ALIGNMENT; i < length; i += FRAME_ALIGNMENT) {
            if (load(channel, offset + i, HEADER_LENGTH) >= HEADER_LENGTH && null == headerFault(position + i, base)) {
                return false;
            }
        }
        return isEmpty(channel, offset + length, Long.MAX_VALUE);
    }

    /** What is wrong with the frame at this position; null if nothing is. */
    private String fault(final FileChannel channel, final long position, final long base) throws IOException {
        if (load(channel, position - base, HEADER_LENGTH) < HEADER_LENGTH) {
            return "the file ends";
        }
        final String headerFault = headerFault(position, base);
        if (null != headerFault) {
            return headerFault;
        }
        final int length = alignedLength(position - base);
        if (isPadding(position - base)) {
            final long offset = position - base;
            final boolean isEmpty = isEmpty(channel, offset + HEADER_LENGTH, offset + length);
            load(channel, offset, HEADER_LENGTH);
            return isEmpty ? null : "padding has a content";
        }
        if (load(channel, position - base, length) < length) {
            return "the file ends in a frame of " + length + " bytes";
        }
        final int offset = offset(position - base);
        if (null != checksum
            && FrameDescriptor.frameSessionId(window, offset)
                != checksum.compute(window.addressOffset(), offset + HEADER_LENGTH, length - HEADER_LENGTH)) {
            return "the checksum of a frame of " + length + " bytes is wrong";
        }
        return null;
    }

    private String headerFault(final long position, final long base) {
        final String lengthFault = lengthFault(position, base);
        if (null != lengthFault) {
            return lengthFault;
        }
        final int offset = offset(position - base);
        final int termId = LogBufferDescriptor.computeTermIdFromPosition(
            position, LogBufferDescriptor.positionBitsToShift(recording.termLength()), recording.initialTermId());
        if (termOffset(position) != window.getInt(offset + DataHeaderFlyweight.TERM_OFFSET_FIELD_OFFSET)
            || termId != window.getInt(offset + DataHeaderFlyweight.TERM_ID_FIELD_OFFSET)
            || recording.streamId() != window.getInt(offset + DataHeaderFlyweight.STREAM_ID_FIELD_OFFSET)
            || HeaderFlyweight.CURRENT_VERSION != FrameDescriptor.frameVersion(window, offset)) {
            return "this is not the header of the frame that belongs here";
        }
        final int type = FrameDescriptor.frameType(window, offset);
        if (HeaderFlyweight.HDR_TYPE_PAD != type && HeaderFlyweight.HDR_TYPE_DATA != type) {
            return "a frame can't have the type " + type;
        }
        return null;
    }

    private String lengthFault(final long position, final long base) {
        final int length = FrameDescriptor.frameLength(window, offset(position - base));
        final int rest = recording.termLength() - termOffset(position);
        final boolean isPossible = length >= HEADER_LENGTH && length <= rest
            && (isPadding(position - base) || length <= WINDOW_LENGTH);
        return isPossible ? null : "a frame can't have a length of " + length;
    }

    private boolean isPadding(final long fileOffset) {
        return HeaderFlyweight.HDR_TYPE_PAD == FrameDescriptor.frameType(window, offset(fileOffset));
    }

    private int alignedLength(final long fileOffset) {
        return BitUtil.align(FrameDescriptor.frameLength(window, offset(fileOffset)), FRAME_ALIGNMENT);
    }

    private int termOffset(final long position) {
        return (int)(position & (recording.termLength() - 1));
    }

    /** Whether the file has only zeros, or ends, from an offset up to another. */
    private boolean isEmpty(final FileChannel channel, final long from, final long to) throws IOException {
        long offset = from;
        while (offset < to) {
            final int available = (int)Math.min(load(channel, offset, WINDOW_LENGTH), to - offset);
            if (0 == available) {
                return true;
            }
            final int first = offset(offset);
            for (int i = first; i < first + available; i++) {
                if (0 != window.getByte(i)) {
                    return false;
                }
            }
            offset += available;
        }
        return true;
    }

    private int offset(final long fileOffset) {
        return (int)(fileOffset - windowOffset);
    }

    /** Reads so that the window has this many bytes from the offset on, or all that the file has; returns how many it has. */
    private int load(final FileChannel channel, final long fileOffset, final int wanted) throws IOException {
        final long known = windowOffset + windowLength - fileOffset;
        if (fileOffset >= windowOffset && known >= wanted) {
            return (int)known;
        }
        bytes.clear();
        windowOffset = fileOffset;
        while (bytes.hasRemaining() && channel.read(bytes, fileOffset + bytes.position()) > 0) {
            // The next read goes on where this one ended.
        }
        windowLength = bytes.position();
        return windowLength;
    }
}
