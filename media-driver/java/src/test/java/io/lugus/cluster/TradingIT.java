package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.lugus.cluster.Command.Cancel;
import io.lugus.cluster.Command.MassCancel;
import io.lugus.cluster.Command.NewOrder;
import io.lugus.cluster.Command.Replace;
import io.lugus.cluster.Command.SetKillSwitch;
import io.lugus.order.entry.KillSwitch;
import io.lugus.order.entry.MassCancelSide;
import io.lugus.order.entry.OrderStatus;
import io.lugus.order.entry.RejectReason;
import io.lugus.order.entry.Side;
import io.lugus.order.entry.TimeInForce;
import java.io.IOException;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Orders lead to exactly the expected events, and the client in Rust gets the same events. */
@Order(2)
@ExtendWith(SharedCluster.Resolver.class)
final class TradingIT {
    private static Participant probe;
    private static Watch watch;

    private int instrument;
    private Participant maker;
    private Participant taker;

    @BeforeAll
    static void watch(final SharedCluster shared) throws IOException {
        probe = shared.newParticipant();
        final int probed = shared.newInstrument();
        watch = Watch.start(shared.cluster(), () -> probe.execute(new Cancel(probed, 1)));
    }

    @AfterAll
    static void end() {
        watch.close();
        probe.close();
    }

    @BeforeEach
    void connect(final SharedCluster shared) {
        instrument = shared.newInstrument();
        maker = shared.newParticipant();
        taker = shared.newParticipant();
    }

    @AfterEach
    void theRustClientGotTheSame() {
        for (final Participant participant : List.of(maker, taker)) {
            for (final int scope : List.of(0, instrument)) {
                participant.settle(scope);
                watch.assertSaw(participant, scope);
            }
            participant.close();
        }
    }

    private ExpectedEvents of(final Participant participant) {
        return new ExpectedEvents(participant, instrument);
    }

    @Test
    void partialAndFullFillsByPriceAndTime() {
        final NewOrder far = NewOrder.limit(instrument, 1, Side.SELL, 10, 101);
        final NewOrder first = NewOrder.limit(instrument, 2, Side.SELL, 5, 100);
        final NewOrder second = NewOrder.limit(instrument, 3, Side.SELL, 5, 100);
        maker.execute(far);
        maker.execute(first);
        maker.execute(second);
        final NewOrder sweep = NewOrder.limit(instrument, 1, Side.BUY, 12, 101);
        taker.execute(sweep);

        final ExpectedOrder o1 = new ExpectedOrder(far, 1);
        final ExpectedOrder o2 = new ExpectedOrder(first, 2);
        final ExpectedOrder o3 = new ExpectedOrder(second, 3);
        final ExpectedOrder o4 = new ExpectedOrder(sweep, 4);
        of(maker).answer(1, o1.taken()).answer(2, o2.taken()).answer(3, o3.taken())
            .tell(o2.added(1, 5, 100)).tell(o3.added(2, 5, 100)).tell(o1.added(3, 2, 101)).verify();
        of(taker).answer(1, o4.taken())
            .answer(1, o4.removed(1, 5, 100)).answer(1, o4.removed(2, 5, 100)).answer(1, o4.removed(3, 2, 101)).verify();
    }

    @Test
    void aMarketOrderTakesWhatIsThere() {
        final NewOrder offer = NewOrder.limit(instrument, 1, Side.SELL, 4, 100);
        maker.execute(offer);
        final NewOrder market = NewOrder.market(instrument, 1, Side.BUY, 6);
        taker.execute(market);

        final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
        final ExpectedOrder o2 = new ExpectedOrder(market, 2);
        of(maker).answer(1, o1.taken()).tell(o1.added(1, 4, 100)).verify();
        of(taker).answer(1, o2.taken()).answer(1, o2.removed(1, 4, 100))
            .answer(1, o2.canceled(RejectReason.NO_LIQUIDITY)).verify();
    }

    @Test
    void theRestOfAnImmediateOrderIsCanceled() {
        final NewOrder offer = NewOrder.limit(instrument, 1, Side.SELL, 4, 100);
        maker.execute(offer);
        final NewOrder immediate = NewOrder.limit(instrument, 1, Side.BUY, 10, 100).with(TimeInForce.IOC);
        taker.execute(immediate);

        final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
        final ExpectedOrder o2 = new ExpectedOrder(immediate, 2);
        of(maker).answer(1, o1.taken()).tell(o1.added(1, 4, 100)).verify();
        of(taker).answer(1, o2.taken()).answer(1, o2.removed(1, 4, 100))
            .answer(1, o2.canceled(RejectReason.NO_LIQUIDITY)).verify();
    }

