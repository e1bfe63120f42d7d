package io.lugus;

import io.aeron.Counter;
import io.aeron.archive.Archive;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ClusterBackup;
import io.aeron.cluster.ConsensusModule;

/**
 * Launches an archive that obeys only who has the members' key, if there is one, and gives the consensus module that key.
 * Without a key the archive is Aeron's, which obeys everybody who reaches it.
 */
final class ArchiveDoor {
    /** {@code true} if clients without a key may read what the archive has recorded. */
    static final String READERS_PROPERTY = "lugus.archive.readers";

    /** Type of the counter of refused sessions and requests (Aeron leaves 1000 and up to applications). */
    static final int REFUSALS_TYPE_ID = 2020;

    private final MembersKey key;
    private final SessionNumbers numbers = new SessionNumbers();
    private Counter refusals;

    ArchiveDoor(final MembersKey key) {
        this.key = key;
    }

    /** The door with the key that the system properties name, if they name one. */
    static ArchiveDoor configured() {
        return new ArchiveDoor(MembersKey.configured());
    }

    /** Launches an archive with this context. */
    Archive launch(final Archive.Context context) {
        if (null == key) {
            return Archive.launch(context);
        }
        final ArchiveAuthenticator.Readers readers = Boolean.getBoolean(READERS_PROPERTY)
            ? ArchiveAuthenticator.Readers.ADMITTED
            : ArchiveAuthenticator.Readers.REFUSED;
        // The archive asks for both when its own Aeron client is there, and from its own thread alone.
        context
            .authenticatorSupplier(() -> new ArchiveAuthenticator(key, readers, numbers::scatter, counted(context)))
            .authorisationServiceSupplier(() -> new ArchiveAuthorisation(counted(context)))
            .archiveClientContext(new AeronArchive.Context().credentialsSupplier(key));
        final Archive archive = Archive.launch(context);
        numbers.begin(archive);
        return archive;
    }

    /** The context with a client of the local archive that has the key. Everything else is as Aeron would set it. */
    ConsensusModule.Context admit(final ConsensusModule.Context context) {
        if (null == key) {
            return context;
        }
        final int responseStream = context.clusterId() * 100 + 100 + AeronArchive.Configuration.controlResponseStreamId();
        return context.archiveContext(local().controlResponseStreamId(responseStream));
    }

    /** The context with clients of the local archive and of the members' archives that have the key. */
    ClusterBackup.Context admit(final ClusterBackup.Context context) {
        return null == key ? context
            : context.archiveContext(local()).clusterArchiveContext(new AeronArchive.Context().credentialsSupplier(key));
    }

    private AeronArchive.Context local() {
        final String channel = AeronArchive.Configuration.localControlChannel();
        return new AeronArchive.Context()
            .controlRequestChannel(channel)
            .controlResponseChannel(channel)
            .controlRequestStreamId(AeronArchive.Configuration.localControlStreamId())
            .credentialsSupplier(key);
    }

    private Runnable counted(final Archive.Context context) {
        if (null == refusals) {
            refusals = context.aeron().addCounter(REFUSALS_TYPE_ID, "Lugus refused archive sessions and requests");
        }
        return refusals::increment;
    }
}
