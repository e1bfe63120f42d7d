package io.lugus;

import io.aeron.ControlledFragmentAssembler;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.Header;
import org.agrona.DirectBuffer;
import org.agrona.collections.Int2IntCounterMap;

/**
 * Assembles messages of several fragments within bounds. Aeron's assembler keeps whatever comes without an end, up to 2 GB for each
 * publication, and a buffer for each publication from which a message came.
 */
final class BoundedAssembler extends ControlledFragmentAssembler {
    /** Number of longest messages that may be under assembly at once. */
    static final int LONGEST_MESSAGES = 32;

    private final Int2IntCounterMap lengths = new Int2IntCounterMap(0);
    private final int maximumLength;
    private final int maximumTotalLength;
    private final Runnable refusals;
    private int totalLength;

    /**
     * Makes an assembler.
     *
     * @param maximumLength of a message, in bytes.
     * @param refusals called for each message that is longer, or one too many.
     */
    BoundedAssembler(final ControlledFragmentHandler delegate, final int maximumLength, final Runnable refusals) {
        super(delegate);
        this.maximumLength = maximumLength;
        maximumTotalLength = Math.multiplyExact(maximumLength, LONGEST_MESSAGES);
        this.refusals = refusals;
    }

    @Override
    public Action onFragment(final DirectBuffer buffer, final int offset, final int length, final Header header) {
        final byte flags = header.flags();
        if (FrameDescriptor.UNFRAGMENTED == (flags & FrameDescriptor.UNFRAGMENTED)) {
            return super.onFragment(buffer, offset, length, header);
        }
        final int session = header.sessionId();
        if (FrameDescriptor.BEGIN_FRAG_FLAG == (flags & FrameDescriptor.BEGIN_FRAG_FLAG)) {
            freeSessionBuffer(session);
        } else if (0 == lengths.get(session)) {
            // The rest of a message that has no begin, or was refused.
            return Action.CONTINUE;
        }
        if (length > maximumLength - lengths.get(session) || length > maximumTotalLength - totalLength) {
            freeSessionBuffer(session);
            refusals.run();
            return Action.CONTINUE;
        }
        final Action action = super.onFragment(buffer, offset, length, header);
        if (Action.ABORT == action) {
            // The fragment comes again.
            return action;
        }
        if (FrameDescriptor.END_FRAG_FLAG == (flags & FrameDescriptor.END_FRAG_FLAG)) {
            freeSessionBuffer(session);
        } else {
            lengths.getAndAdd(session, length);
            totalLength += length;
        }
        return action;
    }

    @Override
    public boolean freeSessionBuffer(final int sessionId) {
        totalLength -= lengths.remove(sessionId);
        return super.freeSessionBuffer(sessionId);
    }

    @Override
    public void clear() {
        lengths.clear();
        totalLength = 0;
        super.clear();
    }
}
