package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lugus.cluster.Command.NewOrder;
import io.lugus.order.entry.RejectReason;
import io.lugus.order.entry.Side;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Numbers of commands and events: repeated commands, gaps, and events that a client missed. */
@Order(3)
@ExtendWith(SharedCluster.Resolver.class)
final class ExactlyOnceIT {
    private static List<Report> reports(final List<Message> messages) {
        return messages.stream()
            .filter(Message.Event.class::isInstance)
            .map(message -> ((Message.Event)message).report())
            .toList();
    }

    @Test
    void aRepeatIsAnsweredAgainAndNotDoneAgain(final SharedCluster shared) {
        final int instrument = shared.newInstrument();
        try (Participant maker = shared.newParticipant(); Participant taker = shared.newParticipant()) {
            maker.execute(NewOrder.limit(instrument, 1, Side.SELL, 10, 100));
            final NewOrder buy = NewOrder.limit(instrument, 1, Side.BUY, 3, 100);
            final long number = taker.execute(buy);
            final List<Report> answers = taker.events(instrument);
            assertEquals(2, answers.size());

            final int before = taker.received().size();
            taker.sendNumbered(buy, number);
            taker.sendNumbered(NewOrder.limit(instrument, 2, Side.BUY, 7, 100), number);
            final Message.ResumeComplete stand = taker.settle(instrument);

            final List<Report> again = reports(taker.received().subList(before, taker.received().size()));
            assertEquals(List.of(answers.get(0), answers.get(1), answers.get(0), answers.get(1)), again);
            assertEquals(new Message.ResumeComplete(number, 2, instrument), stand);
            maker.settle(instrument);
            assertEquals(2, maker.events(instrument).size(), "taken, and one fill");
        }
    }

    @Test
    void aHoleIsRejectedAndSaysWhatIsExpected(final SharedCluster shared) {
        final int instrument = shared.newInstrument();
        try (Participant participant = shared.newParticipant()) {
            final NewOrder order = NewOrder.limit(instrument, 1, Side.BUY, 1, 100);
            for (final long number : new long[] {2, 0, Long.MAX_VALUE}) {
                final Message.SequenceReject reject = participant.ask(
                    Message.SequenceReject.class, () -> order.encode(participant.buffer(), number));
                assertEquals(new Message.SequenceReject(number, 1, instrument), reject);
            }
            assertEquals(new Message.ResumeComplete(0, 0, instrument), participant.settle(instrument));
            participant.execute(order);
            new ExpectedEvents(participant, instrument).answer(1, new ExpectedOrder(order, 1).taken()).verify();
        }
    }

    @Test
    void aScopeThatCannotBeIsRefused(final SharedCluster shared) {
        try (Participant participant = shared.newParticipant()) {
            final NewOrder order = NewOrder.limit(4_000, 1, Side.BUY, 1, 100);
            final Message.CommandRefused refused =
                participant.ask(Message.CommandRefused.class, () -> order.encode(participant.buffer(), 1));
            assertEquals(new Message.CommandRefused(1, 4_000, RejectReason.UNKNOWN_INSTRUMENT), refused);
        }
    }

    @Test
    void aClientThatWasAwayGetsWhatItMissed(final SharedCluster shared) {
        final int instrument = shared.newInstrument();
        final NewOrder offer = NewOrder.limit(instrument, 1, Side.SELL, 10, 100);
        final int id;
        final List<Report> seen;
        try (Participant maker = shared.newParticipant()) {
            id = maker.id();
            maker.execute(offer);
            seen = maker.events(instrument);
        }
        try (Participant taker = shared.newParticipant()) {
            taker.execute(NewOrder.limit(instrument, 1, Side.BUY, 4, 100));
            taker.execute(NewOrder.limit(instrument, 2, Side.BUY, 6, 100));
        }
        try (Participant maker = shared.connect(id)) {
            assertEquals(new Message.ResumeComplete(1, 3, instrument), maker.resume(instrument, 1));
            final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
            o1.taken();
            final List<Report> missed = List.of(
                new Report(id, instrument, 2, 0, 0, o1.added(1, 4, 100)),
                new Report(id, instrument, 3, 0, 0, o1.added(2, 6, 100)));
            assertEquals(missed, maker.events(instrument).stream().map(Report::timeless).toList());

            maker.resume(instrument, 0);
            assertEquals(3, maker.events(instrument).size());
            assertEquals(seen.get(0), maker.events(instrument).get(0), "as it was told the first time");
            assertEquals(2, maker.execute(NewOrder.limit(instrument, 2, Side.SELL, 1, 100)), "numbers go on");
        }
    }
}
