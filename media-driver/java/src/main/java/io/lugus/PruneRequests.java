package io.lugus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Requests of {@code lugus prune} to this member, and the answers: files in the folder of the consensus module. Whoever may write
 * there may do anything to the member anyway.
 */
final class PruneRequests {
    /** File with the number that the asker gives the request. */
    static final String REQUEST_FILE = "prune.request";

    /** File with the answer, one JSON document, which has that number. */
    static final String ANSWER_FILE = "prune.answer";

    private static final String NUMBER = "[0-9]{1,20}";

    private final Path folder;

    /** For the requests in this folder. */
    PruneRequests(final Path folder) {
        this.folder = folder;
    }

    /** Takes the request that is there, and returns its number; null if there is none. */
    String take() throws IOException {
        final Path request = folder.resolve(REQUEST_FILE);
        if (!Files.exists(request)) {
            return null;
        }
        final String number = Files.readString(request, StandardCharsets.ISO_8859_1).strip();
        Files.delete(request);
        return number.matches(NUMBER) ? number : null;
    }

    /** Answers a request with what was purged. */
    void answer(final String number, final LogPruning.Pruned pruned) throws IOException {
        write("{\"request\":" + number + ",\"freed_bytes\":" + pruned.freedBytes() + ",\"kept_from\":" + pruned.keptFrom()
            + ",\"reason\":" + quoted(pruned.reason()) + "}");
    }

    /** Answers a request with why nothing could be purged. */
    void answerError(final String number, final String error) throws IOException {
        write("{\"request\":" + number + ",\"error\":" + quoted(error) + "}");
    }

    private void write(final String answer) throws IOException {
        final Path unfinished = folder.resolve(ANSWER_FILE + ".new");
        Files.writeString(unfinished, answer);
        Files.move(unfinished, folder.resolve(ANSWER_FILE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** A text as JSON has it. */
    private static String quoted(final String text) {
        final StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if ('"' == c || '\\' == c) {
                quoted.append('\\').append((char)c);
            } else {
                quoted.append(c < ' ' ? ' ' : (char)c);
            }
        });
        return quoted.append('"').toString();
    }
}
