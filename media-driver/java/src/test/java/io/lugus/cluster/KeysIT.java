package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.aeron.security.AuthenticationException;
import io.lugus.client.KeyCredentials;
import io.lugus.cluster.Command.NewOrder;
import io.lugus.order.entry.DropCopyRequestEncoder;
import io.lugus.order.entry.MessageRejectReason;
import io.lugus.order.entry.Side;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** A deployment with keys. Its only member is started by {@code lugus up} alone. */
@Order(200)
final class KeysIT {
    private static final int FIRST_PORT = 50;
    private static final String OPERATORS_KEY = "000102030405060708090a0b0c0d0e0f";
    private static final String KEY_OF_1 = "11112222333344445555666677778888";
    private static final String KEY_OF_2 = "aaaabbbbccccddddeeeeffff00001111";

    private static LugusCluster cluster;
    private static JavaDriver driver;

    @BeforeAll
    static void start() throws Exception {
        cluster = new LugusCluster(Deployment.create(FIRST_PORT, 1, """
            [authentication]
            mode = "keys"
            [[participant]]
            id = 0
            key = "%s"
            [[participant]]
            id = 1
            key = "%s"
            [[participant]]
            id = 2
            key = "%s"
            """.formatted(OPERATORS_KEY, KEY_OF_1, KEY_OF_2)));
        try {
            assertEquals(List.of(0), cluster.up());
            driver = new JavaDriver(cluster.deployment().aeronFolder().resolve("java-client"));
        } catch (final Exception | Error error) {
            cluster.close();
            throw error;
        }
    }

    @AfterAll
    static void end() {
        if (null != driver) {
            driver.close();
        }
        cluster.close();
    }

    private static Participant connect(final int id, final String key) {
        final String endpoints = cluster.deployment().ingressEndpoints(cluster.members());
        return Participant.connect(driver, endpoints, id, new KeyCredentials(id, HexFormat.of().parseHex(key)));
    }

    @Test
    void theRightKeyTrades() throws Exception {
        try (Participant participant = connect(2, KEY_OF_2)) {
            final NewOrder offer = NewOrder.limit(1, 1, Side.SELL, 5, 100);
            participant.execute(offer);
            cluster.lugus().run("order", "--participant", "1", "--instrument", "1", "--raw", "buy", "2", "100");
            participant.await("the fill", () -> 2 == participant.events(1).size());
            final ExpectedOrder o1 = new ExpectedOrder(offer, 1);
            new ExpectedEvents(participant, 1).answer(1, o1.taken()).tell(o1.added(1, 2, 100)).verify();
        }
    }

    @Test
    void whatHasNoTagIsNotTaken() throws Exception {
        try (Participant participant = connect(1, KEY_OF_1)) {
            final long taken = participant.settle(1).lastClientSequence();
            final NewOrder order = NewOrder.limit(1, 50, Side.BUY, 1, 50);
            participant.offerUnsigned(participant.buffer(), order.encode(participant.buffer(), taken + 1));
            participant.offerUnsigned(participant.buffer(), 0);
            assertEquals(taken, participant.settle(1).lastClientSequence());
        }
    }

    @Test
    void aWrongKeyIsRejected() {
        assertThrows(AuthenticationException.class, () -> connect(1, KEY_OF_2));
    }

    @Test
    void whoIsNotInTheDeploymentIsRejected() {
        assertThrows(AuthenticationException.class, () -> connect(3, KEY_OF_1));
    }

    @Test
    void onlyTheOperatorGetsDropCopies() {
        try (Participant participant = connect(1, KEY_OF_1)) {
            final Message.MessageReject reject = participant.ask(
                Message.MessageReject.class, () -> Requests.dropCopy(participant.buffer(), 1));
            assertEquals(
                new Message.MessageReject(DropCopyRequestEncoder.TEMPLATE_ID, MessageRejectReason.NOT_AUTHORISED), reject);
        }
    }
}
