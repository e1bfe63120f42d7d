package io.lugus.cluster;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.Publication;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.codecs.MessageHeaderEncoder;
import io.aeron.cluster.codecs.SessionConnectRequestEncoder;
import io.aeron.cluster.codecs.SessionMessageHeaderEncoder;
import io.lugus.cluster.Command.NewOrder;
import io.lugus.order.entry.ExecutionReportDecoder;
import io.lugus.order.entry.MessageRejectReason;
import io.lugus.order.entry.NewOrderSingleEncoder;
import io.lugus.order.entry.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A message that is not a command is refused and counted, and changes nothing. */
@Order(4)
@ExtendWith(SharedCluster.Resolver.class)
final class RefusedMessagesIT {
    private static final int BLOCK_LENGTH_OFFSET = 0;
    private static final int TEMPLATE_OFFSET = 2;
    private static final int SCHEMA_OFFSET = 4;
    private static final int VERSION_OFFSET = 6;
    private static final int HEADER_LENGTH = 8;
    private static final int OVERSIZED = 100 * 1024;
    private static final int ORDER = NewOrderSingleEncoder.TEMPLATE_ID;

    /** A message, and the refusal that answers it. */
    private record Refused(UnsafeBuffer message, int refTemplateId, MessageRejectReason reason) {
    }

