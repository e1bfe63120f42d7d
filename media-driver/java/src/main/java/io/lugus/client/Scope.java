package io.lugus.client;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The client's commands and events in one instrument, as {@code docs/client.md} asks: commands are numbered from 1, and kept until they are
 * answered; with a new leader, in a new session and after silence the cluster is asked for the events after the last one seen, and then
 * what is unanswered is sent again under the same numbers. No I/O but the journal.
 */
final class Scope {
    /** Greatest number of unanswered commands. */
    static final int MAXIMUM_UNANSWERED = 64;

    private final int instrument;
    private final int clusters;
    private final long askAgainNs;
    private final long pauseNs;
    private final Journal journal;
    private final NavigableMap<Long, byte[]> unanswered = new TreeMap<>();
    private long lastNumber;
    private long lastEvent;
    private long lostThrough;
    private int cluster;
    private boolean isCurrent;
    private long askAtNs;
    private long nextToSend;
    private long progressNs;

    /**
     * Makes a scope in which nothing has happened.
     *
     * @param instrument its instrument.
     * @param clusters number of clusters, one of which owns the instrument; the first one at the beginning.
     * @param askAgainNs time after which an answer counts as lost.
     * @param pauseNs time before another cluster is asked when the instrument has moved.
     * @param journal gets what is sent and told.
     * @param nowNs the time.
     */
    Scope(
        final int instrument,
        final int clusters,
        final long askAgainNs,
        final long pauseNs,
        final Journal journal,
        final long nowNs) {
        this.instrument = instrument;
        this.clusters = clusters;
        this.askAgainNs = askAgainNs;
        this.pauseNs = pauseNs;
        this.journal = journal;
        askAtNs = nowNs;
        progressNs = nowNs;
    }

    int instrument() {
        return instrument;
    }

    /** The cluster that owns the instrument, as far as is known. */
    int cluster() {
        return cluster;
    }

    /** Number of the next command. */
    long nextNumber() {
        return lastNumber + 1;
    }

    /** Number of the last event that was told. */
    long lastEvent() {
        return lastEvent;
    }

    int unanswered() {
        return unanswered.size();
    }

    /** Whether all events have come, so that commands may be sent. */
    boolean isCurrent() {
        return isCurrent;
    }

    /** A command that an earlier process has put into the journal. */
    void restoreCommand(final long number, final byte[] message) {
        unanswered.put(number, message);
        lastNumber = number;
    }

    /** An event that an earlier process was told. */
    void restoreEvent(final long number, final long clientSequence) {
        lastEvent = number;
        unanswered.remove(clientSequence);
    }

    /** Events that an earlier process was told to be lost. */
    void restoreGap(final long number) {
        lastEvent = number;
    }

    /** A command that an earlier process was told to be applied. */
    void restoreApplied(final long number) {
        unanswered.remove(number);
    }

    /** Takes a command of this length, which has the next number, and is sent when its turn has come. */
    void add(final DirectBuffer message, final int length, final long nowNs) {
        final byte[] bytes = new byte[length];
        message.getBytes(0, bytes);
        if (unanswered.isEmpty()) {
            progressNs = nowNs;
        }
        lastNumber++;
        journal.send(instrument, lastNumber, bytes);
        unanswered.put(lastNumber, bytes);
    }

    /** Writes what is to be sent next; returns its length, or 0 if there is nothing now. */
    int next(final MutableDirectBuffer out, final long nowNs) {
        if (!isCurrent) {
            return nowNs - askAtNs >= 0 ? OrderEntry.encodeResume(out, instrument, lastEvent) : 0;
        }
        final Map.Entry<Long, byte[]> command = unanswered.ceilingEntry(nextToSend);
        if (null == command) {
            return 0;
        }
        out.putBytes(0, command.getValue());
        return command.getValue().length;
    }

    /** What {@link #next} has written was sent. */
    void sent(final long nowNs) {
        if (isCurrent) {
            nextToSend = unanswered.ceilingKey(nextToSend) + 1;
        } else {
            askAtNs = nowNs + askAgainNs;
        }
    }

    /** Asks for all events, and sends again what is unanswered: something may have been lost. */
    void synchronise(final long nowNs) {
        if (isCurrent) {
            isCurrent = false;
            askAtNs = nowNs;
        }
    }

    /** Does the same in a new session, where nothing has been asked yet. */
    void begin(final long nowNs) {
        isCurrent = false;
        askAtNs = nowNs;
    }

    /** Does the same if commands have been unanswered for too long. */
    void check(final long nowNs) {
        if (isCurrent && !unanswered.isEmpty() && nowNs - progressNs > askAgainNs) {
            synchronise(nowNs);
        }
    }

    /** An event was told. */
    void onEvent(final DirectBuffer in, final int offset, final int length, final long nowNs) {
        final long number = OrderEntry.eventSequence(in, offset);
        if (number > lastEvent + 1) {
            synchronise(nowNs);
        } else if (number == lastEvent + 1) {
            journal.event(instrument, number, in, offset, length);
            lastEvent = number;
            unanswered.remove(OrderEntry.clientSequence(in, offset));
            progressNs = nowNs;
        }
    }

    /** The answer to {@link OrderEntry#encodeResume}, after the events. */
    void onResumeComplete(final long lastClientSequence, final long lastEventSequence, final long nowNs) {
        if (isCurrent) {
            return;
        }
        if (lastEvent < lastEventSequence) {
            askAtNs = nowNs;
            return;
        }
        if (lastClientSequence > lastNumber) {
            journal.wrong("instrument " + instrument + ": command " + lastClientSequence + " was applied, of " + lastNumber);
        }
        final NavigableMap<Long, byte[]> applied = unanswered.headMap(lastClientSequence, true);
        for (final long number : applied.keySet()) {
            if (0 == lostThrough) {
                journal.wrong("instrument " + instrument + ": no event answers command " + number + ", which was applied");
            }
            journal.applied(instrument, number);
        }
        applied.clear();
        lostThrough = 0;
        isCurrent = true;
        nextToSend = lastClientSequence + 1;
        progressNs = nowNs;
    }

    /** Events before this one are no longer kept. */
    void onEventGap(final long firstRetained, final long nowNs) {
        if (lastEvent < firstRetained - 1) {
            lastEvent = firstRetained - 1;
            lostThrough = lastEvent;
            journal.gap(instrument, lastEvent);
        }
        begin(nowNs);
    }

    /** The cluster does not own the instrument, or does not know it yet. */
    void onMoved(final long nowNs) {
        cluster = (cluster + 1) % clusters;
        isCurrent = false;
        askAtNs = nowNs + pauseNs;
    }
}
