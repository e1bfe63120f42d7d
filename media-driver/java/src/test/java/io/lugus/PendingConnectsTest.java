package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class PendingConnectsTest {
    private static final int MAXIMUM = 5;
    private static final int MAXIMUM_OF_ADDRESS = 3;
    private static final long LIFETIME_NS = 1_000;

    private final PendingConnects pending = new PendingConnects(MAXIMUM, MAXIMUM_OF_ADDRESS, LIFETIME_NS);

    private void begin(final String address, final int count, final long nowNs) {
        for (int i = 0; i < count; i++) {
            assertTrue(pending.begin(address, nowNs), address);
        }
    }

    @Test
    void anAddressLeavesPlacesForOthersAndAllTogetherHaveABound() {
        begin("a", MAXIMUM_OF_ADDRESS, 0);
        assertFalse(pending.begin("a", 0));
        begin("b", MAXIMUM - MAXIMUM_OF_ADDRESS, 0);
        assertFalse(pending.begin("b", 0));
        assertFalse(pending.begin("c", 0));
        assertEquals(MAXIMUM, pending.size());
    }

    @Test
    void aPlaceIsFreeWhenItsTimeIsOverAndARefusalDoesNotProlongIt() {
        begin("a", MAXIMUM_OF_ADDRESS, 0);
        assertFalse(pending.begin("a", LIFETIME_NS - 1));
        begin("a", MAXIMUM_OF_ADDRESS, LIFETIME_NS);
        assertEquals(MAXIMUM_OF_ADDRESS, pending.size());
    }

    @Test
    void aSessionThatIsAuthenticatedGivesItsPlaceBack() {
        for (long session = 1; session <= 10 * MAXIMUM; session++) {
            begin("a", 1, 0);
            pending.onSession(session);
            pending.end();
            pending.onAuthenticated(session);
        }
        assertEquals(0, pending.size());
        begin("a", MAXIMUM_OF_ADDRESS, 0);
        assertFalse(pending.begin("a", 0));
    }

    @Test
    void aPlaceIsGivenBackOnce() {
        begin("a", 1, 0);
        pending.onSession(7);
        begin("a", 1, 0);
        pending.onSession(8);
        pending.onAuthenticated(7);
        pending.onAuthenticated(7);
        assertEquals(1, pending.size());
        begin("a", MAXIMUM_OF_ADDRESS - 1, 0);
        assertFalse(pending.begin("a", 0));
    }

    @Test
    void aConnectWithoutASessionKeepsItsPlaceAndNoOtherSessionFreesIt() {
        begin("a", 1, 0);
        pending.end();
        // A session that did not come through the door, such as one for a backup.
        pending.onSession(-1);
        pending.onAuthenticated(-1);
        assertEquals(1, pending.size());
    }

    @Test
    void aSessionThatIsAuthenticatedTooLateFreesNothing() {
        begin("a", 1, 0);
        pending.onSession(7);
        begin("b", 1, LIFETIME_NS);
        pending.onAuthenticated(7);
        assertEquals(1, pending.size());
    }
}
