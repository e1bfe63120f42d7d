package io.lugus.cluster;

import io.lugus.order.entry.MessageRejectReason;
import io.lugus.order.entry.RejectReason;
import java.util.List;

/** What a session gets of the cluster: numbered events ({@link Report}) and answers without a number. */
sealed interface Message {
    /** An event. */
    record Event(Report report) implements Message {
    }

    /** A hole: the command was not applied. */
    record SequenceReject(long clientSequence, long expectedClientSequence, long instrument) implements Message {
    }

    /** Where a scope stands. */
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
