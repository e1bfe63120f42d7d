package io.lugus;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What an authenticator knows of sessions that are not yet authenticated, by session id. A session that goes away is not
 * told to an authenticator, so the oldest give way when there are too many; they are then rejected.
 */
final class PendingSessions<T> {
    /** Most sessions. */
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

    /** Null when there is none. */
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
