package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.aeron.Publication;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.EgressListener;
import io.aeron.cluster.codecs.EventCode;
import io.aeron.exceptions.TimeoutException;
import io.aeron.logbuffer.Header;
import io.aeron.security.CredentialsSupplier;
import io.lugus.client.KeyCredentials;
import io.lugus.client.NumberCredentials;
import io.lugus.client.SessionTag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A participant's session with the cluster through Aeron's own client. It numbers commands, keeps each event once, and sends
 * unanswered commands again after a change of the leader or a long silence, as the protocol asks of a client.
 */
final class Participant implements AutoCloseable, EgressListener {
    /** Much longer than any round trip: what is unanswered after this time was lost with a leader. */
    private static final Duration SEND_AGAIN_AFTER = Duration.ofSeconds(5);

    private final int id;
    private final MutableDirectBuffer buffer = new ExpandableArrayBuffer(256);
    private final MessageDecoder decoder = new MessageDecoder();
    private final List<Message> received = new ArrayList<>();
    private final Map<Integer, Scope> scopes = new TreeMap<>();
    private final List<Integer> newLeaders = new ArrayList<>();
    private final List<EventCode> sessionEvents = new ArrayList<>();
    private final MutableDirectBuffer signed = new ExpandableArrayBuffer(256);
    private AeronCluster cluster;
    private SessionTag tag;
    private boolean mustSendAgain;
    private long offers;

    /** Commands and events of the participant in one instrument. */
    private static final class Scope {
        private long lastClientSequence;
        private final Map<Long, Command> unanswered = new TreeMap<>();
        private final TreeMap<Long, Report> events = new TreeMap<>();

        private boolean isWholeUpTo(final long eventSequence) {
            return events.headMap(eventSequence, true).size() == eventSequence;
        }
    }

    private Participant(final int id) {
        this.id = id;
    }

    /** Connects with the participant's number as credentials. */
    static Participant connect(final JavaDriver driver, final String ingressEndpoints, final int id) {
        return connect(driver, ingressEndpoints, id, new NumberCredentials(id));
    }

