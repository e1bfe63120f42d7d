//! The processes of one member: media driver, archive and consensus module, started, watched and ended together.

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

/// Interval between two checks of the free space.
const DISKS_INTERVAL: Duration = Duration::from_secs(1);

/// The media driver, the archive and the consensus module of a member. They are killed when this is dropped, and when the
/// process that started them ends in any way.
#[derive(Debug)]
pub struct MemberProcesses {
    // Dropped in this order: the processes are killed before the lock is released.
    consensus_module: ChildProcess,
    media_driver: ChildProcess,
    lock: FolderLock,
    cluster: ClusterSpec,
    member: MemberSpec,
    disks_checked: Instant,
}

impl MemberProcesses {
    /// Checks programs, cores, space and ports, locks the member's folder, clears what a killed predecessor left,
    /// starts the processes, and waits until they answer: the driver to a client, the archive to the consensus module,
    /// and the consensus module with the recovery state from which a service begins.
    ///
    /// # Errors
    ///
    /// Something is missing or in use, or a process ends or does not answer in time. After an error no process is left
    /// running.
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
        // The JVM takes longer to start, and waits for the driver by itself.
        let consensus_module = consensus_module::start(cluster, member, &lock)?;
        let (cluster, member, disks_checked) = (cluster.clone(), member.clone(), Instant::now());
        let mut processes = Self { consensus_module, media_driver, lock, cluster, member, disks_checked };
        processes.await_ready()?;
        Ok(processes)
    }

    /// Checks that the processes run and the disks have space. Does not block: call it every few milliseconds.
    ///
    /// # Errors
    ///
    /// A process has ended, or a disk is nearly full. Then the member must end; dropping this kills what still runs.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.media_driver.check()?;
        self.consensus_module.check()?;
        if self.disks_checked.elapsed() >= DISKS_INTERVAL {
            self.disks_checked = Instant::now();
            preflight::check_disks(&self.cluster, &self.member)?;
        }
        Ok(())
    }

    /// Ends the processes one after another, each within `timeouts.stop_timeout`, and deletes the driver's directory.
    pub fn stop(self) {
        let timeout = self.cluster.deployment().timeouts.stop_timeout;
        self.consensus_module.stop(timeout);
        self.media_driver.stop(timeout);
        let _ = clear_driver_directory(&self.member.aeron_dir);
        let _ = consensus_module::clear_warm_up(&self.member);
        // The folder around it goes too, if it is empty now.
        let _ = self.member.aeron_dir.parent().map(std::fs::remove_dir);
        drop(self.lock);
    }

    /// Endpoints and directories of the member.
    pub fn member(&self) -> &MemberSpec {
        &self.member
    }

    /// Lock of the member's folder, for another process to inherit: a successor starts only when that process is gone too.
    pub fn lock(&self) -> &FolderLock {
        &self.lock
    }

    /// Process ids of the media driver, and of the JVM with archive and consensus module.
    pub fn pids(&self) -> [u32; 2] {
        [self.media_driver.pid(), self.consensus_module.pid()]
    }

    fn await_ready(&mut self) -> Result<(), ProcessError> {
        let (started, timeout) = (Instant::now(), self.cluster.deployment().timeouts.start_timeout);
        // The driver first: when it fails, the JVM fails too, with a less helpful error.
        while !self.media_driver.is_ready(READY_LINE, started, timeout)? {
            thread::sleep(POLL_INTERVAL);
        }
        let driver = started.elapsed();
        while !self.consensus_module.is_ready(READY_LINE, started, timeout)? {
            self.media_driver.check()?;
            thread::sleep(POLL_INTERVAL);
        }
        tracing::info!(member = %self.member.id, ?driver, consensus_module = ?started.elapsed(), "the media driver and the consensus module have started");
        Ok(())
    }
}

fn clear(member: &MemberSpec) -> Result<(), ProcessError> {
    consensus_module::clear_directories(member)?;
    clear_driver_directory(&member.aeron_dir)?;
    let root: PathBuf = member.aeron_dir.parent().map(Path::to_path_buf).unwrap_or_default();
    std::fs::create_dir_all(&root).map_err(ProcessError::file("make", root))
}
