package io.lugus.client;

import io.aeron.Aeron;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A client that trades as one participant until it is told to stop, and goes on where the process before it was killed, by its
 * {@link Journal}: each command that it has ever put there takes effect exactly once, and is answered.
 *
 * <p>One thread does all, and waits for nothing but, at most for Aeron's time-outs, for the media driver.
 */
public final class TradingClient implements ClusterConnection.Handler {
    /** Phases, as the file of orders has them: sends, waits for answers, waits for all events, ends. */
    private static final int TRADE = 0;
    private static final int SETTLE = 2;
    private static final int CLOSE = 3;

    private static final long CONTROL_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long DRIVER_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long MOVED_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long IDLE_NS = TimeUnit.MICROSECONDS.toNanos(300);

    /** Most messages of a scope in one duty cycle. */
    private static final int BURST = 8;

    private final Settings settings;
    private final Journal journal;
    private final OrderFlow flow;
    private final List<Scope> scopes = new ArrayList<>();
    private final List<ClusterConnection> connections = new ArrayList<>();
    private final MutableDirectBuffer out = new ExpandableArrayBuffer(256);
    private Aeron aeron;
    private long driverAtNs;
    private long controlAtNs;
    private long nextDueNs;
    private int phase;
    private int restedIn = TRADE;
    private int reconnects = -1;

    private TradingClient(final Settings settings) throws IOException {
        this.settings = settings;
        final long nowNs = System.nanoTime();
        journal = new Journal(settings.journal());
        flow = new OrderFlow(settings.participant(), settings.seed() + journal.length());
        final int clusters = settings.clusters().size();
        for (final int instrument : settings.instruments()) {
            scopes.add(new Scope(instrument, clusters, settings.askAgainNs(), MOVED_PAUSE_NS, journal, nowNs));
        }
        for (int number = 0; number < clusters; number++) {
            connections.add(new ClusterConnection(number, settings, this));
        }
        journal.read(this::restore);
        driverAtNs = nowNs;
        controlAtNs = nowNs;
        nextDueNs = nowNs;
        journal.process();
    }

    /**
     * Trades until the file of orders says to end.
     *
     * @param args none; see {@link Settings}.
     * @throws IOException if a file can't be read.
     */
    public static void main(final String[] args) throws IOException {
        final TradingClient client = new TradingClient(Settings.configured());
        System.out.println("ready");
        client.run();
    }

    private void restore(final String line) {
        final String[] words = line.split(" ");
        final long number = words.length > 2 && words[2].matches("[0-9]+") ? Long.parseLong(words[2]) : 0;
        switch (words[0]) {
            case "send" -> scope(words[1]).restoreCommand(number, HexFormat.of().parseHex(words[4]));
            case "event" -> {
                final DirectBuffer message = new UnsafeBuffer(HexFormat.of().parseHex(words[4]));
                scope(words[1]).restoreEvent(number, OrderEntry.clientSequence(message, 0));
            }
            case "gap" -> scope(words[1]).restoreGap(number);
            case "applied" -> scope(words[1]).restoreApplied(number);
            default -> {
                // What sessions did is of no concern to the next one.
            }
        }
    }

    private Scope scope(final String instrument) {
        return scope(Integer.parseInt(instrument));
    }

    private Scope scope(final int instrument) {
        return scopes.stream().filter(scope -> scope.instrument() == instrument).findFirst().orElseThrow(
            () -> new IllegalStateException("instrument " + instrument + " is none of ours"));
    }

    private void run() throws IOException {
        while (CLOSE != phase) {
            final long nowNs = System.nanoTime();
            int work = readControl(nowNs);
            work += null == aeron || aeron.isClosed() ? openAeron(nowNs) : aeron.conductorAgentInvoker().invoke();
            if (null != aeron && !aeron.isClosed()) {
                work += trade(nowNs);
            }
            if (0 == work) {
                LockSupport.parkNanos(IDLE_NS);
            }
        }
        connections.forEach(connection -> connection.drop("the client ends"));
        CloseHelper.quietClose(aeron);
        journal.close();
    }

    private int trade(final long nowNs) {
        int work = 0;
        for (final ClusterConnection connection : connections) {
            work += connection.poll(aeron, isAwaited(connection.number()), nowNs);
        }
        work += makeCommand(nowNs);
        for (final Scope scope : scopes) {
            work += send(scope, nowNs);
        }
        tellRest();
        return work;
    }

    /** Whether a cluster owes an answer. */
    private boolean isAwaited(final int cluster) {
        return scopes.stream().anyMatch(
            scope -> scope.cluster() == cluster && (!scope.isCurrent() || scope.unanswered() > 0));
    }

    private int makeCommand(final long nowNs) {
        if (TRADE != phase || nowNs - nextDueNs < 0) {
            return 0;
        }
        // A client that could not send for long does not make up for it.
        nextDueNs = Math.max(nextDueNs + settings.intervalNs() - nowNs, 0) + nowNs;
        final Scope scope = scopes.get(flow.below(scopes.size()));
        if (scope.unanswered() >= Scope.MAXIMUM_UNANSWERED) {
            return 0;
        }
        scope.add(out, flow.next(out, scope.instrument(), scope.nextNumber()), nowNs);
        return 1;
    }

    private int send(final Scope scope, final long nowNs) {
        final ClusterConnection connection = connections.get(scope.cluster());
        if (!connection.isConnected()) {
            return 0;
        }
        scope.check(nowNs);
        int sent = 0;
        for (int length = scope.next(out, nowNs);
            length > 0 && sent < BURST && connection.offer(out, length);
            length = scope.next(out, nowNs)) {
            scope.sent(nowNs);
            sent++;
        }
        return sent;
    }