    @Test
    void aCanceledOrderTradesNoMore() {
        final NewOrder offer = NewOrder.limit(instrument, 7, Side.SELL, 4, 100);
        maker.execute(offer);
        maker.execute(new Cancel(instrument, 7));
        maker.execute(new Cancel(instrument, 7));
        final NewOrder bid = NewOrder.limit(instrument, 1, Side.BUY, 4, 100);
        taker.execute(bid);

        final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
        of(maker).answer(1, o1.taken()).answer(2, o1.canceled(RejectReason.NONE))
            .answer(3, new Report.CancelReject(7, 0, RejectReason.TOO_LATE_TO_CANCEL, OrderStatus.CANCELED)).verify();
        of(taker).answer(1, new ExpectedOrder(bid, 2).taken()).verify();
    }

    @Test
    void aDecreaseKeepsThePriorityAndAnIncreaseLosesIt() {
        final NewOrder decreased = NewOrder.limit(instrument, 1, Side.SELL, 5, 100);
        final NewOrder increased = NewOrder.limit(instrument, 2, Side.SELL, 5, 100);
        final NewOrder untouched = NewOrder.limit(instrument, 3, Side.SELL, 5, 100);
        maker.execute(decreased);
        maker.execute(increased);
        maker.execute(untouched);
        maker.execute(new Replace(instrument, 2, 22, 6, 100));
        maker.execute(new Replace(instrument, 1, 1, 3, 100));
        maker.execute(new Replace(instrument, 2, 23, 7, 100));
        final NewOrder sweep = NewOrder.limit(instrument, 1, Side.BUY, 10, 100);
        taker.execute(sweep);

        final ExpectedOrder o1 = new ExpectedOrder(decreased, 1);
        final ExpectedOrder o2 = new ExpectedOrder(increased, 2);
        final ExpectedOrder o3 = new ExpectedOrder(untouched, 3);
        final ExpectedOrder o4 = new ExpectedOrder(sweep, 4);
        of(maker).answer(1, o1.taken()).answer(2, o2.taken()).answer(3, o3.taken())
            .answer(4, o2.replaced(22, 6, 100)).answer(5, o1.replaced(1, 3, 100))
            .answer(6, new Report.CancelReject(2, 23, RejectReason.UNKNOWN_ORDER, OrderStatus.REJECTED))
            .tell(o1.added(1, 3, 100)).tell(o3.added(2, 5, 100)).tell(o2.added(3, 2, 100)).verify();
        of(taker).answer(1, o4.taken())
            .answer(1, o4.removed(1, 3, 100)).answer(1, o4.removed(2, 5, 100)).answer(1, o4.removed(3, 2, 100)).verify();
    }

    @Test
    void whatIsNotTakenIsRejectedWithItsReason() {
        final NewOrder offer = NewOrder.limit(instrument, 1, Side.SELL, 5, 100);
        maker.execute(offer);
        final NewOrder crossing = NewOrder.limit(instrument, 1, Side.BUY, 5, 100).asPostOnly();
        final NewOrder nothing = NewOrder.limit(instrument, 2, Side.BUY, 0, 100);
        final NewOrder nameless = NewOrder.limit(instrument, 0, Side.BUY, 1, 100);
        final NewOrder unpriced = NewOrder.limit(instrument, 3, Side.BUY, 1, Long.MAX_VALUE);
        final NewOrder resting = NewOrder.limit(instrument, 4, Side.BUY, 5, 99).asPostOnly();
        final NewOrder again = NewOrder.limit(instrument, 4, Side.BUY, 5, 99);
        final NewOrder endless = NewOrder.limit(instrument, 5, Side.BUY, 5, 99).with(TimeInForce.GTD);
        for (final NewOrder order : List.of(crossing, nothing, nameless, unpriced, resting, again, endless)) {
            taker.execute(order);
        }
        taker.execute(new SetKillSwitch(maker.id(), KillSwitch.ENGAGED));

        of(maker).answer(1, new ExpectedOrder(offer, 1).taken()).verify();
        of(taker).answer(1, ExpectedOrder.rejected(crossing, RejectReason.POST_ONLY_WOULD_TRADE))
            .answer(2, ExpectedOrder.rejected(nothing, RejectReason.INVALID_QUANTITY))
            .answer(3, ExpectedOrder.rejected(nameless, RejectReason.INVALID_CLIENT_ORDER_ID))
            .answer(4, ExpectedOrder.rejected(unpriced, RejectReason.INVALID_PRICE))
            .answer(5, new ExpectedOrder(resting, 2).taken())
            .answer(6, ExpectedOrder.rejected(again, RejectReason.DUPLICATE_CLIENT_ORDER_ID))
            .answer(7, ExpectedOrder.rejected(endless, RejectReason.INVALID_EXPIRE_TIME)).verify();
        new ExpectedEvents(taker, 0)
            .answer(1, new Report.Reject(Report.CommandKind.SET_KILL_SWITCH, RejectReason.NOT_AUTHORISED)).verify();
    }

