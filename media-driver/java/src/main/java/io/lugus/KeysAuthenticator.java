package io.lugus;

import io.aeron.security.Authenticator;
import io.aeron.security.SessionProxy;
import io.lugus.client.Challenge;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

/**
 * Challenges each client with random bytes. A client's credentials are a {@link Logon}, and it is taken for that
 * participant when it answers with HMAC-SHA256(the participant's key, challenge). An unknown number is challenged as well, so
 * that a client can't find out which numbers exist.
 *
 * <p>The principal also carries the key of the session, which is derived from participant's key and challenge, and what the
 * participant may do, so that every member can check the session's messages, and decides alike.
 */
final class KeysAuthenticator implements Authenticator {
    /** Time within which a client must answer. */
    static final long ANSWER_TIMEOUT_MS = TimeUnit.SECONDS.toMillis(5);

    private final Participants participants;
    private final SecureRandom random = new SecureRandom();
    private final byte[] nobodysKey = new byte[Challenge.LENGTH];
    private final PendingSessions<Pending> pending = new PendingSessions<>();

    /** A session that was challenged, or is about to be. */
    private static final class Pending {
        private final Logon logon;
        private final byte[] challenge = new byte[Challenge.LENGTH];
        private final long deadlineMs;
        private byte[] answer;

        private Pending(final Logon logon, final long deadlineMs) {
            this.logon = logon;
            this.deadlineMs = deadlineMs;
        }
    }

    /** Does one calculation at the start, so that loading its classes does not hold up the consensus module later. */
    KeysAuthenticator(final Participants participants) {
        this.participants = participants;
        random.nextBytes(nobodysKey);
        MessageDigest.isEqual(Challenge.answer(nobodysKey, nobodysKey), nobodysKey);
        Participants.principal(0, Challenge.sessionKey(nobodysKey, nobodysKey), "");
    }

    @Override
    public void onConnectRequest(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        final Pending session = new Pending(Logon.parse(encodedCredentials), nowMs + ANSWER_TIMEOUT_MS);
        random.nextBytes(session.challenge);
        pending.put(sessionId, session);
    }

    @Override
    public void onConnectedSession(final SessionProxy session, final long nowMs) {
        final Pending known = pending.get(session.sessionId());
        if (null == known) {
            session.reject();
        } else {
            session.challenge(known.challenge);
        }
    }

    @Override
    public void onChallengeResponse(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        final Pending known = pending.get(sessionId);
        if (null != known && null == known.answer) {
            known.answer = encodedCredentials.clone();
        }
    }

    @Override
    public void onChallengedSession(final SessionProxy session, final long nowMs) {
        final Pending known = pending.get(session.sessionId());
        if (null == known || (null == known.answer && nowMs > known.deadlineMs)) {
            pending.remove(session.sessionId());
            session.reject();
        } else if (null != known.answer) {
            decide(session, known);
        }
    }

    private void decide(final SessionProxy session, final Pending known) {
        final long participant = known.logon.participant;
        final byte[] key = participants.key(participant);
        final byte[] expected = Challenge.answer(null == key ? nobodysKey : key, known.challenge);
        if (!MessageDigest.isEqual(expected, known.answer) || null == key) {
            pending.remove(session.sessionId());
            session.reject();
        } else if (session.authenticate(
            known.logon.principal(participants.principal(participant, Challenge.sessionKey(key, known.challenge))))) {
            pending.remove(session.sessionId());
        }
    }
}
