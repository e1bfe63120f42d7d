package io.lugus.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.agrona.DirectBuffer;

/**
 * What a client has sent and was told, a line each, in a file that the next process of the client continues. A line is in the file, though not
 * on the disk, when its method returns: so it survives a killed process. The first word says what it is:
 *
 * <pre>
 * process ID                                       a process of the client began
 * send INSTRUMENT NUMBER TIME MESSAGE              a command, before it is sent for the first time; MESSAGE is the SBE message in hexadecimal digits
 * event INSTRUMENT NUMBER TIME MESSAGE             an event, when it was told, in the order of the events' numbers
 * gap INSTRUMENT NUMBER                            events up to this one are no longer kept
 * applied INSTRUMENT NUMBER                        a command of which nothing is known but that it was applied
 * session CLUSTER ID LEADER                        a session was opened
 * leader CLUSTER LEADER                            a session was told its cluster's new leader
 * end CLUSTER REASON                               a session ended
 * rest PHASE                                       the client has come to rest in a phase
 * wrong TEXT                                       what can't be true, whatever happened
 * </pre>
 *
 * TIME is that of the system's monotonic clock, in nanoseconds.
 */
final class Journal implements AutoCloseable {
    /** Greatest length of a line, in bytes: how far back from the end a whole line is looked for. */
    private static final int MAXIMUM_LINE = 64 * 1024;

    private final HexFormat hex = HexFormat.of();
    private final Path path;
    private final FileChannel file;

    /** Opens the file, which need not be there, and cuts off a line that an earlier process could not end. */
    Journal(final Path path) throws IOException {
        this.path = path;
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        file.truncate(endOfLines());
        file.position(file.size());
    }

    /** Length of the file, in bytes. */
    long length() throws IOException {
        return file.size();
    }

    /** Tells the lines that are in the file, one after another. */
    void read(final Consumer<String> earlier) throws IOException {
        try (Stream<String> lines = Files.lines(path, StandardCharsets.ISO_8859_1)) {
            lines.forEach(earlier);
        }
    }

    private long endOfLines() throws IOException {
        final long begin = Math.max(0, file.size() - MAXIMUM_LINE);
        final ByteBuffer last = ByteBuffer.allocate((int)(file.size() - begin));
        while (last.hasRemaining() && file.read(last, begin + last.position()) > 0) {
            // Read on.
        }
        for (int at = last.position() - 1; at >= 0; at--) {
            if ('\n' == last.get(at)) {
                return begin + at + 1;
            }
        }
        return begin;
    }

    void process() {
        write("process " + ProcessHandle.current().pid());
    }

    void send(final int instrument, final long number, final byte[] message) {
        write("send " + instrument + ' ' + number + ' ' + System.nanoTime() + ' ' + hex.formatHex(message));
    }

    void event(final int instrument, final long number, final DirectBuffer in, final int offset, final int length) {
        final long nowNs = System.nanoTime();
        final byte[] message = new byte[length];
        in.getBytes(offset, message);
        write("event " + instrument + ' ' + number + ' ' + nowNs + ' ' + hex.formatHex(message));
    }

    void gap(final int instrument, final long number) {
        write("gap " + instrument + ' ' + number);
    }

    void applied(final int instrument, final long number) {
        write("applied " + instrument + ' ' + number);
    }

    void session(final int cluster, final long id, final int leader) {
        write("session " + cluster + ' ' + id + ' ' + leader);
    }

    void leader(final int cluster, final int leader) {
        write("leader " + cluster + ' ' + leader);
    }

    void end(final int cluster, final String reason) {
        write("end " + cluster + ' ' + reason);
    }

    void rest(final int phase) {
        write("rest " + phase);
    }

    void wrong(final String text) {
        write("wrong " + text);
    }

    /** Without its journal a client does not know what it has sent: then the process ends at once. */
    private void write(final String line) {
        final ByteBuffer bytes = StandardCharsets.ISO_8859_1.encode(line.replace('\n', ' ') + '\n');
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (final IOException error) {
            System.err.println("the journal can't be written: " + error);
            Runtime.getRuntime().halt(1);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
