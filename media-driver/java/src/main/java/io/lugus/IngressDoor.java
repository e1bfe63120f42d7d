package io.lugus;

import io.aeron.ChannelUri;
import io.aeron.ControlledFragmentAssembler;
import io.aeron.Counter;
import io.aeron.Image;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.codecs.MessageHeaderDecoder;
import io.aeron.cluster.codecs.SessionConnectRequestDecoder;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.Header;
import io.aeron.security.Authenticator;
import io.aeron.security.AuthenticatorSupplier;
import java.lang.reflect.Field;
import org.agrona.DirectBuffer;
import org.agrona.SystemUtil;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;

/**
 * Stands before a consensus module's ingress over UDP, and drops connects that would cost it too much: Aeron makes a publication to
 * the address that a connect names, and a session, before it asks the authenticator.
 *
 * <p>Places for such connects are bounded ({@link PendingConnects}), the channel for the answer must be plain
 * ({@link ResponseChannel}), and so are messages of several fragments bounded ({@link BoundedAssembler}). What is dropped is
 * counted and gets no answer, as an answer would be the cost. Aeron has no setting for it, so the door replaces a private field of
 * the pinned version; a version without that field fails at the start.
 */
final class IngressDoor {
    /** Number of places for connects that have not led to a session. */
    static final String MAXIMUM_PROPERTY = "lugus.maximum.pending.connects";

    /** Number of those places that one address may take. */
    static final String MAXIMUM_OF_ADDRESS_PROPERTY = "lugus.maximum.pending.connects.of.address";

    /** Type of the counter of dropped connects (Aeron leaves 1000 and up to applications). */
    static final int REFUSALS_TYPE_ID = 2021;

    /** Term length of a channel that names none: the media driver's. */
    private static final String DEFAULT_TERM_LENGTH = "4m";

    private final ConsensusModule.Context context;
    private final MessageHeaderDecoder messageHeader = new MessageHeaderDecoder();
    private final SessionConnectRequestDecoder connect = new SessionConnectRequestDecoder();
    private PendingConnects pending;
    private Counter refusals;
    private ControlledFragmentHandler ingress;

    private IngressDoor(final ConsensusModule.Context context) {
        this.context = context;
    }

    /** The context of a consensus module that has this door. */
    static ConsensusModule.Context guard(final ConsensusModule.Context context) {
        return guard(context, ConsensusModule.Configuration.authenticatorSupplier());
    }

    /** The context of a consensus module that has this door and, behind it, this authenticator. */
    static ConsensusModule.Context guard(final ConsensusModule.Context context, final AuthenticatorSupplier authenticator) {
        final IngressDoor door = new IngressDoor(context);
        return context
            .authenticatorSupplier(() -> door.watch(authenticator.get()))
            .threadFactory(runner -> {
                // The thread that polls the ingress does not run yet.
                door.install(((AgentRunner)runner).agent());
                return new Thread(runner);
            });
    }

    /** Called by the consensus module while it is made, when its context is complete. */
    private Authenticator watch(final Authenticator authenticator) {
        pending = new PendingConnects(
            Integer.getInteger(MAXIMUM_PROPERTY), Integer.getInteger(MAXIMUM_OF_ADDRESS_PROPERTY), context.sessionTimeoutNs());
        refusals = context.aeron().addCounter(REFUSALS_TYPE_ID, "Lugus refused connects");
        return new WatchedAuthenticator(authenticator, pending);
    }

    private void install(final Agent consensusModule) {
        try {
            final Object adapter = fieldOf(consensusModule, "ingressAdapter").get(consensusModule);
            final Field assembler = fieldOf(adapter, "udpFragmentAssembler");
            ingress = ((ControlledFragmentAssembler)assembler.get(adapter)).delegate();
            assembler.set(adapter, new BoundedAssembler(this::onMessage, maximumMessageLength(), refusals::increment));
        } catch (final ReflectiveOperationException error) {
            throw new IllegalStateException("this version of Aeron's consensus module reads its ingress otherwise", error);
        }
    }

    private static Field fieldOf(final Object object, final String name) throws NoSuchFieldException {
        final Field field = object.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /** The longest message that a publication of the configured ingress channel can send, in bytes. */
    private int maximumMessageLength() {
        final String termLength = ChannelUri.parse(context.ingressChannel()).get("term-length", DEFAULT_TERM_LENGTH);
        return FrameDescriptor.computeMaxMessageLength((int)SystemUtil.parseSize("term-length", termLength));
    }

    private ControlledFragmentHandler.Action onMessage(
        final DirectBuffer buffer, final int offset, final int length, final Header header) {
        if (length < MessageHeaderDecoder.ENCODED_LENGTH) {
            refusals.increment();
            return ControlledFragmentHandler.Action.CONTINUE;
        }
        messageHeader.wrap(buffer, offset);
        if (MessageHeaderDecoder.SCHEMA_ID != messageHeader.schemaId()
            || SessionConnectRequestDecoder.TEMPLATE_ID != messageHeader.templateId()) {
            return ingress.onFragment(buffer, offset, length, header);
        }
        connect.wrap(
            buffer, offset + MessageHeaderDecoder.ENCODED_LENGTH, messageHeader.blockLength(), messageHeader.version());
        final String source = ((Image)header.context()).sourceIdentity();
        if (!ResponseChannel.isPlain(connect.responseChannel())
            || !pending.begin(addressOf(source), context.clusterClock().timeNanos())) {
            refusals.increment();
            return ControlledFragmentHandler.Action.CONTINUE;
        }
        final ControlledFragmentHandler.Action action = ingress.onFragment(buffer, offset, length, header);
        pending.end();
        return action;
    }

    /** The address of a source {@code address:port}, with an IPv6 address in brackets. */
    static String addressOf(final String source) {
        final int colon = source.lastIndexOf(':');
        return colon < 0 ? source : source.substring(0, colon);
    }
}
