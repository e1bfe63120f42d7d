//! Checks of memory: swap, large pages, locks, shared memory and the buffers of sockets.

use super::check::Check;

/// Buffers of sockets that Aeron asks for when it is tuned (best practices of its wiki), in bytes: with less, bursts are lost in the kernel.
const SOCKET_BUFFER: u64 = 2 * 1024 * 1024;

/// Place of shared memory, where drivers have their directories.
pub const SHARED_MEMORY: &str = "/dev/shm";

/// Size of it from which a deployment puts its Aeron directories there, in bytes.
const MINIMUM_SHARED_MEMORY: u64 = 1 << 30;

/// Swap, by `/proc/swaps`.
pub fn swap(swaps: &str) -> Check {
    const NAME: &str = "swap";
    let mut lines = swaps.lines();
    if lines.next().is_none_or(|head| !head.starts_with("Filename")) {
        return Check::unknown(NAME, "the system does not tell");
    }
    let used: u64 = lines.clone().filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok()).sum();
    match (lines.count(), used) {
        (0, _) => Check::good(NAME, "none"),
        (_, 0) => Check::good(NAME, "there is some, and none is in use"),
        (_, used) => Check::bad(
            NAME,
            format!("{used} KiB in use: a page that was swapped out takes milliseconds to come back"),
            "swapoff -a",
        ),
    }
}

/// Use of transparent huge pages: `/sys/kernel/mm/transparent_hugepage/enabled`.
pub fn huge_pages(enabled: &str) -> Check {
    const NAME: &str = "transparent huge pages";
    let chosen = enabled.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(chosen, _)| chosen);
    match chosen {
        None => Check::unknown(NAME, "the system does not tell"),
        Some("always") => Check::bad(
            NAME,
            "always: the kernel stops threads while it puts pages together",
            "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
        ),
        Some("never") => Check::good(NAME, "never: large books are slower than with madvise"),
        Some(other) => Check::good(NAME, other),
    }
}

/// Memory that may be locked, by `/proc/self/limits`; it matters where there is swap, by `/proc/swaps`.
pub fn locked_memory(limits: &str, swaps: &str) -> Check {
    const NAME: &str = "locked memory";
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max locked memory")?.split_whitespace().next());
    let has_swap = swaps.lines().count() > 1;
    match limit {
        None => Check::unknown(NAME, "the system does not tell"),
        Some("unlimited") => Check::good(NAME, "unlimited"),
        Some(limit) if !has_swap => {
            Check::good(NAME, format!("{limit} bytes, and without swap no memory needs a lock"))
        }
        Some(limit) => Check::bad(
            NAME,
            format!("{limit} bytes: the logs can be swapped out"),
            "ulimit -l unlimited (in a unit of systemd: LimitMEMLOCK=infinity), or swapoff -a",
        ),
    }
}

