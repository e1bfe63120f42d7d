package io.lugus;

import io.aeron.security.SessionProxy;

/** Stands for the consensus module's side of a session, and keeps what the authenticator decided. */
final class RecordedSession implements SessionProxy {
    private final long id;

    /** When false, challenges and principals can't be sent at the moment. */
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
