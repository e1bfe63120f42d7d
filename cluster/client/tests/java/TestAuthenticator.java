import io.aeron.security.Authenticator;
import io.aeron.security.AuthenticatorSupplier;
import io.aeron.security.SessionProxy;
import java.util.HashSet;
import java.util.Set;

/**
 * Lets empty credentials in, challenges "challenge me" with "what is it?" and wants "this" in answer, rejects all else.
 */
public final class TestAuthenticator implements Authenticator, AuthenticatorSupplier {
    private final Set<Long> accepted = new HashSet<>();
    private final Set<Long> challenged = new HashSet<>();
    private final Set<Long> answered = new HashSet<>();

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
