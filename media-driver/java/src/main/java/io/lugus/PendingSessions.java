package io.lugus;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An authenticator's data of the sessions that are not yet authenticated, by session id. Aeron does not tell an authenticator
 * that a session is gone, so the oldest entries give way when there are too many. Those sessions are rejected.
 */
final class PendingSessions<T> {
    /** Greatest number of sessions. */
    static final int MAXIMUM = 4_096;

    private final Map<Long, T> sessions = new LinkedHashMap<>();

    void put(final long sessionId, final T session) {
        sessions.put(sessionId, session);
        if (sessions.size() > MAXIMUM) {
            final var oldest = sessions.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    /** The data of a session; null when there is none. */
    T get(final long sessionId) {
        return sessions.get(sessionId);
    }

    void remove(final long sessionId) {
        sessions.remove(sessionId);
    }

    int size() {
        return sessions.size();
    }
}
