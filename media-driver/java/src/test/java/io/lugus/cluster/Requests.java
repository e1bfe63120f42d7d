package io.lugus.cluster;

import io.lugus.market.data.BookType;
import io.lugus.market.data.MarketDataRequestEncoder;
import io.lugus.order.entry.DropCopyRequestEncoder;
import io.lugus.order.entry.MessageHeaderEncoder;
import io.lugus.order.entry.ResumeEncoder;
import org.agrona.MutableDirectBuffer;

/** Requests, which change nothing and have no number, encoded with the generated codecs. All return their length. */
final class Requests {
    private Requests() {
    }

    /** Asks for the events after the last one seen, and then for the numbers that the scope has reached. */
    static int resume(final MutableDirectBuffer buffer, final int instrument, final long lastEventSequence) {
        return MessageHeaderEncoder.ENCODED_LENGTH + new ResumeEncoder()
            .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
            .lastEventSequence(lastEventSequence)
            .instrumentId(instrument)
            .encodedLength();
    }

    /** Asks for the numbers that the scope has reached. */
    static int resume(final MutableDirectBuffer buffer, final int instrument) {
        return resume(buffer, instrument, ResumeEncoder.lastEventSequenceNullValue());
    }

    /** Asks for drop copies: all participants' events of an instrument. */
    static int dropCopy(final MutableDirectBuffer buffer, final int instrument) {
        return MessageHeaderEncoder.ENCODED_LENGTH + new DropCopyRequestEncoder()
            .wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder())
            .instrumentId(instrument)
            .encodedLength();
    }

    /** Asks for the book. */
    static int book(final MutableDirectBuffer buffer, final long requestId, final int instrument, final int depth) {
        return MessageHeaderEncoder.ENCODED_LENGTH + new MarketDataRequestEncoder()
            .wrapAndApplyHeader(buffer, 0, new io.lugus.market.data.MessageHeaderEncoder())
            .requestId(requestId)
            .bidsAfter(MarketDataRequestEncoder.bidsAfterNullValue())
            .offersAfter(MarketDataRequestEncoder.offersAfterNullValue())
            .instrumentId(instrument)
            .marketDepth(depth)
            .bookType(BookType.LEVELS)
            .encodedLength();
    }
}
