package io.lugus;

import io.aeron.cluster.AllowBackupAndStandbyAuthorisationService;
import io.aeron.cluster.codecs.AdminRequestDecoder;
import io.aeron.cluster.codecs.MessageHeaderDecoder;
import io.aeron.security.AuthorisationService;
import io.aeron.security.AuthorisationServiceSupplier;

/**
 * Who may send a consensus module other requests than messages of its session, in a deployment with keys: administrators send
 * admin requests, such as that for a snapshot. Requests of backups and standby members are answered as Aeron does by default, to
 * everybody who has authenticated.
 */
public final class ClusterAuthorisationSupplier implements AuthorisationServiceSupplier {
    /** Called by Aeron, which has the name of this class. */
    public ClusterAuthorisationSupplier() {
    }

    @Override
    public AuthorisationService get() {
        return ClusterAuthorisationSupplier::isAuthorised;
    }

    private static boolean isAuthorised(
        final int protocolId, final int actionId, final Object type, final byte[] encodedPrincipal) {
        if (MessageHeaderDecoder.SCHEMA_ID == protocolId && AdminRequestDecoder.TEMPLATE_ID == actionId) {
            return Participants.isAdministrator(encodedPrincipal);
        }
        return AllowBackupAndStandbyAuthorisationService.INSTANCE.isAuthorised(
            protocolId, actionId, type, encodedPrincipal);
    }
}
