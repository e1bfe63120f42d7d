package io.lugus;

import io.aeron.archive.Archive;
import java.lang.reflect.Field;
import java.security.SecureRandom;
import org.agrona.concurrent.AgentRunner;

/**
 * Numbers of an archive's sessions that nobody can guess.
 *
 * <p>An archive takes a request for that of the session whose number it has, whoever sent it, and gives consecutive numbers: who
 * was told its own, even if only to be refused, would know those of the members. Aeron has no setting for it, so the archive's
 * private field is set to random bits after each session. An Aeron version without that field fails at the start.
 */
final class SessionNumbers {
    /** Keeps numbers positive, and far from the end of their range. */
    private static final int DROPPED_BITS = 2;

    private final SecureRandom random = new SecureRandom();
    private volatile Object conductor;
    private volatile Field next;

    /** Begins with the numbers of this archive. */
    void begin(final Archive archive) {
        try {
            final Field runner = Archive.class.getDeclaredField("conductorRunner");
            runner.setAccessible(true);
            final Object agent = ((AgentRunner)runner.get(archive)).agent();
            final Field found = Class.forName("io.aeron.archive.ArchiveConductor").getDeclaredField("nextSessionId");
            found.setAccessible(true);
            next = found;
            conductor = agent;
        } catch (final ReflectiveOperationException error) {
            throw new IllegalStateException("this version of Aeron's archive numbers its sessions otherwise", error);
        }
    }

    /**
     * Makes the number of the next session unknowable. Called on the archive's own thread, once its present session has its
     * number.
     *
     * @return false before {@link #begin}: the numbers are consecutive until then.
     */
    boolean scatter() {
        final Object archive = conductor;
        if (null == archive) {
            return false;
        }
        try {
            next.setLong(archive, random.nextLong() >>> DROPPED_BITS);
            return true;
        } catch (final IllegalAccessException error) {
            throw new IllegalStateException(error);
        }
    }
}
