package io.lugus;

import io.aeron.archive.codecs.ArchiveIdRequestDecoder;
import io.aeron.archive.codecs.BoundedReplayRequestDecoder;
import io.aeron.archive.codecs.CloseSessionRequestDecoder;
import io.aeron.archive.codecs.KeepAliveRequestDecoder;
import io.aeron.archive.codecs.ListRecordingRequestDecoder;
import io.aeron.archive.codecs.ListRecordingsForUriRequestDecoder;
import io.aeron.archive.codecs.ListRecordingsRequestDecoder;
import io.aeron.archive.codecs.MaxRecordedPositionRequestDecoder;
import io.aeron.archive.codecs.RecordingPositionRequestDecoder;
import io.aeron.archive.codecs.ReplayRequestDecoder;
import io.aeron.archive.codecs.ReplayTokenRequestDecoder;
import io.aeron.archive.codecs.StartPositionRequestDecoder;
import io.aeron.archive.codecs.StopPositionRequestDecoder;
import io.aeron.archive.codecs.StopReplayRequestDecoder;
import io.aeron.security.AuthorisationService;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/** What the sessions of an archive may do: members everything, readers read, and a session that is not let in may only end. */
final class ArchiveAuthorisation implements AuthorisationService {
    /** The principal of a reader's sessions. */
    static final byte[] READER = "reader".getBytes(StandardCharsets.US_ASCII);

    private static final Set<Integer> READING = Set.of(
        ArchiveIdRequestDecoder.TEMPLATE_ID,
        BoundedReplayRequestDecoder.TEMPLATE_ID,
        CloseSessionRequestDecoder.TEMPLATE_ID,
        KeepAliveRequestDecoder.TEMPLATE_ID,
        ListRecordingRequestDecoder.TEMPLATE_ID,
        ListRecordingsForUriRequestDecoder.TEMPLATE_ID,
        ListRecordingsRequestDecoder.TEMPLATE_ID,
        MaxRecordedPositionRequestDecoder.TEMPLATE_ID,
        RecordingPositionRequestDecoder.TEMPLATE_ID,
        ReplayRequestDecoder.TEMPLATE_ID,
        ReplayTokenRequestDecoder.TEMPLATE_ID,
        StartPositionRequestDecoder.TEMPLATE_ID,
        StopPositionRequestDecoder.TEMPLATE_ID,
        StopReplayRequestDecoder.TEMPLATE_ID);

    private final Runnable refusals;

    ArchiveAuthorisation(final Runnable refusals) {
        this.refusals = refusals;
    }

    @Override
    public boolean isAuthorised(
        final int protocolId, final int actionId, final Object type, final byte[] encodedPrincipal) {
        final boolean isAuthorised;
        if (MembersKey.isMember(encodedPrincipal)) {
            isAuthorised = true;
        } else if (Arrays.equals(READER, encodedPrincipal)) {
            isAuthorised = READING.contains(actionId);
        } else {
            isAuthorised = CloseSessionRequestDecoder.TEMPLATE_ID == actionId;
        }
        if (!isAuthorised) {
            refusals.run();
        }
        return isAuthorised;
    }
}
