package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lugus.LogRetention.Decision;
import io.lugus.LogRetention.Snapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class LogRetentionTest {
    private static final long DAY_NS = TimeUnit.DAYS.toNanos(1);
    private static final LogRetention TWO = new LogRetention(2, 0);

    /** Snapshots at positions 100, 200, ..., one a day, the last of them now. */
    private static List<Snapshot> daily(final int count, final long nowNs) {
        final List<Snapshot> snapshots = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            snapshots.add(new Snapshot(100L * i, nowNs - (count - i) * DAY_NS));
        }
        return snapshots;
    }

    private static long cut(final LogRetention retention, final List<Snapshot> snapshots, final long lowestPosition) {
        return retention.decide(snapshots, 1_000 * DAY_NS, lowestPosition).cut();
    }

    @Test
    void theNewestTwoAreKept() {
        assertEquals(400, cut(TWO, daily(5, 1_000 * DAY_NS), Long.MAX_VALUE));
        assertEquals(100, cut(TWO, daily(2, 1_000 * DAY_NS), Long.MAX_VALUE));
    }

    @Test
    void nothingGoesAsLongAsThereAreTooFew() {
        for (int count = 0; count < 2; count++) {
            final Decision decision = TWO.decide(daily(count, 0), 0, Long.MAX_VALUE);
            assertEquals(LogRetention.NOTHING_GOES, decision.cut());
            assertEquals(count + " of at least 2 snapshots are there", decision.reason());
        }
    }

    @Test
    void aMemberThatIsBehindKeepsTheLogOfTheOthers() {
        assertEquals(300, cut(TWO, daily(5, 0), 399));
        assertEquals(300, cut(TWO, daily(5, 0), 300));
        assertEquals(200, cut(TWO, daily(5, 0), 299));
        final Decision decision = TWO.decide(daily(5, 0), 0, 0);
        assertEquals(LogRetention.NOTHING_GOES, decision.cut(), "an empty member lives, and needs the whole log");
        assertEquals("a member of the cluster has the log only up to position 0", decision.reason());
    }

    @Test
    void theLogOfSomeDaysIsKeptWithASnapshotToReplayItFrom() {
        final List<Snapshot> snapshots = daily(10, 1_000 * DAY_NS);
        assertEquals(600, cut(new LogRetention(2, 4 * DAY_NS), snapshots, Long.MAX_VALUE));
        assertEquals(500, cut(new LogRetention(2, 4 * DAY_NS + 1), snapshots, Long.MAX_VALUE));
        assertEquals(LogRetention.NOTHING_GOES, cut(new LogRetention(2, 10 * DAY_NS), snapshots, Long.MAX_VALUE));
        assertEquals(700, cut(new LogRetention(4, 2 * DAY_NS), snapshots, Long.MAX_VALUE), "the strictest rule counts");
    }

    @Test
    void whateverThereIsEnoughIsKept() {
        final Random random = new Random(17);
        for (int run = 0; run < 10_000; run++) {
            final long nowNs = 1_000 * DAY_NS;
            final List<Snapshot> snapshots = new ArrayList<>();
            final int count = random.nextInt(8);
            for (int i = 0; i < count; i++) {
                snapshots.add(new Snapshot(random.nextInt(1_000), nowNs - (long)(random.nextDouble() * 20 * DAY_NS)));
            }
            Collections.shuffle(snapshots, random);
            final LogRetention retention = new LogRetention(1 + random.nextInt(4), random.nextInt(3) * 5 * DAY_NS);
            final long lowest = random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(1_000);
            final long cut = retention.decide(snapshots, nowNs, lowest).cut();
            if (LogRetention.NOTHING_GOES != cut) {
                final String what = retention + " " + lowest + " " + snapshots + " " + cut;
                assertTrue(snapshots.stream().anyMatch(snapshot -> cut == snapshot.position()), what);
                assertTrue(cut <= lowest, what);
                assertTrue(retention.snapshots() <= snapshots.stream().filter(snapshot -> snapshot.position() >= cut).count(), what);
                assertTrue(
                    0 == retention.ageNs()
                        || snapshots.stream().anyMatch(
                            snapshot -> snapshot.position() >= cut && snapshot.timeNs() <= nowNs - retention.ageNs()),
                    what);
                // Nothing is kept without a reason: with the next newer snapshot as the oldest, one of the rules would be broken.
                final long next =
                    snapshots.stream().mapToLong(Snapshot::position).filter(position -> position > cut).min().orElse(Long.MAX_VALUE);
                assertTrue(
                    next > lowest
                        || snapshots.stream().filter(snapshot -> snapshot.position() >= next).count() < retention.snapshots()
                        || (0 < retention.ageNs()
                            && snapshots.stream().noneMatch(
                                snapshot -> snapshot.position() >= next && snapshot.timeNs() <= nowNs - retention.ageNs())),
                    what);
            }
        }
    }
}
