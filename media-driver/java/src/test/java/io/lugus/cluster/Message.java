package io.lugus.cluster;

import io.lugus.order.entry.MessageRejectReason;
import io.lugus.order.entry.RejectReason;
import java.util.List;

/** A message from the cluster to a session: a numbered event ({@link Report}), or an answer without a number. */
sealed interface Message {
    /** An event. */
    record Event(Report report) implements Message {
    }

    /** A gap in the numbers of commands: the command was not applied. */
    record SequenceReject(long clientSequence, long expectedClientSequence, long instrument) implements Message {
    }

    /** The numbers that a scope has reached. */
    record ResumeComplete(long lastClientSequence, long lastEventSequence, long instrument) implements Message {
    }

    /** The command was not applied, and its number not used. */
    record CommandRefused(long clientSequence, long instrument, RejectReason reason) implements Message {
    }

    /** The message was no command. */
    record MessageReject(int refTemplateId, MessageRejectReason reason) implements Message {
    }

    /** A newer session took over. */
    record SessionReplaced(long participant) implements Message {
    }

    /** A price level. */
    record Level(long price, long quantity, long orders) {
    }

    /** A book; levels best first. */
    record Book(long requestId, long instrument, List<Level> bids, List<Level> offers) implements Message {
    }

    /** There is no such book. */
    record BookReject(long requestId, long instrument) implements Message {
    }
}