    private static UnsafeBuffer order() {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[256]);
        final int length = NewOrder.limit(1, 1, Side.BUY, 1, 100).encode(buffer, 1);
        return cut(buffer, length);
    }

    private static UnsafeBuffer cut(final UnsafeBuffer message, final int length) {
        final byte[] bytes = new byte[length];
        message.getBytes(0, bytes, 0, Math.min(length, message.capacity()));
        return new UnsafeBuffer(bytes);
    }

    private static UnsafeBuffer edited(final int offset, final int value) {
        final UnsafeBuffer message = order();
        message.putShort(offset, (short)value, LITTLE_ENDIAN);
        return message;
    }

    private static UnsafeBuffer ofSide(final int side) {
        final UnsafeBuffer message = order();
        message.putByte(HEADER_LENGTH + NewOrderSingleEncoder.sideEncodingOffset(), (byte)side);
        return message;
    }

    private static List<Refused> messages() {
        final List<Refused> messages = new ArrayList<>(List.of(
            new Refused(cut(order(), 0), 0, MessageRejectReason.TRUNCATED),
            new Refused(cut(order(), HEADER_LENGTH - 1), 0, MessageRejectReason.TRUNCATED),
            new Refused(cut(order(), HEADER_LENGTH), ORDER, MessageRejectReason.TRUNCATED),
            new Refused(cut(order(), order().capacity() - 1), ORDER, MessageRejectReason.TRUNCATED),
            new Refused(edited(SCHEMA_OFFSET, MessageHeaderEncoder.SCHEMA_ID), ORDER, MessageRejectReason.WRONG_SCHEMA),
            new Refused(edited(TEMPLATE_OFFSET, 999), 999, MessageRejectReason.UNKNOWN_TEMPLATE),
            new Refused(
                edited(TEMPLATE_OFFSET, ExecutionReportDecoder.TEMPLATE_ID),
                ExecutionReportDecoder.TEMPLATE_ID,
                MessageRejectReason.UNKNOWN_TEMPLATE),
            new Refused(
                edited(BLOCK_LENGTH_OFFSET, NewOrderSingleEncoder.BLOCK_LENGTH - 1),
                ORDER,
                MessageRejectReason.WRONG_VERSION),
            new Refused(ofSide(9), ORDER, MessageRejectReason.INVALID_VALUE),
            new Refused(new UnsafeBuffer(new byte[OVERSIZED]), 0, MessageRejectReason.OVERSIZED),
            new Refused(cut(order(), OVERSIZED), ORDER, MessageRejectReason.OVERSIZED)));
        final Random random = new Random(1);
        for (int i = 0; i < 20; i++) {
            final byte[] garbage = new byte[HEADER_LENGTH + random.nextInt(200)];
            random.nextBytes(garbage);
            final UnsafeBuffer message = new UnsafeBuffer(garbage);
            final int templateId = message.getShort(TEMPLATE_OFFSET, LITTLE_ENDIAN) & 0xFFFF;
            messages.add(new Refused(message, templateId, MessageRejectReason.WRONG_SCHEMA));
        }
        return messages;
    }

    @Test
    void whatIsNoCommandIsRefusedAndCounted(final SharedCluster shared) throws Exception {
        final List<Refused> messages = messages();
        try (Participant participant = shared.newParticipant()) {
            final ClusterStatus before = shared.cluster().awaitWhole();
            final long offersBefore = participant.offers();
            for (final Refused refused : messages) {
                final Message.MessageReject reject = participant.ask(Message.MessageReject.class, () -> {
                    participant.buffer().putBytes(0, refused.message(), 0, refused.message().capacity());
                    return refused.message().capacity();
                });
                assertEquals(new Message.MessageReject(refused.refTemplateId(), refused.reason()), reject);
            }
            final long sent = participant.offers() - offersBefore;
            final ClusterStatus after = shared.cluster().awaitStatus("all members have counted", status ->
                status.isWhole() && status.members().stream().allMatch(member ->
                    sent <= member.refusedMessages() - before.member(member.id()).refusedMessages()));
            for (final ClusterStatus.Member member : after.members()) {
                assertEquals(before.member(member.id()).stateHash(), member.stateHash());
                assertEquals(before.member(member.id()).refusedMessages() + sent, member.refusedMessages());
            }
            participant.execute(NewOrder.limit(shared.newInstrument(), 1, Side.BUY, 1, 100));
            final ClusterStatus changed = shared.cluster().awaitStatus("all members have the order", status ->
                status.isWhole() && status.member(0).stateHashPosition() > after.member(0).stateHashPosition());
            assertNotEquals(after.member(0).stateHash(), changed.member(0).stateHash(), "what is a command changes it");
        }
    }

    /** It may mean more than the members know, and members of two versions must do the same: {@code docs/protocol.md}, the active version. */
    @Test
    void aMessageOfALaterVersionThanTheActiveOneIsRefused(final SharedCluster shared) {
        final int instrument = shared.newInstrument();
        try (Participant participant = shared.newParticipant()) {
            final NewOrder order = NewOrder.limit(instrument, 1, Side.BUY, 1, 100);
            final Message.MessageReject reject = participant.ask(Message.MessageReject.class, () -> {
                final int length = order.encode(participant.buffer(), 1);
                participant.buffer()
                    .putShort(BLOCK_LENGTH_OFFSET, (short)(NewOrderSingleEncoder.BLOCK_LENGTH + 16), LITTLE_ENDIAN);
                participant.buffer()
                    .putShort(VERSION_OFFSET, (short)(NewOrderSingleEncoder.SCHEMA_VERSION + 1), LITTLE_ENDIAN);
                return length + 16;
            });
            assertEquals(new Message.MessageReject(ORDER, MessageRejectReason.WRONG_VERSION), reject);
            // It has changed nothing: the next order has its number.
            participant.execute(order);
            new ExpectedEvents(participant, instrument).answer(1, new ExpectedOrder(order, 1).taken()).verify();
        }
    }

    /** Malformed messages of the consensus module's own protocol, which the service never sees. */
    @Test
    void brokenFramesOnTheIngressStreamAreDropped(final SharedCluster shared) throws Exception {
        try (Participant participant = shared.newParticipant()) {
            final ClusterStatus before = shared.cluster().awaitWhole();
            for (final UnsafeBuffer frame : frames(participant.cluster())) {
                offerRaw(participant, frame);
            }
            participant.settle(1);
            final ClusterStatus after = shared.cluster().awaitWhole();
            assertEquals(before.leader(), after.leader());
            for (final ClusterStatus.Member member : after.members()) {
                assertEquals(before.member(member.id()).stateHash(), member.stateHash());
                assertEquals(before.member(member.id()).refusedMessages(), member.refusedMessages());
            }
            assertTrue(participant.newLeaders().isEmpty());
            final String errors = ClusterToolProcess.run(shared.deployment(), after.leader(), "errors").output();
            assertTrue(errors.contains("schemaId"), () -> "they got to the consensus module, which logs them: " + errors);
        }
    }

    private static List<UnsafeBuffer> frames(final AeronCluster session) {
        final List<UnsafeBuffer> frames = new ArrayList<>();
        final Random random = new Random(2);
        for (final int length : new int[] {1, 7, 8, 24, 32, 100, 1_000, 10_000}) {
            final byte[] garbage = new byte[length];
            random.nextBytes(garbage);
            frames.add(new UnsafeBuffer(garbage));
        }
        final MessageHeaderEncoder header = new MessageHeaderEncoder();
        final UnsafeBuffer ofNobody = new UnsafeBuffer(new byte[64]);
        new SessionMessageHeaderEncoder().wrapAndApplyHeader(ofNobody, 0, header)
            .leadershipTermId(session.leadershipTermId()).clusterSessionId(Long.MAX_VALUE);
        frames.add(ofNobody);
        final UnsafeBuffer cutInItsHeader = new UnsafeBuffer(new byte[64]);
        new SessionMessageHeaderEncoder().wrapAndApplyHeader(cutInItsHeader, 0, header)
            .leadershipTermId(session.leadershipTermId()).clusterSessionId(session.clusterSessionId());
        frames.add(cut(cutInItsHeader, 24));
        final UnsafeBuffer connect = new UnsafeBuffer(new byte[256]);
        new SessionConnectRequestEncoder().wrapAndApplyHeader(connect, 0, header)
            .correlationId(1).responseStreamId(1).version(0).responseChannel("not a channel");
        frames.add(connect);
        return frames;
    }

    /** Offers on the session's own publication, so that the message comes before all that the session sends later. */
    private static void offerRaw(final Participant participant, final UnsafeBuffer frame) {
        final Publication ingress = participant.cluster().ingressPublication();
        final Deadline deadline = Deadline.in(Deadline.LONG, () -> "a frame is taken");
        while (ingress.offer(frame) < 0) {
            participant.poll();
            deadline.pause();
        }
    }
}
