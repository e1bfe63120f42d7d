package io.lugus;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.Counter;
import io.aeron.archive.Archive;
import io.aeron.archive.checksum.Checksums;
import io.aeron.cluster.ClusteredArchive;
import io.aeron.cluster.ConsensusDoor;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.ElectionState;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.cluster.service.RecoveryState;
import java.io.File;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.ErrorHandler;
import org.agrona.SystemUtil;
import org.agrona.concurrent.ShutdownSignalBarrier;
import org.agrona.concurrent.status.CountersReader;

/**
 * The archive and the consensus module of one member, in one JVM, configured by Aeron's system properties.
 *
 * <p>It differs from {@link ClusteredArchive}'s own main in eight things: it prints the line {@code ready} when both
 * answer, it prints errors as they happen, it ends with exit code 1 when one of its threads can't continue, where
 * Aeron's main would continue without that thread, it ends with exit code 65 when what it has recorded is damaged
 * ({@link RecordingLogCheck}, {@link LogCheck}), the time of its log never goes back ({@link LogClock}), its log does not
 * grow without end ({@link LogUpkeep}), it ends the member when the service of a leader hangs ({@link ServiceWatchdog}), and
 * as a leader it counts only what others have of its own log ({@link ConsensusDoor}). Its archive obeys only members, if they
 * have a key ({@link ArchiveDoor}), and connects that lead to no session are bounded ({@link IngressDoor}). It ends with exit
 * code 0 after an ordered shutdown of the cluster.
 */
public final class ClusteredArchiveProcess {
    private static final long POLL_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final String ADVICE_ON_DAMAGE = "The member stays down. Check the disk; then lugus repair rebuilds the "
        + "member from the others";

    /** Property with the milliseconds that are added to the wall clock, to test what wrong clocks do. */
    private static final String CLOCK_OFFSET_PROPERTY = "lugus.test.clock.offset";

    /** Property with the greatest difference of log time and wall clock that is not reported. */
    private static final String MAXIMUM_CLOCK_DIFFERENCE_PROPERTY = "lugus.clock.maximum.difference";

    private ClusteredArchiveProcess() {
    }

