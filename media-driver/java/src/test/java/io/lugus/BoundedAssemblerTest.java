package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.aeron.logbuffer.ControlledFragmentHandler.Action;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.Header;
import io.aeron.protocol.DataHeaderFlyweight;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

final class BoundedAssemblerTest {
    private static final int FRAGMENT = 1_024;
    private static final int MAXIMUM = 8 * FRAGMENT;
    private static final int TERM_LENGTH = 1 << 20;

    private final List<Integer> messages = new ArrayList<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private final Map<Integer, Integer> offsets = new HashMap<>();
    private Action next = Action.CONTINUE;
    private final BoundedAssembler assembler = new BoundedAssembler(
        (buffer, offset, length, header) -> {
            if (Action.ABORT != next) {
                messages.add(length);
            }
            return next;
        },
        MAXIMUM,
        refusals::incrementAndGet);

    /** Fragments of one publication, one after another. */
    private void send(final int session, final int flags, final int count) {
        for (int i = 0; i < count; i++) {
            assertNotEquals(Action.ABORT, fragment(session, flags));
            offsets.merge(session, frameLength(), Integer::sum);
        }
    }

    private static int frameLength() {
        return DataHeaderFlyweight.HEADER_LENGTH + FRAGMENT;
    }

    private Action fragment(final int session, final int flags) {
        final UnsafeBuffer term = new UnsafeBuffer(ByteBuffer.allocateDirect(frameLength()));
        final DataHeaderFlyweight frame = new DataHeaderFlyweight(term);
        frame.sessionId(session).termOffset(offsets.getOrDefault(session, 0));
        frame.flags((short)flags).frameLength(frameLength());
        final Header header = new Header(0, Integer.numberOfTrailingZeros(TERM_LENGTH));
        header.buffer(term);
        header.offset(0);
        return assembler.onFragment(term, DataHeaderFlyweight.HEADER_LENGTH, FRAGMENT, header);
    }

    private static final int BEGIN = FrameDescriptor.BEGIN_FRAG_FLAG & 0xFF;
    private static final int END = FrameDescriptor.END_FRAG_FLAG & 0xFF;
    private static final int WHOLE = BEGIN | END;

    @Test
    void theLongestMessageIsAssembledAndALongerOneIsNot() {
        send(1, WHOLE, 1);
        send(1, BEGIN, 1);
        send(1, 0, 6);
        send(1, END, 1);
        assertEquals(List.of(FRAGMENT, MAXIMUM), messages);
        send(1, BEGIN, 1);
        send(1, 0, 8);
        send(1, END, 1);
        assertEquals(2, messages.size());
        assertEquals(1, refusals.get());
        send(1, BEGIN, 1);
        send(1, END, 1);
        assertEquals(List.of(FRAGMENT, MAXIMUM, 2 * FRAGMENT), messages);
    }

    @Test
    void messagesWithoutAnEndHaveABoundTogether() {
        for (int session = 1; session <= 2 * BoundedAssembler.LONGEST_MESSAGES; session++) {
            send(session, BEGIN, 1);
            send(session, 0, 7);
        }
        // One refusal for each message that found no room.
        assertEquals(BoundedAssembler.LONGEST_MESSAGES, refusals.get());
        assembler.freeSessionBuffer(1);
        send(99, BEGIN, 1);
        send(99, END, 1);
        assertEquals(List.of(2 * FRAGMENT), messages);
    }

    @Test
    void aNewBeginTakesThePlaceOfAMessageWithoutAnEnd() {
        for (int i = 0; i < 100; i++) {
            send(1, BEGIN, 1);
            send(1, 0, 6);
        }
        send(1, END, 1);
        assertEquals(List.of(MAXIMUM), messages);
        assertEquals(0, refusals.get());
    }

    @Test
    void anEndThatIsHeldUpComesAgain() {
        send(1, BEGIN, 1);
        next = Action.ABORT;
        assertEquals(Action.ABORT, fragment(1, END));
        assertEquals(Action.ABORT, fragment(1, END));
        next = Action.CONTINUE;
        send(1, END, 1);
        assertEquals(List.of(2 * FRAGMENT), messages);
        assertEquals(0, refusals.get());
    }
}
