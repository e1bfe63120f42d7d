package io.lugus;

import io.aeron.archive.Archive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.agrona.SystemUtil;

/**
 * Watches the free space of the disks that a member writes to. Below the reserve, a member makes room if it can, and one that
 * leads hands over: it ends, so that a member with more space leads. It hands over only if the others are a majority that has
 * the log without it; otherwise the cluster would stand still, although there is space yet. A member without even the minimum
 * is ended by the process that started it.
 */
final class DiskSpace {
    /** Property with the free space in bytes below which a leader hands over. */
    static final String RESERVE_PROPERTY = "lugus.disk.reserve";

    private final long minimum;
    private final long reserve;
    private final List<Path> folders;

    /**
     * Makes a watch.
     *
     * @param minimum free space in bytes without which others end the member.
     * @param reserve free space in bytes below which a leader hands over.
     * @param folders a folder on each disk.
     */
    DiskSpace(final long minimum, final long reserve, final List<Path> folders) {
        this.minimum = minimum;
        this.reserve = reserve;
        this.folders = folders;
    }

    /** The watch that the system properties name. */
    static DiskSpace configured(final List<Path> folders) {
        return new DiskSpace(
            Archive.Configuration.lowStorageSpaceThreshold(), SystemUtil.getSizeAsLong(RESERVE_PROPERTY, 0), folders);
    }

    /**
     * Looks at the disks.
     *
     * @return what is short of space, for people; null if nothing is.
     */
    String shortage() throws IOException {
        for (final Path folder : folders) {
            final long free = Files.getFileStore(folder).getUsableSpace();
            if (minimum <= free && free < reserve) {
                return folder + " has " + (free >> 20) + " MiB free, which is less than the reserve of " + (reserve >> 20) + " MiB";
            }
        }
        return null;
    }

    /**
     * Whether a cluster goes on without its leader.
     *
     * @param members number of members of the cluster.
     * @param followers number of other members that have recorded what the cluster has committed.
     */
    static boolean canHandOver(final int members, final int followers) {
        return followers > members / 2;
    }
}