/// Shared memory: the line of `/dev/shm` in `/proc/mounts`, and the size of its file system and what is free there, in bytes.
pub fn shared_memory(mounts: &str, size: u64, free: u64) -> Check {
    const NAME: &str = SHARED_MEMORY;
    let mib = |bytes: u64| bytes >> 20;
    let mount = mounts.lines().rev().find_map(|line| {
        let mut words = line.split_whitespace();
        let (_, point, kind, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
        (point == NAME).then_some((kind, options))
    });
    let Some((kind, options)) = mount else {
        return Check::bad(
            NAME,
            "not mounted: the logs are in files on a disk, which the kernel writes back",
            "mount -t tmpfs -o size=4G tmpfs /dev/shm",
        );
    };
    if kind != "tmpfs" {
        return Check::bad(
            NAME,
            format!("{kind}: the logs are in files that the kernel writes back"),
            "mount -t tmpfs -o size=4G tmpfs /dev/shm",
        );
    }
    if size < MINIMUM_SHARED_MEMORY || free < MINIMUM_SHARED_MEMORY {
        return Check::bad(
            NAME,
            format!(
                "{} MiB, {} MiB of them free: with less than 1 GiB the Aeron directories are elsewhere, or there is no room for logs",
                mib(size),
                mib(free)
            ),
            "mount -o remount,size=4G /dev/shm (and delete directories of drivers that no longer run)",
        );
    }
    let is_noexec = options.split(',').any(|option| option == "noexec");
    let noexec = if is_noexec { "; noexec, which matters only to programs that lie there" } else { "" };
    Check::good(NAME, format!("{} MiB, {} MiB of them free{noexec}", mib(size), mib(free)))
}

/// Largest buffers that a socket gets: `net.core.rmem_max` and `net.core.wmem_max`.
pub fn socket_buffers(receive: &str, send: &str) -> Check {
    const NAME: &str = "socket buffers";
    let [receive_bytes, send_bytes] = [receive, send].map(|text| text.trim().parse::<u64>().ok());
    let (Some(receive_bytes), Some(send_bytes)) = (receive_bytes, send_bytes) else {
        return Check::unknown(NAME, "the system does not tell");
    };
    let found = format!("net.core.rmem_max {receive_bytes}, net.core.wmem_max {send_bytes}");
    if receive_bytes >= SOCKET_BUFFER && send_bytes >= SOCKET_BUFFER {
        Check::good(NAME, found)
    } else {
        Check::bad(
            NAME,
            format!("{found}: less than {SOCKET_BUFFER}, so bursts are lost in the kernel and sent again"),
            format!("sysctl -w net.core.rmem_max={SOCKET_BUFFER} net.core.wmem_max={SOCKET_BUFFER}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    const NO_SWAP: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    const IDLE_SWAP: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/dm-1                               partition\t8388604\t\t0\t\t-2\n";
    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
                          Max processes             96364                96364                processes \n\
                          Max locked memory         8388608              8388608              bytes     \n";

    #[test]
    fn swap_spoils_a_measurement_once_it_is_used() {
        assert_eq!(swap(NO_SWAP), Check::good("swap", "none"));
        assert_eq!(swap(IDLE_SWAP).state, State::Good);
        assert_eq!(swap("").state, State::Unknown);
        let used = IDLE_SWAP.replace("\t\t0\t\t", "\t\t123456\t\t") + "/swap.img file\t\t4194300\t\t44\t\t-3\n";
        let check = swap(&used);
        assert!(check.state == State::Bad && check.found.starts_with("123500 KiB"), "{check:?}");
    }

    #[test]
    fn huge_pages_for_all_are_bad() {
        let state = |text| huge_pages(text).state;
        assert_eq!(state("[always] madvise never\n"), State::Bad);
        assert_eq!(state("always [madvise] never\n"), State::Good);
        assert_eq!(state("always madvise [never]\n"), State::Good);
        assert_eq!(state(""), State::Unknown);
    }

    #[test]
    fn locks_matter_where_there_is_swap() {
        assert_eq!(locked_memory(LIMITS, NO_SWAP).state, State::Good);
        assert_eq!(locked_memory(LIMITS, IDLE_SWAP).state, State::Bad);
        let unlimited = LIMITS.replace("8388608              8388608 ", "unlimited            unlimited");
        assert_eq!(locked_memory(&unlimited, IDLE_SWAP), Check::good("locked memory", "unlimited"));
        assert_eq!(locked_memory("", NO_SWAP).state, State::Unknown);
    }

    #[test]
    fn shared_memory_must_be_there_and_large() {
        const MOUNTS: &str = "proc /proc proc rw 0 0\ntmpfs /dev/shm tmpfs rw,relatime,size=24683652k 0 0\n";
        const GIB: u64 = 1 << 30;
        assert_eq!(shared_memory(MOUNTS, 8 * GIB, 4 * GIB), Check::good("/dev/shm", "8192 MiB, 4096 MiB of them free"));
        assert_eq!(shared_memory(MOUNTS, 64 << 20, 64 << 20).state, State::Bad, "the default of Docker");
        assert_eq!(shared_memory(MOUNTS, 8 * GIB, 1 << 20).state, State::Bad, "full");
        assert_eq!(shared_memory("proc /proc proc rw 0 0\n", 0, 0).state, State::Bad);
        assert_eq!(shared_memory("/dev/sda1 /dev/shm ext4 rw 0 0\n", 8 * GIB, 8 * GIB).state, State::Bad);
        let noexec = shared_memory("shm /dev/shm tmpfs rw,nosuid,nodev,noexec 0 0\n", 8 * GIB, 8 * GIB);
        assert!(noexec.state == State::Good && noexec.found.contains("noexec"), "{noexec:?}");
    }

    #[test]
    fn small_buffers_of_sockets_are_bad() {
        assert_eq!(socket_buffers("4194304\n", "4194304\n").state, State::Good);
        let check = socket_buffers("212992\n", "4194304\n");
        assert_eq!(check.mend.as_deref(), Some("sysctl -w net.core.rmem_max=2097152 net.core.wmem_max=2097152"));
        assert_eq!(socket_buffers("", "1\n").state, State::Unknown);
    }
}
