package io.lugus;

import io.aeron.security.Authenticator;
import io.aeron.security.SessionProxy;

/** Takes a client for the participant whose number its credentials are, without proof. Only for loopback addresses. */
final class OpenAuthenticator implements Authenticator {
    private final PendingSessions<Logon> pending = new PendingSessions<>();

    @Override
    public void onConnectRequest(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        pending.put(sessionId, Logon.parse(encodedCredentials));
    }

    @Override
    public void onConnectedSession(final SessionProxy session, final long nowMs) {
        final Logon logon = pending.get(session.sessionId());
        if (null == logon || Participants.NO_PARTICIPANT == logon.participant) {
            session.reject();
            pending.remove(session.sessionId());
        } else if (session.authenticate(logon.principal(Participants.principal(logon.participant)))) {
            pending.remove(session.sessionId());
        }
    }

    @Override
    public void onChallengeResponse(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        // This authenticator never challenges.
    }

    @Override
    public void onChallengedSession(final SessionProxy session, final long nowMs) {
        session.reject();
    }
}
