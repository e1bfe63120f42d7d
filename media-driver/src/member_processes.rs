//! The processes of one member, as one: started together, watched together, ended together.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::{ClusterSpec, MemberId, MemberSpec};

use crate::driver_options::DriverOptions;
use crate::{
    ChildProcess, FolderLock, ProcessError, READY_LINE, clear_driver_directory, consensus_module, media_driver,
    preflight,
};

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// How often free space is looked at.
const DISKS_INTERVAL: Duration = Duration::from_secs(1);

/// The media driver, the archive and the consensus module of a member. When this is dropped, or our process ends in any way,
/// they are killed.
#[derive(Debug)]
pub struct MemberProcesses {
    // In the order in which they are killed; the lock last.
    consensus_module: ChildProcess,
    media_driver: ChildProcess,
    lock: FolderLock,
    cluster: ClusterSpec,
    member: MemberSpec,
    disks_checked: Instant,
}

impl MemberProcesses {
    /// Checks what must be there, takes the member's folder, clears what a killed predecessor left, starts the processes, and
    /// waits until they answer: the driver to a client, the archive to the consensus module, and the consensus module with
    /// the recovery state that a service begins with.
    ///
    /// # Errors
    ///
    /// Something is missing or in use, or a process ends or does not answer in time. Then none is left running.
    pub fn start(cluster: &ClusterSpec, member: MemberId) -> Result<Self, ProcessError> {
        let no_such_member = || ProcessError::NoSuchMember { cluster: cluster.id, member };
        let member = cluster.member(member).ok_or_else(no_such_member)?;
        let deployment = cluster.deployment();
        preflight::check_programs(deployment)?;
        let lock = FolderLock::take(&member.dir)?;
        clear(member)?;
        preflight::check_member(cluster, member)?;
        let cores = member.cores.as_ref().map(|cores| cores.driver);
        let options = DriverOptions::new(member.aeron_dir.clone(), deployment, deployment.profile, cores);
        let media_driver = media_driver::start(deployment, &options, &member.dir, &lock)?;
        // The JVM waits for the driver by itself, and takes longer to start.
        let consensus_module = consensus_module::start(cluster, member, &lock)?;
        let (cluster, member, disks_checked) = (cluster.clone(), member.clone(), Instant::now());
        let mut processes = Self { consensus_module, media_driver, lock, cluster, member, disks_checked };
        processes.await_ready()?;
        Ok(processes)
    }

    /// Whether all is well. Does not block: call it every few milliseconds.
    ///
    /// # Errors
    ///
    /// A process has ended, or the disk is nearly full. Then the member must end; dropping this kills the others.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.media_driver.check()?;
        self.consensus_module.check()?;
        if self.disks_checked.elapsed() >= DISKS_INTERVAL {
            self.disks_checked = Instant::now();
            preflight::check_disks(&self.cluster, &self.member)?;
        }
        Ok(())
    }

    /// Ends them in order, each within `timeouts.stop_timeout`, and deletes the driver's directory.
    pub fn stop(self) {
        let timeout = self.cluster.deployment().timeouts.stop_timeout;
        self.consensus_module.stop(timeout);
        self.media_driver.stop(timeout);
        let _ = clear_driver_directory(&self.member.aeron_dir);
        // The folder around it too, when it was the last one there.
        let _ = self.member.aeron_dir.parent().map(std::fs::remove_dir);
        drop(self.lock);
    }

    /// The member.
    pub fn member(&self) -> &MemberSpec {
        &self.member
    }

    /// Its lock: for another process that must be gone before a successor starts.
    pub fn lock(&self) -> &FolderLock {
        &self.lock
    }

    /// Process ids of the media driver, and of the archive and consensus module.
    pub fn pids(&self) -> [u32; 2] {
        [self.media_driver.pid(), self.consensus_module.pid()]
    }

    fn await_ready(&mut self) -> Result<(), ProcessError> {
        let (started, timeout) = (Instant::now(), self.cluster.deployment().timeouts.start_timeout);
        // The driver first: when it fails, the JVM fails because of it.
        while !self.media_driver.is_ready(READY_LINE, started, timeout)? {
            thread::sleep(POLL_INTERVAL);
        }
        let driver = started.elapsed();
        while !self.consensus_module.is_ready(READY_LINE, started, timeout)? {
            self.media_driver.check()?;
            thread::sleep(POLL_INTERVAL);
        }
        tracing::info!(member = %self.member.id, ?driver, consensus_module = ?started.elapsed(), "processes answer");
        Ok(())
    }
}

fn clear(member: &MemberSpec) -> Result<(), ProcessError> {
    consensus_module::clear_directories(member)?;
    clear_driver_directory(&member.aeron_dir)?;
    let root: PathBuf = member.aeron_dir.parent().map(Path::to_path_buf).unwrap_or_default();
    std::fs::create_dir_all(&root).map_err(ProcessError::file("make", root))
}
