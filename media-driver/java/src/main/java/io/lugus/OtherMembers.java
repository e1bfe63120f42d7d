package io.lugus;

import io.aeron.Aeron;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ClusterMember;
import io.aeron.cluster.ConsensusModule;
import io.aeron.exceptions.TimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The other members of the cluster, as their archives show them: who lives, and how far each has recorded the log. */
final class OtherMembers {
    private final List<ClusterMember> others;

    private OtherMembers(final List<ClusterMember> others) {
        this.others = others;
    }

    /** The members that the system properties name, without this one. */
    static OtherMembers configured() {
        final int self = ConsensusModule.Configuration.clusterMemberId();
        final ClusterMember[] members = ClusterMember.parse(ConsensusModule.Configuration.clusterMembers());
        return new OtherMembers(Stream.of(members).filter(member -> self != member.id()).toList());
    }

    /** Number of the other members. */
    int count() {
        return others.size();
    }

    /**
     * Asks each how far it has recorded the log. Who does not answer is left out: it is down, or can't be reached.
     *
     * @return a log position for each member that answers; 0 for one that has no log.
     */
    List<Long> recordedPositions(final Aeron aeron) {
        final List<Long> positions = new ArrayList<>();
        for (final ClusterMember member : others) {
            try (AeronArchive archive = MemberArchives.of(aeron, member.archiveEndpoint())) {
                positions.add(logPosition(archive));
            } catch (final TimeoutException down) {
                continue;
            }
        }
        return positions;
    }

    /** Position up to which an archive has recorded the log. */
    private static long logPosition(final AeronArchive archive) {
        final long[] log = {Aeron.NULL_VALUE, 0};
        final int logStreamId = ConsensusModule.Configuration.logStreamId();
        ListedRecording.forEach(archive, recording -> {
            if (logStreamId == recording.streamId()) {
                log[0] = recording.id();
                log[1] = recording.stopPosition();
            }
        });
        if (Aeron.NULL_VALUE == log[0]) {
            return 0;
        }
        return AeronArchive.NULL_POSITION == log[1] ? archive.getMaxRecordedPosition(log[0]) : log[1];
    }
}