    @Test
    void aMassCancelEndsASide() {
        final NewOrder bid1 = NewOrder.limit(instrument, 1, Side.BUY, 1, 90);
        final NewOrder offer = NewOrder.limit(instrument, 2, Side.SELL, 2, 110);
        final NewOrder bid2 = NewOrder.limit(instrument, 3, Side.BUY, 3, 91);
        maker.execute(bid1);
        maker.execute(offer);
        maker.execute(bid2);
        maker.execute(new MassCancel(instrument, maker.id(), MassCancelSide.BUY));
        maker.execute(new MassCancel(instrument, maker.id(), MassCancelSide.BOTH));
        taker.execute(new MassCancel(instrument, maker.id(), MassCancelSide.BOTH));

        final ExpectedOrder o1 = new ExpectedOrder(bid1, 1);
        final ExpectedOrder o2 = new ExpectedOrder(offer, 2);
        final ExpectedOrder o3 = new ExpectedOrder(bid2, 3);
        of(maker).answer(1, o1.taken()).answer(2, o2.taken()).answer(3, o3.taken())
            .answer(4, o1.canceled(RejectReason.MASS_CANCEL)).answer(4, o3.canceled(RejectReason.MASS_CANCEL))
            .answer(4, new Report.MassCancel(maker.id(), 2))
            .answer(5, o2.canceled(RejectReason.MASS_CANCEL)).answer(5, new Report.MassCancel(maker.id(), 1)).verify();
        of(taker)
            .answer(1, new Report.Reject(Report.CommandKind.MASS_CANCEL, RejectReason.NOT_AUTHORISED)).verify();
    }

    @Test
    void theBookIsTheOneThatTheRustClientGets(final SharedCluster shared) throws Exception {
        maker.execute(NewOrder.limit(instrument, 1, Side.BUY, 1, 98));
        maker.execute(NewOrder.limit(instrument, 2, Side.BUY, 2, 99));
        taker.execute(NewOrder.limit(instrument, 1, Side.BUY, 3, 99));
        taker.execute(NewOrder.limit(instrument, 2, Side.SELL, 4, 101));
        final Message.Book book =
            taker.ask(Message.Book.class, () -> Requests.book(taker.buffer(), 77, instrument, 10));
        final List<Message.Level> bids = List.of(new Message.Level(99, 5, 2), new Message.Level(98, 1, 1));
        assertEquals(new Message.Book(77, instrument, bids, List.of(new Message.Level(101, 4, 1))), book);
        final Message.Book best =
            taker.ask(Message.Book.class, () -> Requests.book(taker.buffer(), 78, instrument, 1));
        assertEquals(bids.subList(0, 1), best.bids());
        assertEquals(
            new Message.BookReject(79, 4_000),
            taker.ask(Message.BookReject.class, () -> Requests.book(taker.buffer(), 79, 4_000, 10)));

        final JsonObject printed = shared.cluster().lugus().run("book", "--instrument", Integer.toString(instrument));
        assertEquals(book.bids(), levels(printed, "bids"));
        assertEquals(book.offers(), levels(printed, "offers"));
    }

    private static List<Message.Level> levels(final JsonObject book, final String side) {
        return StreamSupport.stream(book.getAsJsonArray(side).spliterator(), false)
            .map(JsonElement::getAsJsonObject)
            .map(level -> Json.GSON.fromJson(level, Message.Level.class))
            .toList();
    }

    @Test
    void tradesWithARustClient(final SharedCluster shared) throws Exception {
        final NewOrder offer = NewOrder.limit(instrument, 1, Side.SELL, 5, 100);
        maker.execute(offer);
        shared.cluster().lugus().run(
            "order", "--participant", "9", "--instrument", Integer.toString(instrument), "--raw", "buy", "2", "100");

        final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
        maker.await("the fill", () -> 2 == maker.events(instrument).size());
        of(maker).answer(1, o1.taken()).tell(o1.added(1, 2, 100)).verify();
    }
}
