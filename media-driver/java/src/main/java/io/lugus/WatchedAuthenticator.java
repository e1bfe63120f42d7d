package io.lugus;

import io.aeron.security.Authenticator;
import io.aeron.security.SessionProxy;

/** Tells {@link PendingConnects} which sessions an authenticator is asked about, and which it lets in. */
final class WatchedAuthenticator implements Authenticator {
    private final Authenticator authenticator;
    private final PendingConnects pending;
    private final WatchedSession watched = new WatchedSession();

    WatchedAuthenticator(final Authenticator authenticator, final PendingConnects pending) {
        this.authenticator = authenticator;
        this.pending = pending;
    }

    @Override
    public void onConnectRequest(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        pending.onSession(sessionId);
        authenticator.onConnectRequest(sessionId, encodedCredentials, nowMs);
    }

    @Override
    public void onChallengeResponse(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        authenticator.onChallengeResponse(sessionId, encodedCredentials, nowMs);
    }

    @Override
    public void onConnectedSession(final SessionProxy session, final long nowMs) {
        authenticator.onConnectedSession(watched.of(session), nowMs);
    }

    @Override
    public void onChallengedSession(final SessionProxy session, final long nowMs) {
        authenticator.onChallengedSession(watched.of(session), nowMs);
    }

    /** The consensus module's view of one session, which it uses for one after another. */
    private final class WatchedSession implements SessionProxy {
        private SessionProxy session;

        private SessionProxy of(final SessionProxy next) {
            session = next;
            return this;
        }

        @Override
        public long sessionId() {
            return session.sessionId();
        }

        @Override
        public boolean challenge(final byte[] encodedChallenge) {
            return session.challenge(encodedChallenge);
        }

        @Override
        public boolean authenticate(final byte[] encodedPrincipal) {
            final boolean isAuthenticated = session.authenticate(encodedPrincipal);
            if (isAuthenticated) {
                pending.onAuthenticated(session.sessionId());
            }
            return isAuthenticated;
        }

        @Override
        public void reject() {
            session.reject();
        }
    }
}
