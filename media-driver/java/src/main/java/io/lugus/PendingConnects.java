package io.lugus;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;

/**
 * Places for connects that have not led to a session: each address has a number of them, and all addresses together. A connect
 * gives its place back when its session is authenticated, and otherwise keeps it for a fixed time, also if it was refused before:
 * so this bounds half-open sessions, and the rate of connects without a good end.
 */
final class PendingConnects {
    private final int maximum;
    private final int maximumOfAddress;
    private final long lifetimeNs;
    private final LinkedHashSet<Place> places = new LinkedHashSet<>();
    private final Map<String, Integer> placesOfAddress = new HashMap<>();
    private final Map<Long, Place> placeBySession = new HashMap<>();
    private Place current;

    private static final class Place {
        private final String address;
        private final long takenNs;
        private long sessionId;
        private boolean hasSession;

        private Place(final String address, final long takenNs) {
            this.address = address;
            this.takenNs = takenNs;
        }
    }

    /**
     * Makes places that are all free.
     *
     * @param maximum number of places.
     * @param maximumOfAddress number of places that connects from one address may take.
     * @param lifetimeNs time for which a connect keeps its place if no session comes of it.
     */
    PendingConnects(final int maximum, final int maximumOfAddress, final long lifetimeNs) {
        this.maximum = maximum;
        this.maximumOfAddress = maximumOfAddress;
        this.lifetimeNs = lifetimeNs;
    }

    /** Takes a place for a connect from this address; false if there is none. */
    boolean begin(final String address, final long nowNs) {
        expire(nowNs);
        final int taken = placesOfAddress.getOrDefault(address, 0);
        if (places.size() >= maximum || taken >= maximumOfAddress) {
            return false;
        }
        current = new Place(address, nowNs);
        places.add(current);
        placesOfAddress.put(address, taken + 1);
        return true;
    }

    /** The connect that has just got a place was given this session. */
    void onSession(final long sessionId) {
        if (null != current) {
            current.sessionId = sessionId;
            current.hasSession = true;
            placeBySession.put(sessionId, current);
            current = null;
        }
    }

    /** The consensus module has done with the connect that has just got a place; it may have made no session of it. */
    void end() {
        current = null;
    }

    /** Gives back the place of a session that was authenticated. */
    void onAuthenticated(final long sessionId) {
        final Place place = placeBySession.get(sessionId);
        if (null != place) {
            places.remove(place);
            free(place);
        }
    }

    int size() {
        return places.size();
    }

    private void expire(final long nowNs) {
        for (final Iterator<Place> oldest = places.iterator(); oldest.hasNext();) {
            final Place place = oldest.next();
            if (nowNs - place.takenNs < lifetimeNs) {
                return;
            }
            oldest.remove();
            free(place);
        }
    }

    private void free(final Place place) {
        placesOfAddress.computeIfPresent(place.address, (address, taken) -> 1 == taken ? null : taken - 1);
        if (place.hasSession) {
            placeBySession.remove(place.sessionId);
        }
    }
}
