import io.aeron.security.Authenticator;
import io.aeron.security.AuthenticatorSupplier;
import io.aeron.security.SessionProxy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Lets empty credentials in, and "take your time" after one and a half seconds; challenges "challenge me" with "what is it?" and
 * wants "this" in answer; rejects all else.
 */
public final class TestAuthenticator implements Authenticator, AuthenticatorSupplier {
    private static final long SLOW_MS = 1_500;
    private final Set<Long> accepted = new HashSet<>();
    private final Set<Long> challenged = new HashSet<>();
    private final Set<Long> answered = new HashSet<>();
    private final Map<Long, Long> slowUntil = new HashMap<>();

    @Override
    public Authenticator get() {
        return this;
    }

    @Override
    public void onConnectRequest(final long sessionId, final byte[] credentials, final long nowMs) {
        if (credentials.length == 0) {
            accepted.add(sessionId);
        } else if (new String(credentials).equals("challenge me")) {
            challenged.add(sessionId);
        } else if (new String(credentials).equals("take your time")) {
            accepted.add(sessionId);
            slowUntil.put(sessionId, nowMs + SLOW_MS);
        }
    }

    @Override
    public void onChallengeResponse(final long sessionId, final byte[] credentials, final long nowMs) {
        answered.add(sessionId);
        if (new String(credentials).equals("this")) {
            accepted.add(sessionId);
        }
    }

    @Override
    public void onConnectedSession(final SessionProxy session, final long nowMs) {
        if (nowMs < slowUntil.getOrDefault(session.sessionId(), nowMs)) {
            return;
        }
        if (challenged.remove(session.sessionId())) {
            session.challenge("what is it?".getBytes());
        } else {
            decide(session);
        }
    }

    @Override
    public void onChallengedSession(final SessionProxy session, final long nowMs) {
        if (answered.remove(session.sessionId())) {
            decide(session);
        }
    }

    private void decide(final SessionProxy session) {
        if (accepted.remove(session.sessionId())) {
            session.authenticate(null);
        } else {
            session.reject();
        }
    }
}
