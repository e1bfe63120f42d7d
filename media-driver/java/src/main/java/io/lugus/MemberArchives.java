package io.lugus;

import io.aeron.Aeron;
import io.aeron.ChannelUri;
import io.aeron.CommonContext;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ConsensusModule;
import io.aeron.security.NullCredentialsSupplier;
import java.util.concurrent.TimeUnit;

/** Connects to the archives of a cluster's members. */
final class MemberArchives {
    /** Longest wait for an answer of an archive. One that does not answer is taken for down. */
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);

    private MemberArchives() {
    }

    /** The archive of this member, over shared memory. */
    static AeronArchive ofThisMember(final Aeron aeron) {
        final String channel = AeronArchive.Configuration.localControlChannel();
        return connect(aeron, channel, AeronArchive.Configuration.localControlStreamId(), channel);
    }

    /**
     * The archive of another member.
     *
     * @param endpoint its host and port, from the list of the cluster's members.
     */
    static AeronArchive of(final Aeron aeron, final String endpoint) {
        final ChannelUri channel = ChannelUri.parse("aeron:udp");
        channel.put(CommonContext.ENDPOINT_PARAM_NAME, endpoint);
        return connect(
            aeron,
            channel.toString(),
            AeronArchive.Configuration.controlStreamId(),
            ConsensusModule.Configuration.replicationChannel());
    }

    /** The one place where such a client is made, and gets what the archives ask of it. */
    private static AeronArchive connect(
        final Aeron aeron, final String requestChannel, final int requestStreamId, final String responseChannel) {
        final MembersKey key = MembersKey.configured();
        return AeronArchive.connect(new AeronArchive.Context()
            .aeron(aeron)
            .credentialsSupplier(null == key ? new NullCredentialsSupplier() : key)
            .ownsAeronClient(false)
            .messageTimeoutNs(TIMEOUT_NS)
            .controlRequestChannel(requestChannel)
            .controlRequestStreamId(requestStreamId)
            .controlResponseChannel(responseChannel));
    }
}
