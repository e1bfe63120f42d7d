package io.lugus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DiskSpaceTest {
    @TempDir
    private Path folder;

    @Test
    void aDiskWithLessThanTheReserveIsShort() throws IOException {
        assertNull(new DiskSpace(0, 1, List.of(folder, folder)).shortage());
        assertNull(new DiskSpace(Long.MAX_VALUE, Long.MAX_VALUE, List.of(folder)).shortage(), "others end the member");
        final String shortage = new DiskSpace(0, Long.MAX_VALUE, List.of(folder)).shortage();
        assertNotNull(shortage);
        assertTrue(shortage.startsWith(folder + " has "), shortage);
    }

    @Test
    void aLeaderHandsOverOnlyToAMajorityWithoutIt() {
        for (int members = 1; members <= 9; members++) {
            for (int followers = 0; followers < members; followers++) {
                assertEquals(followers >= members / 2 + 1, DiskSpace.canHandOver(members, followers), members + " " + followers);
            }
        }
    }
}
