package io.lugus.client;

import java.util.SplittableRandom;
import org.agrona.MutableDirectBuffer;

/**
 * Random commands about orders of 1 to 9 lots at prices around 100 ticks: new orders, cancels and replacements. An order's number is that of the
 * command that enters it, with the participant's above, so that a process needs to know nothing of earlier ones.
 */
final class OrderFlow {
    /** Cancels and replacements are about one of so many commands before. */
    private static final int RECENT = 8;

    private static final int LOWEST_PRICE = 97;
    private static final int HIGHEST_PRICE = 103;
    private static final int MAXIMUM_QUANTITY = 9;

    private final SplittableRandom random;
    private final long firstOrder;

    OrderFlow(final int participant, final long seed) {
        random = new SplittableRandom(seed);
        firstOrder = (long)participant << 32;
    }

    /** One of a number of things. */
    int below(final int count) {
        return random.nextInt(count);
    }

    /** Writes a command with this number in an instrument, and returns its length. */
    int next(final MutableDirectBuffer out, final int instrument, final long number) {
        final int kind = random.nextInt(100);
        final long fresh = firstOrder + number;
        final long recent = fresh - 1 - random.nextInt(RECENT);
        final long price = random.nextLong(LOWEST_PRICE, HIGHEST_PRICE + 1);
        final long quantity = random.nextLong(1, MAXIMUM_QUANTITY + 1);
        if (kind < 20) {
            return OrderEntry.encodeCancel(out, number, instrument, recent);
        }
        if (kind < 35) {
            return OrderEntry.encodeReplace(
                out, number, instrument, recent, random.nextBoolean() ? recent : fresh, price, quantity);
        }
        final int side = random.nextBoolean() ? OrderEntry.BUY : OrderEntry.SELL;
        final boolean isMarket = kind < 45;
        final boolean isImmediate = kind < 55;
        return OrderEntry.encodeNewOrder(
            out,
            number,
            instrument,
            fresh,
            side,
            isMarket ? OrderEntry.MARKET : OrderEntry.LIMIT,
            isImmediate ? OrderEntry.IMMEDIATE_OR_CANCEL : OrderEntry.GOOD_TILL_CANCEL,
            isMarket ? OrderEntry.NULL : price,
            quantity);
    }
}