    /** Tells once for each phase that all is answered, and in the phase for it that all events have come. */
    private void tellRest() {
        if (restedIn != phase && scopes.stream().allMatch(this::rests)) {
            restedIn = phase;
            journal.rest(phase);
        }
    }

    private boolean rests(final Scope scope) {
        return scope.isCurrent() && 0 == scope.unanswered() && connections.get(scope.cluster()).isConnected();
    }

    /** Reads what the client is to do: the phase, and how often it was asked to open another session. */
    private int readControl(final long nowNs) throws IOException {
        if (nowNs - controlAtNs < 0) {
            return 0;
        }
        controlAtNs = nowNs + CONTROL_INTERVAL_NS;
        final String[] words = Files.readString(settings.control()).trim().split(" ");
        final int wished = Integer.parseInt(words[0]);
        if (wished != phase) {
            phase = wished;
            if (SETTLE == phase) {
                scopes.forEach(scope -> scope.synchronise(nowNs));
            }
        }
        final int asked = Integer.parseInt(words[1]);
        if (reconnects >= 0 && asked != reconnects) {
            connections.forEach(connection -> connection.drop("it was asked for"));
        }
        reconnects = asked;
        return 0;
    }

    private int openAeron(final long nowNs) {
        if (nowNs - driverAtNs < 0) {
            return 0;
        }
        connections.forEach(connection -> connection.drop("the media driver's client was closed"));
        CloseHelper.quietClose(aeron);
        aeron = null;
        try {
            aeron = Aeron.connect(new Aeron.Context().useConductorAgentInvoker(true).errorHandler(TradingClient::print));
        } catch (final RuntimeException error) {
            print(error);
        }
        driverAtNs = System.nanoTime() + DRIVER_INTERVAL_NS;
        return 1;
    }

    private static void print(final Throwable error) {
        System.err.println(System.currentTimeMillis() + " " + error);
    }

    @Override
    public void onConnected(final ClusterConnection connection, final long sessionId, final int leader) {
        journal.session(connection.number(), sessionId, leader);
        begin(connection);
    }

    @Override
    public void onNewLeader(final ClusterConnection connection, final int leader) {
        journal.leader(connection.number(), leader);
        begin(connection);
    }

    private void begin(final ClusterConnection connection) {
        final long nowNs = System.nanoTime();
        scopes.stream().filter(scope -> scope.cluster() == connection.number()).forEach(scope -> scope.begin(nowNs));
    }

    @Override
    public void onDisconnected(final ClusterConnection connection, final String reason) {
        journal.end(connection.number(), reason);
        begin(connection);
    }

    @Override
    public void onMessage(final ClusterConnection connection, final DirectBuffer in, final int offset, final int length) {
        try {
            dispatch(connection, in, offset, length);
        } catch (final RuntimeException error) {
            // Aeron would go on with the next message.
            error.printStackTrace();
            journal.wrong("a message can't be taken: " + error);
            Runtime.getRuntime().halt(1);
        }
    }

    private void dispatch(final ClusterConnection connection, final DirectBuffer in, final int offset, final int length) {
        final long nowNs = System.nanoTime();
        final int template = OrderEntry.template(in, offset, length);
        switch (template) {
            case OrderEntry.SEQUENCE_REJECT -> scope(OrderEntry.intAt(in, offset, 16)).synchronise(nowNs);
            case OrderEntry.RESUME_COMPLETE -> from(connection, OrderEntry.intAt(in, offset, 16)).ifPresent(
                scope -> scope.onResumeComplete(OrderEntry.longAt(in, offset, 0), OrderEntry.longAt(in, offset, 8), nowNs));
            case OrderEntry.EVENT_GAP -> from(connection, OrderEntry.intAt(in, offset, 32)).ifPresent(
                scope -> scope.onEventGap(OrderEntry.longAt(in, offset, 8), nowNs));
            case OrderEntry.COMMAND_REFUSED ->
                from(connection, OrderEntry.intAt(in, offset, 8)).ifPresent(scope -> scope.onMoved(nowNs));
            case OrderEntry.MOVED ->
                from(connection, OrderEntry.intAt(in, offset, 16)).ifPresent(scope -> scope.onMoved(nowNs));
            case OrderEntry.MESSAGE_REJECT -> onMessageReject(
                OrderEntry.shortAt(in, offset, 0), OrderEntry.byteAt(in, offset, 2));
            case OrderEntry.SESSION_REPLACED -> {
                // An earlier attempt to connect came late; the cluster closes this session now.
            }
            default -> {
                final int at = OrderEntry.participantAt(template);
                if (at < 0 || OrderEntry.intAt(in, offset, at) != settings.participant()) {
                    journal.wrong("a message of template " + template + " that is not for this participant");
                } else {
                    scope(OrderEntry.intAt(in, offset, at + Integer.BYTES)).onEvent(in, offset, length, nowNs);
                }
            }
        }
    }

    private void onMessageReject(final int template, final int reason) {
        if (OrderEntry.NO_PARTICIPANT != reason) {
            journal.wrong("the cluster refuses a message of template " + template + " for reason " + reason);
        }
    }

    /** The scope of an instrument, if this cluster is taken for its owner: answers of the one before come late, and say nothing. */
    private Optional<Scope> from(final ClusterConnection connection, final int instrument) {
        return Optional.of(scope(instrument)).filter(scope -> scope.cluster() == connection.number());
    }
}
