package io.lugus;

import io.aeron.security.SessionProxy;

/** Takes the place of the consensus module's session, and keeps what the authenticator decided. */
final class RecordedSession implements SessionProxy {
    private final long id;

    /** Whether challenges and principals can be sent at the moment. */
    boolean accepts = true;
    byte[] challenge;
    byte[] principal;
    boolean rejected;

    RecordedSession(final long id) {
        this.id = id;
    }

    @Override
    public long sessionId() {
        return id;
    }

    @Override
    public boolean challenge(final byte[] encodedChallenge) {
        challenge = accepts ? encodedChallenge : challenge;
        return accepts;
    }

    @Override
    public boolean authenticate(final byte[] encodedPrincipal) {
        principal = accepts ? encodedPrincipal : principal;
        return accepts;
    }

    @Override
    public void reject() {
        rejected = true;
    }
}
