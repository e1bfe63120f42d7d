package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PruneRequestsTest {
    @TempDir
    private Path folder;

    private PruneRequests requests;

    @BeforeEach
    void make() {
        requests = new PruneRequests(folder);
    }

    private void ask(final String text) throws IOException {
        Files.writeString(folder.resolve(PruneRequests.REQUEST_FILE), text);
    }

    private JsonObject answer() throws IOException {
        return JsonParser.parseString(Files.readString(folder.resolve(PruneRequests.ANSWER_FILE))).getAsJsonObject();
    }

    @Test
    void aRequestIsTakenOnce() throws IOException {
        assertNull(requests.take());
        ask("17\n");
        assertEquals("17", requests.take());
        assertNull(requests.take());
    }

    @Test
    void whatIsNoNumberIsDropped() throws IOException {
        for (final String text : new String[] {"", "x", "-1", "1,\"freed_bytes\":2", "123456789012345678901"}) {
            ask(text);
            assertNull(requests.take(), text);
            assertNull(requests.take(), text);
        }
    }

    @Test
    void answersAreJson() throws IOException {
        requests.answer("17", new LogPruning.Pruned(1L << 40, 64, "a \"reason\" \\ in\ntwo lines"));
        assertEquals(17, answer().get("request").getAsLong());
        assertEquals(1L << 40, answer().get("freed_bytes").getAsLong());
        assertEquals(64, answer().get("kept_from").getAsLong());
        assertEquals("a \"reason\" \\ in two lines", answer().get("reason").getAsString());
        requests.answerError("18", "it failed");
        assertEquals(18, answer().get("request").getAsLong());
        assertEquals("it failed", answer().get("error").getAsString());
    }
}
