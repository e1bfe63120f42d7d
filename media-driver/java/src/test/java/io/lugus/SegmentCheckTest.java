package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.archive.checksum.Checksum;
import io.aeron.archive.checksum.Checksums;
import io.aeron.archive.client.AeronArchive;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.HeaderFlyweight;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SegmentCheckTest {
    private static final int TERM_LENGTH = 1 << 16;
    private static final int SEGMENT_LENGTH = 2 * TERM_LENGTH;
    private static final int INITIAL_TERM_ID = 7;
    private static final int STREAM_ID = 100;
    private static final int FRAME_LENGTH = 128;
    private static final Checksum CHECKSUM = Checksums.crc32c();

    /** One segment file and ten frames; the last term of the first file ends with padding. */
    private static final long END = SEGMENT_LENGTH + 10 * FRAME_LENGTH;

    /** A frame in the second file. */
    private static final long MIDDLE = SEGMENT_LENGTH + 5 * FRAME_LENGTH;

    @TempDir
    private Path folder;

    @BeforeEach
    void record() throws IOException {
        for (long base = 0; base < END; base += SEGMENT_LENGTH) {
            try (RandomAccessFile file = new RandomAccessFile(segment(base), "rw")) {
                file.setLength(SEGMENT_LENGTH);
            }
        }
        for (long position = 0; position < END; position += FRAME_LENGTH) {
            final boolean isPadding = position == SEGMENT_LENGTH - FRAME_LENGTH;
            final ByteBuffer bytes = BufferUtil.allocateDirectAligned(FRAME_LENGTH, 32);
            final DataHeaderFlyweight frame = new DataHeaderFlyweight(bytes);
            for (int i = DataHeaderFlyweight.HEADER_LENGTH; i < FRAME_LENGTH && !isPadding; i++) {
                frame.putByte(i, (byte)(position / FRAME_LENGTH + i));
            }
            frame.version(HeaderFlyweight.CURRENT_VERSION)
                .flags(DataHeaderFlyweight.BEGIN_AND_END_FLAGS)
                .headerType(isPadding ? HeaderFlyweight.HDR_TYPE_PAD : HeaderFlyweight.HDR_TYPE_DATA)
                .frameLength(FRAME_LENGTH);
            final int payload = FRAME_LENGTH - DataHeaderFlyweight.HEADER_LENGTH;
            final int checksum = CHECKSUM.compute(frame.addressOffset(), DataHeaderFlyweight.HEADER_LENGTH, payload);
            frame.termOffset((int)(position % TERM_LENGTH))
                .sessionId(isPadding ? 0 : checksum)
                .streamId(STREAM_ID)
                .termId(INITIAL_TERM_ID + (int)(position / TERM_LENGTH));
            write(position, bytes);
        }
    }

    @Test
    void whatIsWholeIsNotDamaged() {
        for (final long stop : new long[] {END, AeronArchive.NULL_POSITION}) {
            assertNull(check(stop, 0).findDamage(0));
            assertNull(check(stop, END).findDamage(SEGMENT_LENGTH));
        }
    }

    @Test
    void eachByteThatMattersIsChecked() throws IOException {
        for (int i = 0; i < FRAME_LENGTH; i++) {
            // The checksum does not cover the flags and the reserved value.
            final boolean matters = i != DataHeaderFlyweight.FLAGS_FIELD_OFFSET
                && (i < DataHeaderFlyweight.RESERVED_VALUE_OFFSET || i >= DataHeaderFlyweight.HEADER_LENGTH);
            if (matters) {
                bend(MIDDLE + i);
                for (final long stop : new long[] {END, AeronArchive.NULL_POSITION}) {
                    final String damage = check(stop, 0).findDamage(SEGMENT_LENGTH);
                    assertNotNull(damage, "byte " + i + ", stop position " + stop);
                    assertTrue(damage.startsWith("position " + MIDDLE + " (byte 640 of "), damage);
                }
                bend(MIDDLE + i);
            }
        }
        write(MIDDLE + DataHeaderFlyweight.TYPE_FIELD_OFFSET, ByteBuffer.allocateDirect(2));
        assertNotNull(check(END, 0).findDamage(SEGMENT_LENGTH), "a frame that has become padding");
        bend(40);
        assertTrue(check(AeronArchive.NULL_POSITION, 0).findDamage(0).startsWith("position 0 "), "a file before the last");
    }

    @Test
    void withoutChecksumsHeadersAreChecked() throws IOException {
        bend(MIDDLE + 40);
        assertNull(new SegmentCheck(recording(END), 0, null).findDamage(SEGMENT_LENGTH));
        bend(MIDDLE + DataHeaderFlyweight.TYPE_FIELD_OFFSET);
        assertNotNull(new SegmentCheck(recording(END), 0, null).findDamage(SEGMENT_LENGTH));
    }

    @Test
    void theLastFrameOfAKilledArchiveMayBeWrittenInPart() throws IOException {
        write(END - 64, ByteBuffer.allocateDirect(64));
        assertNull(check(AeronArchive.NULL_POSITION, 0).findDamage(SEGMENT_LENGTH));
        assertNotNull(check(END, 0).findDamage(SEGMENT_LENGTH), "the archive had written all of it");
        assertNotNull(check(AeronArchive.NULL_POSITION, END).findDamage(SEGMENT_LENGTH), "a snapshot is at its end");
    }

    @Test
    void aRecordingMustReachItsSnapshot() throws IOException {
        assertNotNull(check(AeronArchive.NULL_POSITION, END + FRAME_LENGTH).findDamage(SEGMENT_LENGTH));
        assertNotNull(check(END, END + FRAME_LENGTH).findDamage(SEGMENT_LENGTH));
    }

    @Test
    void aFileThatIsShorterOrMissingIsDamage() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment(SEGMENT_LENGTH), "rw")) {
            file.setLength(5 * FRAME_LENGTH);
        }
        assertNotNull(check(END, 0).findDamage(SEGMENT_LENGTH));
        assertNotNull(check(AeronArchive.NULL_POSITION, 0).findDamage(SEGMENT_LENGTH));
        Files.delete(segment(0).toPath());
        assertNotNull(check(END, END).findDamage(0));
        assertEquals(SEGMENT_LENGTH, recording(AeronArchive.NULL_POSITION).lastSegmentBase());
    }

    private SegmentCheck check(final long stopPosition, final long reached) {
        return new SegmentCheck(recording(stopPosition), reached, CHECKSUM);
    }

    private Recording recording(final long stopPosition) {
        return new Recording(
            folder.toFile(), 3, 0, stopPosition, INITIAL_TERM_ID, SEGMENT_LENGTH, TERM_LENGTH, STREAM_ID);
    }

    private File segment(final long base) {
        return recording(END).segment(base);
    }

    private void write(final long position, final ByteBuffer bytes) throws IOException {
        final long base = position - position % SEGMENT_LENGTH;
        try (RandomAccessFile file = new RandomAccessFile(segment(base), "rw")) {
            file.getChannel().write(bytes, position - base);
        }
    }

    private void bend(final long position) throws IOException {
        final long base = position - position % SEGMENT_LENGTH;
        try (RandomAccessFile file = new RandomAccessFile(segment(base), "rw")) {
            file.seek(position - base);
            final int old = file.read();
            file.seek(position - base);
            file.write(old ^ 0x5a);
        }
    }
}
