package io.lugus;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.cluster.codecs.AdminRequestDecoder;
import io.aeron.cluster.codecs.AdminRequestType;
import io.aeron.cluster.codecs.BackupQueryDecoder;
import io.aeron.cluster.codecs.MessageHeaderDecoder;
import io.aeron.security.AuthorisationService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ClusterAuthorisationTest {
    private static final String KEY = "d8f796648cfa14d271240160d46ff7a8";

    private final AuthorisationService authorisation = new ClusterAuthorisationSupplier().get();

    @ParameterizedTest
    @CsvSource({
        "9:1:KEY:administrator:0, true", "9:1:KEY:administrator:500, true", "9:1:KEY, false", "0:1:KEY, false", "9, false", "'', false",
        "9:1:KEY:reader:0, false", "9:1:KEY:trader:500, false", "0:1:KEY:operator:500, false", "administrator, false",
        "9:administrator:KEY, false", "9:1:administrator, false", "9:1:KEY:0:administrator, false", "9:1:KEY:administrators:0, false"
    })
    void onlyAnAdministratorAsksForASnapshot(final String principal, final boolean isAuthorised) {
        for (final AdminRequestType type : AdminRequestType.values()) {
            assertEquals(isAuthorised, authorisation.isAuthorised(
                MessageHeaderDecoder.SCHEMA_ID, AdminRequestDecoder.TEMPLATE_ID, type, principal.replace("KEY", KEY).getBytes(US_ASCII)));
        }
    }

    @Test
    void backupsAreAnsweredAsByAeron() {
        final byte[] trader = ("9:1:" + KEY).getBytes(US_ASCII);
        final int schema = MessageHeaderDecoder.SCHEMA_ID;
        assertTrue(authorisation.isAuthorised(schema, BackupQueryDecoder.TEMPLATE_ID, null, trader));
        assertFalse(authorisation.isAuthorised(schema + 1, AdminRequestDecoder.TEMPLATE_ID, null, trader));
        assertFalse(authorisation.isAuthorised(schema, 9_999, null, trader));
    }
}
