package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.aeron.archive.client.ArchiveException;
import io.aeron.cluster.service.ClusterTerminationException;
import io.aeron.exceptions.AeronException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.agrona.concurrent.AgentTerminationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ErrorReportTest {
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final AtomicInteger exitCode = new AtomicInteger(-1);
    private final ErrorReport errors = new ErrorReport(new PrintStream(printed), "Do this", exitCode::set);

    static Stream<Throwable> fatal() {
        return Stream.of(
            new InternalError("a fault occurred in a recent unsafe memory access"),
            new OutOfMemoryError(),
            new AgentTerminationException("stopped"),
            new ClusterTerminationException(false),
            new AeronException("driver gone", AeronException.Category.FATAL));
    }

    @ParameterizedTest
    @MethodSource("fatal")
    void endsTheProcessWhenAPartCannotGoOn(final Throwable error) {
        errors.onError(error);
        assertEquals(1, exitCode.get());
        assertEquals(1, printed.toString().lines().count());
    }

    @Test
    void tellsThatADiskIsFull() {
        errors.onError(new ArchiveException("No space left on device", ArchiveException.STORAGE_SPACE));
        assertEquals(ErrorReport.NO_SPACE, exitCode.get());
        assertEquals(1, printed.toString().lines().count());
    }

    @Test
    void tellsDamageFromWhatAnotherStartMayMend() {
        errors.onError(new ArchiveException("CRC checksum mismatch at position=64", ArchiveException.GENERIC));
        assertEquals(ErrorReport.DAMAGED, exitCode.get());
        assertTrue(printed.toString().contains(". Do this"), printed.toString());
    }

    @Test
    void theErrorThatEndsTheProcessIsPrintedAfterAnyNumberOfOthers() {
        for (int i = 0; i < 2 * ErrorReport.MAXIMUM_LINES; i++) {
            errors.onError(new IllegalStateException("again"));
        }
        errors.onError(new OutOfMemoryError("the last"));
        assertTrue(printed.toString().stripTrailing().endsWith("fatal: OutOfMemoryError: the last"));
    }

    static Stream<Throwable> other() {
        return Stream.of(
            new AeronException("late", AeronException.Category.WARN),
            new ArchiveException("unknown recording", ArchiveException.UNKNOWN_RECORDING),
            new ClusterTerminationException(true),
            new IllegalStateException());
    }

    @ParameterizedTest
    @MethodSource("other")
    void goesOnOtherwise(final Throwable error) {
        errors.onError(error);
        assertEquals(-1, exitCode.get());
        assertEquals(1, printed.toString().lines().count());
    }

    @Test
    void tellsTheCauseInOneLine() {
        errors.onError(new IllegalStateException("can't\n record", new IOException("No space left on device")));
        assertEquals(
            "IllegalStateException: can't record, caused by IOException: No space left on device\n",
            printed.toString().replace(System.lineSeparator(), "\n"));
    }

    @Test
    void isQuietAfterMany() {
        for (int i = 0; i < 2 * ErrorReport.MAXIMUM_LINES; i++) {
            errors.onError(new IllegalStateException("again"));
        }
        assertEquals(ErrorReport.MAXIMUM_LINES + 1, printed.toString().lines().count());
    }
}