    /**
     * Runs until the cluster is shut down, the process gets SIGTERM, or something fails.
     *
     * @param args none.
     */
    public static void main(final String[] args) {
        final ErrorReport errors = new ErrorReport(System.err, ADVICE_ON_DAMAGE, ClusteredArchiveProcess::end);
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> errors.end(error));
        try {
            run(errors);
        } catch (final Throwable error) {
            errors.end(error);
        }
    }

    private static void end(final int status) {
        NodeProcess.killIfStopped();
        Runtime.getRuntime().halt(status);
    }

    @SuppressWarnings("try")
    private static void run(final ErrorReport errors) throws IOException {
        final Archive.Context archive = new Archive.Context().errorHandler(errors);
        final ConsensusModule.Context context = new ConsensusModule.Context();
        checkLog(errors);
        WarmUp.run(System.out);
        final ArchiveDoor door = ArchiveDoor.configured();
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
                Archive ignored = door.launch(archive)) {
            // The archive has waited for the media driver, which may start at the same time, so its counters are there now.
            setClock(context);
            final ConsensusThread consensus = ConsensusThread.of(context);
            final ConsensusModule.Context guarded = ConsensusDoor.guard(IngressDoor.guard(door.admit(
                context.errorHandler(consensusErrors(errors, context)).terminationHook(barrier::signalAll))));
            try (ConsensusModule member = ConsensusModule.launch(guarded)) {
                awaitRecovered(member.context());
                System.out.println("ready");
                ServiceWatchdog.start(member.context(), System.err);
                LogUpkeep.start(member.context(), consensus, errors, System.err);
                barrier.await();
                endWithoutService(member.context());
            }
        }
    }

    /** Ends the process if what the member would start from is damaged. */
    private static void checkLog(final ErrorReport errors) throws IOException {
        final String checksum = Archive.Configuration.replayChecksum();
        final File archiveDirectory = new File(Archive.Configuration.archiveDirName());
        final File clusterDirectory = new File(ClusteredServiceContainer.Configuration.clusterDirName());
        final String brokenList = RecordingLogCheck.findDamage(clusterDirectory);
        if (null != brokenList) {
            errors.endDamaged(brokenList);
        }
        final String gap = LogStart.findGap(archiveDirectory, clusterDirectory);
        if (null != gap) {
            errors.end(gap, ErrorReport.DAMAGED);
        }
        final LogCheck check = LogCheck.of(
            archiveDirectory,
            clusterDirectory,
            null == checksum ? null : Checksums.newInstance(checksum));
        final String damage = check.findDamageAtEnds();
        if (null != damage) {
            errors.endDamaged(damage);
        }
        check.findDamageBeforeEnds(errors::endDamaged);
    }

    /** Makes the log's time never go back, and watches how far it is from the wall clock. The media driver must run. */
    static void setClock(final ConsensusModule.Context context) {
        final long offsetMs = Long.getLong(CLOCK_OFFSET_PROPERTY, 0);
        final long offsetNs = TimeUnit.MILLISECONDS.toNanos(offsetMs);
        if (0 != offsetMs) {
            System.err.println("warning: this member's clock is wrong by " + offsetMs + " ms, because of "
                + CLOCK_OFFSET_PROPERTY + ", which is for tests");
        }
        final LongSupplier wallClock = () -> WallClock.epochNanos() + offsetNs;
        final CountersReader counters = ClusterCounter.countersOf(CommonContext.getAeronDirectoryName());
        final ClusterCounter logTime = new ClusterCounter(counters, context.clusterId(), ServiceCounters.LOG_TIME_TYPE_ID);
        context.clusterClock(new LogClock(wallClock, System::nanoTime, () -> electionState(context), logTime::get));
        final String bound = System.getProperty(MAXIMUM_CLOCK_DIFFERENCE_PROPERTY);
        if (null != bound) {
            final long boundNs = SystemUtil.parseDuration(MAXIMUM_CLOCK_DIFFERENCE_PROPERTY, bound);
            context.clusterTimeConsumerSupplier(
                concluded -> new ClockWatch(concluded, counters, wallClock, boundNs, System.err));
        }
    }

    private static long electionState(final ConsensusModule.Context context) {
        final Counter counter = context.electionStateCounter();
        return null == counter || counter.isClosed() ? Aeron.NULL_VALUE : counter.get();
    }

    /** Reports errors, and ends a member that tries to join its cluster in vain. Only the consensus module's thread calls it. */
    private static ErrorHandler consensusErrors(final ErrorReport errors, final ConsensusModule.Context context) {
        final JoinErrors joining = new JoinErrors();
        return error -> {
            errors.onError(error);
            final Counter election = context.electionStateCounter();
            final Counter commitPosition = context.commitPositionCounter();
            if (null != election && null != commitPosition && !election.isClosed() && !commitPosition.isClosed()
                && joining.isInVain(
                    System.nanoTime(), ElectionState.CLOSED.code() != election.get(), commitPosition.get())) {
                errors.end("the member can't join its cluster at log position " + commitPosition.get() + ": " + error.getMessage());
            }
        };
    }

    /**
     * Ends the process at once if the consensus module still waits for its service. It has written nothing then, and
     * closing it would take seconds.
     */
    private static void endWithoutService(final ConsensusModule.Context context) {
        if (!context.aeron().isClosed() && isStarting(context)) {
            Runtime.getRuntime().halt(0);
        }
    }

    private static boolean isStarting(final ConsensusModule.Context context) {
        return ConsensusModule.State.INIT == ConsensusModule.State.get(context.moduleStateCounter());
    }

    /**
     * Waits until the consensus module offers its recovery state to the service. By then it has connected to the
     * archive and asked it for snapshots and log. Any thread may use the reader of the counters.
     */
    private static void awaitRecovered(final ConsensusModule.Context context) {
        final Aeron aeron = context.aeron();
        while (!aeron.isClosed() && isStarting(context)
            && Aeron.NULL_VALUE == RecoveryState.findCounterId(aeron.countersReader(), context.clusterId())) {
            LockSupport.parkNanos(POLL_INTERVAL_NS);
        }
    }
}
