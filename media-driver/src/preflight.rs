//! Checks before a member or the coordinator is started: programs, cores, free space, ports. Each error says what to do.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::{ClusterSpec, CoordinatorSpec, Deployment, Endpoint, MemberSpec, Size, TermLength};
use rustix::fs::statvfs;
use rustix::thread::{CpuSet, sched_getaffinity};

use crate::{ProcessError, java, media_driver};

const OLDEST_JAVA: u32 = 17;

/// Time to wait for a port: a port of a predecessor that was just killed becomes free a moment after its lock.
const WAIT_FOR_PORT: Duration = Duration::from_millis(500);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Least free space for a running media driver: without space its next write to a mapped file kills it.
const DRIVER_RESERVE: Size = Size::mib(16);

/// Space for the media driver's own files: counters, command buffers, error log.
const DRIVER_FILES: Size = Size::mib(64);

/// Checks that the media driver's program, the jars and Java are there.
pub(crate) fn check_programs(deployment: &Deployment) -> Result<(), ProcessError> {
    media_driver::program(deployment)?;
    java::jars(deployment)?;
    check_java(&deployment.java.binary)
}

/// Checks the cores, free space and ports of a member. The caller holds the member's lock: until then a predecessor may have
/// the ports.
pub(crate) fn check_member(cluster: &ClusterSpec, member: &MemberSpec) -> Result<(), ProcessError> {
    check_cores(member)?;
    check_space(cluster, member)?;
    let deadline = Instant::now() + WAIT_FOR_PORT;
    let owner = format!("member {}", member.id);
    member.endpoints.each().try_for_each(|(key, endpoint)| check_port(&owner, key, endpoint, deadline))
}

/// Checks the free space and ports of the coordinator. The caller holds the coordinator's lock.
pub(crate) fn check_coordinator(deployment: &Deployment, coordinator: &CoordinatorSpec) -> Result<(), ProcessError> {
    check_coordinator_disks(deployment, coordinator)?;
    let deadline = Instant::now() + WAIT_FOR_PORT;
    let mut endpoints = coordinator.endpoints().into_iter();
    endpoints.try_for_each(|(key, endpoint)| check_port("the coordinator", key, endpoint, deadline))
}

/// Checks the free space that must be there as long as the coordinator runs.
pub(crate) fn check_coordinator_disks(
    deployment: &Deployment,
    coordinator: &CoordinatorSpec,
) -> Result<(), ProcessError> {
    free_space(&coordinator.archive_dir, deployment.archive.minimum_free_space, "the coordinator's archive")?;
    let driver = coordinator.aeron_dir.parent().unwrap_or(&coordinator.aeron_dir);
    free_space(driver, DRIVER_RESERVE, "a media driver")
}

/// Checks the free space that must be there as long as a member runs.
pub(crate) fn check_disks(cluster: &ClusterSpec, member: &MemberSpec) -> Result<(), ProcessError> {
    check_free_space(member, cluster.deployment().archive.minimum_free_space)
}

fn check_free_space(member: &MemberSpec, needed: Size) -> Result<(), ProcessError> {
    free_space(&member.archive_dir, needed, "the archive")?;
    free_space(&member.cluster_dir, needed, "the consensus module")?;
    free_space(driver_disk(member), DRIVER_RESERVE, "a media driver")
}

fn check_space(cluster: &ClusterSpec, member: &MemberSpec) -> Result<(), ProcessError> {
    // A member with less would hand over as soon as it leads.
    check_free_space(member, cluster.deployment().archive.reserve())?;
    free_space(driver_disk(member), driver_space(&cluster.deployment().term_length), "a media driver")
}

/// The folder around the driver's directory, as the directory itself may not be there yet.
fn driver_disk(member: &MemberSpec) -> &Path {
    member.aeron_dir.parent().unwrap_or(&member.aeron_dir)
}

