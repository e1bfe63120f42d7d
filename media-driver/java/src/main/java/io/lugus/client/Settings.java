package io.lugus.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the client's process is told by its properties; channels, streams and Aeron's own time-outs are those of Aeron's properties.
 *
 * @param participant number of the participant.
 * @param key of the participant; null in a deployment without keys.
 * @param clusters ingress endpoints of each cluster, as Aeron's client takes them.
 * @param instruments numbers of the instruments.
 * @param intervalNs between two commands.
 * @param seed of the commands.
 * @param askAgainNs time after which a message or its answer counts as lost.
 * @param silenceNs time without an answer after which another session is opened.
 * @param newLeaderTimeoutNs time within which a cluster must have a new leader.
 * @param journal path of the journal.
 * @param control path of the file that says what the client is to do: a phase, and how often it is to open another session.
 */
record Settings(
    int participant,
    byte[] key,
    List<String> clusters,
    List<Integer> instruments,
    long intervalNs,
    long seed,
    long askAgainNs,
    long silenceNs,
    long newLeaderTimeoutNs,
    Path journal,
    Path control) {
    /** The settings of this process. */
    static Settings configured() throws IOException {
        final String key = System.getProperty("lugus.client.key");
        return new Settings(
            Integer.parseInt(property("participant")),
            null == key ? null : HexFormat.of().parseHex(Files.readString(Path.of(key)).trim()),
            List.of(property("clusters").split(";")),
            Stream.of(property("instruments").split(",")).map(Integer::valueOf).toList(),
            Long.parseLong(property("interval")),
            Long.parseLong(property("seed")),
            Long.parseLong(property("ask.again")),
            Long.parseLong(property("silence")),
            Long.parseLong(property("new.leader.timeout")),
            Path.of(property("journal")),
            Path.of(property("control")));
    }

    private static String property(final String name) {
        final String value = System.getProperty("lugus.client." + name);
        if (null == value) {
            throw new IllegalArgumentException("the property lugus.client." + name + " is missing");
        }
        return value;
    }
}