    static Participant connect(
        final JavaDriver driver, final String ingressEndpoints, final int id, final CredentialsSupplier credentials) {
        final Participant participant = new Participant(id);
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "a session of participant " + id);
        while (null == participant.cluster) {
            deadline.pause();
            participant.connect(context(driver, ingressEndpoints, credentials, participant));
        }
        participant.tag = credentials instanceof KeyCredentials keys ? keys.tag() : null;
        return participant;
    }

    /** Tries to connect. The request is lost if it meets a member in an election, as Aeron's client asks each only once. */
    private void connect(final AeronCluster.Context context) {
        try {
            cluster = AeronCluster.connect(context);
        } catch (final TimeoutException error) {
            System.err.println("participant " + id + " connects again: " + error.getMessage());
        }
    }

    /** Configuration of a session. */
    static AeronCluster.Context context(
        final JavaDriver driver,
        final String ingressEndpoints,
        final CredentialsSupplier credentials,
        final EgressListener listener) {
        return new AeronCluster.Context()
            .aeron(driver.aeron())
            .ownsAeronClient(false)
            .ingressChannel("aeron:udp")
            .ingressEndpoints(ingressEndpoints)
            .egressChannel("aeron:udp?endpoint=127.0.0.1:0")
            .messageTimeoutNs(TimeUnit.SECONDS.toNanos(5))
            .newLeaderTimeoutNs(TimeUnit.SECONDS.toNanos(10))
            .credentialsSupplier(credentials)
            .egressListener(listener);
    }

    int id() {
        return id;
    }

    AeronCluster cluster() {
        return cluster;
    }

    /** All messages in the order in which they came, repeated ones included. */
    List<Message> received() {
        return List.copyOf(received);
    }

    /** Ids of the members that became the leader since the session was opened. */
    List<Integer> newLeaders() {
        return List.copyOf(newLeaders);
    }

    List<EventCode> sessionEvents() {
        return List.copyOf(sessionEvents);
    }

    /** Events of an instrument, each once, in the order of their numbers. */
    List<Report> events(final int instrument) {
        return List.copyOf(scope(instrument).events.values());
    }

    int unanswered() {
        return scopes.values().stream().mapToInt(scope -> scope.unanswered.size()).sum();
    }

    private Scope scope(final int instrument) {
        return scopes.computeIfAbsent(instrument, key -> new Scope());
    }

    /** Sends a command with the next number of its scope, which is returned. */
    long send(final Command command) {
        final Scope scope = scope(command.instrument());
        scope.lastClientSequence++;
        scope.unanswered.put(scope.lastClientSequence, command);
        sendNumbered(command, scope.lastClientSequence);
        return scope.lastClientSequence;
    }

    /** Sends a command with a number that the caller chooses. */
    void sendNumbered(final Command command, final long clientSequence) {
        offer(buffer, command.encode(buffer, clientSequence));
    }

    /** Sends bytes as a session message, with the tag of the session if it has a key. */
    void offer(final DirectBuffer bytes, final int length) {
        if (null == tag) {
            offerUnsigned(bytes, length);
        } else {
            signed.putBytes(0, bytes, 0, length);
            offerUnsigned(signed, tag.append(signed, length));
        }
    }

    /** Sends bytes as they are. */
    void offerUnsigned(final DirectBuffer bytes, final int length) {
        final long[] result = {0};
        final Deadline deadline =
            Deadline.in(Deadline.LONG, () -> "a message is taken: " + Publication.errorString(result[0]));
        while ((result[0] = cluster.offer(bytes, 0, length)) < 0) {
            poll();
            deadline.pause();
        }
        offers++;
    }

    /** Number of messages sent so far, repeated ones included. */
    long offers() {
        return offers;
    }

    /** Sends a command, waits for all events that it causes, and returns its number. */
    long execute(final Command command) {
        final long clientSequence = send(command);
        settle(command.instrument());
        return clientSequence;
    }

    /** Waits until all commands of an instrument are applied and all its events have come. */
    Message.ResumeComplete settle(final int instrument) {
        final Scope scope = scope(instrument);
        while (true) {
            await("answers of instrument " + instrument, scope.unanswered::isEmpty);
            final Message.ResumeComplete stand = ask(
                Message.ResumeComplete.class, () -> Requests.resume(buffer, instrument));
            if (scope.isWholeUpTo(stand.lastEventSequence())) {
                return stand;
            }
            resume(instrument, lastWithoutGap(scope));
        }
    }

    private static long lastWithoutGap(final Scope scope) {
        long last = 0;
        while (scope.events.containsKey(last + 1)) {
            last++;
        }
        return last;
    }

    /** Asks for the events after {@code lastEventSequence}, and waits for them. */
    Message.ResumeComplete resume(final int instrument, final long lastEventSequence) {
        final Message.ResumeComplete stand =
            ask(Message.ResumeComplete.class, () -> Requests.resume(buffer, instrument, lastEventSequence));
        scope(instrument).lastClientSequence = Math.max(scope(instrument).lastClientSequence, stand.lastClientSequence());
        return stand;
    }

    /** Sends the request that {@code encode} writes into {@code buffer}, again if it gets lost, and returns the answer. */
    <M extends Message> M ask(final Class<M> answer, final Supplier<Integer> encode) {
        final int before = received.size();
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "an answer: " + answer.getSimpleName());
        while (true) {
            offer(buffer, encode.get());
            final long againNs = System.nanoTime() + SEND_AGAIN_AFTER.toNanos();
            while (System.nanoTime() - againNs < 0) {
                poll();
                final var found = received.stream().skip(before).filter(answer::isInstance).map(answer::cast).findFirst();
                if (found.isPresent()) {
                    return found.get();
                }
                deadline.pause();
            }
        }
    }

    /** The buffer into which requests are written. */
    MutableDirectBuffer buffer() {
        return buffer;
    }

    /** Polls until the condition holds. */
    void await(final String what, final BooleanSupplier condition) {
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> what + ", participant " + id + ": " + unanswered()
            + " unanswered, last came " + received.subList(Math.max(0, received.size() - 3), received.size()));
        long againNs = System.nanoTime() + SEND_AGAIN_AFTER.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - againNs >= 0) {
                mustSendAgain = true;
                againNs = System.nanoTime() + SEND_AGAIN_AFTER.toNanos();
            }
            poll();
            deadline.pause();
        }
    }

    /** Takes the messages that have come, and sends again the commands that may have been lost with a leader. */
    void poll() {
        cluster.pollEgress();
        if (mustSendAgain) {
            mustSendAgain = false;
            List.copyOf(scopes.values()).forEach(scope ->
                List.copyOf(scope.unanswered.keySet()).forEach(number -> sendAgain(scope, number)));
        }
    }

    private void sendAgain(final Scope scope, final long clientSequence) {
        final Command command = scope.unanswered.get(clientSequence);
        if (null != command) {
            sendNumbered(command, clientSequence);
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
        final Message message = decoder.decode(in, offset);
        received.add(message);
        if (message instanceof Message.Event event) {
            onReport(event.report());
        }
    }

    /** Keeps an event. A repeated event must be the same as before; events of other participants are drop copies. */
    private void onReport(final Report report) {
        if (report.participant() == id) {
            final Scope scope = scope((int)report.instrument());
            final Report known = scope.events.putIfAbsent(report.eventSequence(), report);
            if (null != known) {
                assertEquals(known, report, "an event that came again");
            }
            scope.unanswered.remove(report.clientSequence());
        }
    }

    @Override
    public void onNewLeader(
        final long clusterSessionId, final long leadershipTermId, final int leaderMemberId, final String ingressEndpoints) {
        newLeaders.add(leaderMemberId);
        mustSendAgain = true;
    }

    @Override
    public void onSessionEvent(
        final long correlationId,
        final long clusterSessionId,
        final long leadershipTermId,
        final int leaderMemberId,
        final EventCode code,
        final String detail) {
        sessionEvents.add(code);
    }

    @Override
    public void close() {
        cluster.close();
    }
}
