package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.cluster.codecs.EventCode;
import io.lugus.cluster.Command.NewOrder;
import io.lugus.order.entry.Side;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A participant has one session, which is the newest. */
@Order(5)
@ExtendWith(SharedCluster.Resolver.class)
final class TakeoverIT {
    @Test
    void theOlderSessionIsToldAndClosed(final SharedCluster shared) {
        final int instrument = shared.newInstrument();
        final NewOrder offer = NewOrder.limit(instrument, 1, Side.SELL, 1, 100);
        try (Participant older = shared.newParticipant()) {
            older.execute(offer);
            try (Participant newer = shared.connect(older.id()); Participant taker = shared.newParticipant()) {
                older.await("the older session is closed", () -> older.cluster().isClosed());
                assertEquals(
                    new Message.SessionReplaced(older.id()), older.received().get(older.received().size() - 1));
                assertEquals(List.of(EventCode.CLOSED), older.sessionEvents());

                taker.execute(NewOrder.limit(instrument, 1, Side.BUY, 1, 100));
                newer.await("the fill", () -> !newer.events(instrument).isEmpty());
                newer.resume(instrument, 0);
                final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
                new ExpectedEvents(newer, instrument).answer(1, o1.taken()).tell(o1.added(1, 1, 100)).verify();
                assertEquals(2, newer.execute(NewOrder.limit(instrument, 2, Side.SELL, 1, 100)), "numbers go on");
                assertFalse(newer.cluster().isClosed());
                assertTrue(newer.sessionEvents().isEmpty());
            }
        }
    }
}
