package io.lugus.client;

import io.aeron.Aeron;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.EgressListener;
import io.aeron.cluster.codecs.EventCode;
import io.aeron.logbuffer.Header;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A participant's session with one cluster through Aeron's own client, which follows redirects and new leaders. When the session ends, for
 * whatever reason, another one is opened. Nothing here waits: what Aeron does not take at once the caller offers again.
 */
final class ClusterConnection implements EgressListener {
    private static final long KEEP_ALIVE_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long SHORTEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private final int number;
    private final Settings settings;
    private final Handler handler;
    private final MutableDirectBuffer signed = new ExpandableArrayBuffer(256);
    private KeyCredentials key;
    private AeronCluster.AsyncConnect connecting;
    private AeronCluster session;
    private long attemptAtNs;
    private long keepAliveAtNs;
    private long heardAtNs;

    /** What happens to a session. */
    interface Handler {
        /** A session was opened. */
        void onConnected(ClusterConnection connection, long sessionId, int leader);

        /** The cluster has a new leader. */
        void onNewLeader(ClusterConnection connection, int leader);

        /** The session has ended. */
        void onDisconnected(ClusterConnection connection, String reason);

        /** A message of the cluster. */
        void onMessage(ClusterConnection connection, DirectBuffer in, int offset, int length);
    }

    /**
     * Makes one that is not connected.
     *
     * @param number of the cluster among the settings' clusters.
     * @param settings say where the cluster is, and whose session it is.
     * @param handler is told what happens.
     */
    ClusterConnection(final int number, final Settings settings, final Handler handler) {
        this.number = number;
        this.settings = settings;
        this.handler = handler;
        attemptAtNs = System.nanoTime();
    }

    /** Number of the cluster. */
    int number() {
        return number;
    }

    boolean isConnected() {
        return null != session;
    }

    /**
     * Takes what has come, and does what is due.
     *
     * @param aeron the client of the media driver.
     * @param awaitsAnswers whether the cluster owes an answer.
     * @param nowNs the time.
     * @return how much was done.
     */
    int poll(final Aeron aeron, final boolean awaitsAnswers, final long nowNs) {
        try {
            if (null != session) {
                return pollSession(awaitsAnswers, nowNs);
            }
            if (null != connecting) {
                return pollConnecting(nowNs);
            }
            if (nowNs - attemptAtNs >= 0) {
                connecting = AeronCluster.asyncConnect(context(aeron));
                return 1;
            }
        } catch (final RuntimeException error) {
            drop(error.toString());
        }
        return 0;
    }

    private int pollSession(final boolean awaitsAnswers, final long nowNs) {
        if (!awaitsAnswers) {
            heardAtNs = nowNs;
        }
        final int work = session.pollEgress();
        if (session.isClosed()) {
            drop("the session was closed");
            return 1;
        }
        if (nowNs - heardAtNs > settings.silenceNs()) {
            drop("no answer");
            return 1;
        }
        if (nowNs - keepAliveAtNs >= 0) {
            session.sendKeepAlive();
            keepAliveAtNs = nowNs + KEEP_ALIVE_NS;
        }
        return work;
    }

    private int pollConnecting(final long nowNs) {
        session = connecting.poll();
        if (null == session) {
            return 0;
        }
        connecting = null;
        heardAtNs = nowNs;
        keepAliveAtNs = nowNs + KEEP_ALIVE_NS;
        handler.onConnected(this, session.clusterSessionId(), session.leaderMemberId());
        return 1;
    }

    private AeronCluster.Context context(final Aeron aeron) {
        key = null == settings.key() ? null : new KeyCredentials(settings.participant(), settings.key());
        return new AeronCluster.Context()
            .aeron(aeron)
            .ownsAeronClient(false)
            .ingressEndpoints(settings.clusters().get(number))
            .newLeaderTimeoutNs(settings.newLeaderTimeoutNs())
            .credentialsSupplier(null == key ? new NumberCredentials(settings.participant()) : key)
            .egressListener(this);
    }

    /**
     * Offers a message once, with the tag of the session if there are keys. Numbers of tags may have gaps, so that one that is not taken is
     * no harm.
     *
     * @return whether Aeron has taken it.
     */
    boolean offer(final DirectBuffer message, final int length) {
        if (null == session) {
            return false;
        }
        try {
            if (null == key) {
                return session.offer(message, 0, length) > 0;
            }
            signed.putBytes(0, message, 0, length);
            return session.offer(signed, 0, key.tag().append(signed, length)) > 0;
        } catch (final RuntimeException error) {
            drop(error.toString());
            return false;
        }
    }

    /** Ends the session, if there is one, and opens another one soon. */
    void drop(final String reason) {
        final boolean wasConnected = null != session;
        CloseHelper.quietCloseAll(session, connecting);
        session = null;
        connecting = null;
        attemptAtNs = System.nanoTime() + ThreadLocalRandom.current().nextLong(SHORTEST_PAUSE_NS, LONGEST_PAUSE_NS);
        if (wasConnected) {
            handler.onDisconnected(this, reason);
        }
    }

    @Override
    public void onMessage(
        final long clusterSessionId,
        final long timestamp,
        final DirectBuffer in,
        final int offset,
        final int length,
        final Header header) {
        heardAtNs = System.nanoTime();
        handler.onMessage(this, in, offset, length);
    }

    @Override
    public void onNewLeader(
        final long clusterSessionId, final long leadershipTermId, final int leaderMemberId, final String ingressEndpoints) {
        heardAtNs = System.nanoTime();
        handler.onNewLeader(this, leaderMemberId);
    }

    @Override
    public void onSessionEvent(
        final long correlationId,
        final long clusterSessionId,
        final long leadershipTermId,
        final int leaderMemberId,
        final EventCode code,
        final String detail) {
        // The session is closed then, which the next poll sees.
    }
}
