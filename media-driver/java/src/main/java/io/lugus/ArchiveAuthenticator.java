package io.lugus;

import io.aeron.security.Authenticator;
import io.aeron.security.SessionProxy;
import io.lugus.client.Challenge;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.function.BooleanSupplier;

/**
 * Lets members' sessions into an archive, which answer a challenge of random bytes with the members' key, and readers if the
 * archive has some: they bring no credentials, and {@link ArchiveAuthorisation} says what they may do. All others are refused and
 * counted.
 */
final class ArchiveAuthenticator implements Authenticator {
    /** Whether sessions without credentials may read. */
    enum Readers {
        /** As with the partition map in the coordinator's archive, which every client reads. */
        ADMITTED,
        /** As with a member's archive. */
        REFUSED
    }

    private final MembersKey key;
    private final Readers readers;
    private final BooleanSupplier scatterNumbers;
    private final Runnable refusals;
    private final SecureRandom random = new SecureRandom();
    private final PendingSessions<Pending> pending = new PendingSessions<>();

    /** A session that is not yet let in. */
    private static final class Pending {
        private final byte[] challenge;
        private final long deadlineMs;
        private byte[] answer;

        private Pending(final byte[] challenge, final long deadlineMs) {
            this.challenge = challenge;
            this.deadlineMs = deadlineMs;
        }
    }

    /**
     * Makes an authenticator.
     *
     * @param scatterNumbers makes the number of the next session unknowable, and returns whether it could ({@link SessionNumbers}).
     * @param refusals called at each refusal.
     */
    ArchiveAuthenticator(
        final MembersKey key, final Readers readers, final BooleanSupplier scatterNumbers, final Runnable refusals) {
        this.key = key;
        this.readers = readers;
        this.scatterNumbers = scatterNumbers;
        this.refusals = refusals;
        // Loads the classes now, so that the first session does not hold up the archive.
        key.onChallenge(new byte[Challenge.LENGTH]);
    }

    @Override
    public void onConnectRequest(final long sessionId, final byte[] encodedCredentials, final long nowMs) {
        final boolean areUnknowable = scatterNumbers.getAsBoolean();
        final long deadlineMs = nowMs + KeysAuthenticator.ANSWER_TIMEOUT_MS;
        if (areUnknowable && MembersKey.isMember(encodedCredentials)) {
            final byte[] challenge = new byte[Challenge.LENGTH];
            random.nextBytes(challenge);
            pending.put(sessionId, new Pending(challenge, deadlineMs));
        } else if (areUnknowable && Readers.ADMITTED == readers && 0 == encodedCredentials.length) {
            pending.put(sessionId, new Pending(null, deadlineMs));
        }
    }

    @Override
    public void onConnectedSession(final SessionProxy session, final long nowMs) {
        final Pending known = pending.get(session.sessionId());
        if (null == known) {
            refuse(session);
        } else if (null != known.challenge) {
            session.challenge(known.challenge);
        } else if (session.authenticate(ArchiveAuthorisation.READER.clone())) {
            pending.remove(session.sessionId());
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
            refuse(session);
        } else if (null != known.answer) {
            decide(session, known);
        }
    }

    private void decide(final SessionProxy session, final Pending known) {
        if (!MessageDigest.isEqual(key.onChallenge(known.challenge), known.answer)) {
            refuse(session);
        } else if (session.authenticate(MembersKey.principal())) {
            pending.remove(session.sessionId());
        }
    }

    private void refuse(final SessionProxy session) {
        pending.remove(session.sessionId());
        refusals.run();
        session.reject();
    }
}