/// Space that a media driver may need: the log as it sends and receives it, a few publications of each other kind, and its
/// own files. Each publication takes three terms.
fn driver_space(term_length: &TermLength) -> Size {
    let TermLength { ingress, log, control, udp, ipc } = *term_length;
    let terms = [(log, 2), (ingress, 1), (control, 2), (udp, 4), (ipc, 2)]
        .map(|(length, buffers)| 3 * buffers * length.as_bytes());
    Size::bytes(DRIVER_FILES.as_bytes() + terms.iter().sum::<u64>())
}

fn free_space(dir: &Path, needed: Size, purpose: &'static str) -> Result<(), ProcessError> {
    let disk = statvfs(dir).map_err(|error| ProcessError::file("look at", dir)(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= needed.as_bytes() {
        return Ok(());
    }
    // In whole MiB, for people.
    let free = Size::mib(free >> 20);
    Err(ProcessError::NoSpace { path: dir.to_path_buf(), free, needed, purpose })
}

fn check_port(owner: &str, key: &'static str, endpoint: &Endpoint, deadline: Instant) -> Result<(), ProcessError> {
    loop {
        match UdpSocket::bind((endpoint.host.as_str(), endpoint.port)) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::AddrInUse => {
                let endpoint = endpoint.to_string();
                return Err(ProcessError::Address { endpoint, key, owner: owner.to_owned(), source: error });
            }
            Err(_) if Instant::now() >= deadline => {
                let (endpoint, owner) = (endpoint.to_string(), owner.to_owned());
                return Err(ProcessError::PortInUse { endpoint, key, owner });
            }
            Err(_) => thread::sleep(POLL_INTERVAL),
        }
    }
}

fn check_cores(member: &MemberSpec) -> Result<(), ProcessError> {
    let Some(cores) = &member.cores else { return Ok(()) };
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    let wanted = cores.driver.iter().chain(&cores.consensus).chain([&cores.service]);
    let usable = |core: &&u16| usize::from(**core) < CpuSet::MAX_CPU && allowed.is_set(usize::from(**core));
    match wanted.into_iter().find(|core| !usable(core)) {
        Some(core) => Err(ProcessError::NoCore { core: *core, member: member.id }),
        None => Ok(()),
    }
}

fn check_java(binary: &Path) -> Result<(), ProcessError> {
    let missing = |reason: String| ProcessError::NoJava { binary: binary.to_path_buf(), reason };
    let output = Command::new(binary).arg("-version").output().map_err(|error| missing(reason(&error)))?;
    let text = String::from_utf8_lossy(&output.stderr);
    match version(&text) {
        Some((_, major)) if output.status.success() && major >= OLDEST_JAVA => Ok(()),
        Some((version, _)) if output.status.success() => {
            Err(ProcessError::OldJava { binary: binary.to_path_buf(), version: version.to_owned() })
        }
        _ => Err(missing(format!("{} ({})", text.lines().next().unwrap_or("it says nothing"), output.status))),
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => String::from("there is no such program"),
        _ => error.to_string(),
    }
}

/// The version that `java -version` prints, with its major number: 17 of `17.0.15`, 8 of `1.8.0_402`.
fn version(text: &str) -> Option<(&str, u32)> {
    let version = text.split('"').nth(1)?;
    let mut numbers = version.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    match (numbers.next()?.ok()?, numbers.next()) {
        (1, Some(Ok(major))) => Some((version, major)),
        (major, _) => Some((version, major)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java() {
        for (text, found) in [
            ("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK", Some(("17.0.15", 17))),
            ("java version \"1.8.0_402\"", Some(("1.8.0_402", 8))),
            ("openjdk version \"21\" 2023-09-19", Some(("21", 21))),
            ("openjdk version \"25-ea\"", Some(("25-ea", 25))),
            ("openjdk version \"x\"", None),
            ("nothing", None),
        ] {
            assert_eq!(version(text), found, "{text}");
        }
    }

    #[test]
    fn a_driver_of_the_default_lengths_needs_less_than_half_a_gibibyte() {
        assert!(driver_space(&TermLength::default()) < Size::mib(512));
    }
}
