package io.aeron.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedLogTest {
    private static final long LEADERS = 7;

    @TempDir
    private Path folder;

    /** A leader's recording log: a snapshot in term 2, and terms 3, 5 and 6, which begin at 1000, 2000 and 2000. */
    private long bound(final long termId, final long position) {
        try (RecordingLog log = new RecordingLog(folder.toFile(), true)) {
            if (log.entries().isEmpty()) {
                log.appendSnapshot(5, 2, 500, 900, 0, 0);
                log.appendTerm(1, 3, 1_000, 0);
                log.appendTerm(1, 5, 2_000, 0);
                log.appendTerm(1, 6, 2_000, 0);
            }
            return SharedLog.bound(log.entries(), LEADERS, termId, position);
        }
    }

    @Test
    void aLogIsSharedUntilTheLeadersGoesOnToAnotherTerm() {
        assertEquals(1_500, bound(3, 1_500));
        assertEquals(2_000, bound(3, 2_000));
        assertEquals(2_000, bound(3, 9_999));
        // Nothing was appended in term 5.
        assertEquals(2_000, bound(5, 2_001));
    }

    @Test
    void theLeadersLastTermIsSharedWhole() {
        assertEquals(9_999, bound(6, 9_999));
    }

    @Test
    void whoFollowsTheLeaderOrANewerOneReportsWhatItHas() {
        assertEquals(9_999, bound(LEADERS, 9_999));
        assertEquals(9_999, bound(LEADERS + 1, 9_999));
    }

    @Test
    void aTermIsKnownByASnapshotToo() {
        assertEquals(950, bound(2, 950));
        assertEquals(1_000, bound(2, 1_001));
    }

    @Test
    void nothingIsSharedForCertainInATermThatTheLeaderDoesNotKnow() {
        assertEquals(0, bound(1, 800));
        assertEquals(0, bound(4, 1_500));
        assertEquals(-1, bound(-1, -1), "it has reported nothing");
    }

    @Test
    void aTermThatIsNoLongerValidDoesNotCount() {
        bound(0, 0);
        try (RecordingLog log = new RecordingLog(folder.toFile(), false)) {
            log.invalidateEntry(log.entries().indexOf(log.findTermEntry(5)));
        }
        assertEquals(0, bound(5, 1_000));
    }
}
