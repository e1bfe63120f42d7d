package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.lugus.cluster.Command.NewOrder;
import io.lugus.order.entry.ExecType;
import io.lugus.order.entry.Side;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The leader is killed in the middle of a flow of orders, and the flow continues: no command is lost or executed twice. */
@Order(6)
@ExtendWith(SharedCluster.Resolver.class)
final class FailOverIT {
    private static final int COMMANDS = 2_000;
    private static final int WINDOW = 64;
    private static final long PRICE = 100;

    @Test
    void everyCommandIsAnsweredExactlyOnce(final SharedCluster shared) throws Exception {
        final int instrument = shared.newInstrument();
        final int killed = shared.cluster().awaitWhole().leader();
        try (Participant seller = shared.newParticipant(); Participant buyer = shared.newParticipant()) {
            flow(seller, buyer, instrument, 1, COMMANDS / 2);
            assertNotEquals(0, seller.unanswered() + buyer.unanswered(), "the kill hits commands on their way");
            shared.cluster().kill(killed);
            flow(seller, buyer, instrument, COMMANDS / 2 + 1, COMMANDS);

            for (final Participant participant : List.of(seller, buyer)) {
                assertEquals(new Message.ResumeComplete(COMMANDS, eventsOf(participant, instrument), instrument),
                    participant.settle(instrument));
                assertFalse(participant.newLeaders().isEmpty(), "onNewLeader");
                assertNotEquals(killed, participant.newLeaders().get(participant.newLeaders().size() - 1));
                assertAnsweredOnce(participant, instrument);
            }

            assertEquals(List.of(killed), shared.cluster().up());
            final ClusterStatus status = shared.cluster().awaitWhole();
            assertNotEquals(killed, status.leader());
            seller.execute(new Command.Cancel(instrument, 1));
            shared.cluster().awaitWhole();
        }
    }

    /** One participant sells and the other buys a lot at a time, with several commands unanswered. */
    private static void flow(
        final Participant seller, final Participant buyer, final int instrument, final int from, final int to) {
        for (int number = from; number <= to; number++) {
            seller.await("room for one more", () -> seller.unanswered() < WINDOW);
            seller.send(NewOrder.limit(instrument, number, Side.SELL, 1, PRICE));
            buyer.await("room for one more", () -> buyer.unanswered() < WINDOW);
            buyer.send(NewOrder.limit(instrument, number, Side.BUY, 1, PRICE));
        }
    }

    private static long eventsOf(final Participant participant, final int instrument) {
        participant.settle(instrument);
        return participant.events(instrument).size();
    }

    /** Checks that each order was accepted once and filled once, and that the cluster keeps the events that the client got. */
    private static void assertAnsweredOnce(final Participant participant, final int instrument) {
        final List<Report> events = participant.events(instrument);
        final List<Long> all = LongStream.rangeClosed(1, COMMANDS).boxed().toList();
        assertEquals(all, orders(events, ExecType.NEW));
        assertEquals(all, orders(events, ExecType.TRADE));
        assertEquals(2 * COMMANDS, events.size());
        participant.resume(instrument, 0);
        assertEquals(events, participant.events(instrument));
    }

    private static List<Long> orders(final List<Report> events, final ExecType execType) {
        return events.stream()
            .map(event -> (Report.Execution)event.body())
            .filter(execution -> execType == execution.execType())
            .map(Report.Execution::clientOrderId)
            .sorted()
            .collect(Collectors.toList());
    }
}
