package io.lugus.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The {@code lugus} command, as an operator runs it on one deployment. */
final class LugusProgram {
    private static final long TIMEOUT_S = 60;

    private final Path binary;
    private final Path config;

    LugusProgram(final Path config) {
        this.config = config;
        binary = Path.of(System.getProperty("lugus.binary", "../../target/release/lugus")).toAbsolutePath().normalize();
        assertTrue(
            Files.isExecutable(binary) && Files.isExecutable(binary.resolveSibling("lugus-media-driver")),
            () -> "no " + binary + ": run cargo build --release -p lugus -p lugus-media-driver");
    }

    Path binary() {
        return binary;
    }

    /** Runs a command to its end, and returns its JSON answer. */
    JsonObject run(final String... arguments) throws IOException, InterruptedException {
        final Path out = Files.createTempFile(config.getParent(), "lugus", ".out");
        final Path err = Files.createTempFile(config.getParent(), "lugus", ".err");
        try {
            final Process process = builder(arguments).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
            end(process, arguments);
            assertEquals(0, process.exitValue(), () -> String.join(" ", arguments) + ": " + text(out) + text(err));
            return JsonParser.parseString(Files.readString(out)).getAsJsonObject();
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    private static void end(final Process process, final String... arguments) throws InterruptedException {
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("lugus " + String.join(" ", arguments) + " does not end");
        }
    }

    /** Starts a command in the background. All that it prints is written to {@code log}. */
    Process start(final File log, final String... arguments) throws IOException {
        return builder(arguments).redirectErrorStream(true).redirectOutput(Redirect.appendTo(log)).start();
    }

    /** Starts a command whose standard output the caller reads. */
    Process open(final File log, final String... arguments) throws IOException {
        return builder(arguments).redirectError(log).start();
    }

    private ProcessBuilder builder(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(binary.toString(), "--json", "--config", config.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectInput(new File("/dev/null"));
    }

    private static String text(final Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException error) {
            return error.toString();
        }
    }
}
