//! The processes of the coordinator, as one: media driver and archive, started, watched and ended together.

use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::{CoordinatorSpec, Deployment, Profile};

use crate::driver_options::DriverOptions;
use crate::{
    ChildProcess, FolderLock, ProcessError, READY_LINE, archive, clear_driver_directory, media_driver, preflight,
};

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// How often free space is looked at.
const DISKS_INTERVAL: Duration = Duration::from_secs(1);

/// The coordinator's media driver and archive. When this is dropped, or our process ends in any way, they are killed.
#[derive(Debug)]
pub struct CoordinatorProcesses {
    // In the order in which they are killed; the lock last.
    archive: ChildProcess,
    media_driver: ChildProcess,
    lock: FolderLock,
    deployment: Deployment,
    coordinator: CoordinatorSpec,
    disks_checked: Instant,
}

impl CoordinatorProcesses {
    /// Checks what must be there, takes the coordinator's folder, clears what a killed predecessor left, starts the
    /// processes, and waits until they answer.
    ///
    /// # Errors
    ///
    /// Another coordinator has the folder, something is missing or in use, or a process ends or does not answer in time.
    /// Then none is left running.
    pub fn start(deployment: &Deployment) -> Result<Self, ProcessError> {
        // Whatever the members' profile: the coordinator does little, and has no cores of its own.
        let mut deployment = deployment.clone();
        deployment.profile = Profile::Shared;
        let coordinator = deployment.coordinator_spec();
        preflight::check_programs(&deployment)?;
        let lock = FolderLock::take(&coordinator.dir)?;
        archive::clear_directory(&coordinator.archive_dir)?;
        clear_driver_directory(&coordinator.aeron_dir)?;
        let root = coordinator.aeron_dir.parent().unwrap_or(&coordinator.aeron_dir);
        std::fs::create_dir_all(root).map_err(ProcessError::file("make", root))?;
        preflight::check_coordinator(&deployment, &coordinator)?;
        let options = DriverOptions::new(coordinator.aeron_dir.clone(), &deployment, deployment.profile, None);
        let media_driver = media_driver::start(&deployment, &options, &coordinator.dir, &lock)?;
        // The JVM waits for the driver by itself, and takes longer to start.
        let archive = archive::start(&deployment, &coordinator, &lock)?;
        let disks_checked = Instant::now();
        let mut processes = Self { archive, media_driver, lock, deployment, coordinator, disks_checked };
        processes.await_ready()?;
        Ok(processes)
    }

    /// Whether all is well. Does not block: call it every few milliseconds.
    ///
    /// # Errors
    ///
    /// A process has ended, or the disk is nearly full. Then the coordinator must end; dropping this kills the other.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.media_driver.check()?;
        self.archive.check()?;
        if self.disks_checked.elapsed() >= DISKS_INTERVAL {
            self.disks_checked = Instant::now();
            preflight::check_coordinator_disks(&self.deployment, &self.coordinator)?;
        }
        Ok(())
    }

    /// Ends them in order, each within `timeouts.stop_timeout`, and deletes the driver's directory.
    pub fn stop(self) {
        let timeout = self.deployment.timeouts.stop_timeout;
        self.archive.stop(timeout);
        self.media_driver.stop(timeout);
        let _ = clear_driver_directory(&self.coordinator.aeron_dir);
        // The folder around it too, when it was the last one there.
        let _ = self.coordinator.aeron_dir.parent().map(std::fs::remove_dir);
        drop(self.lock);
    }

    /// Where they are.
    pub fn coordinator(&self) -> &CoordinatorSpec {
        &self.coordinator
    }

    fn await_ready(&mut self) -> Result<(), ProcessError> {
        let (started, timeout) = (Instant::now(), self.deployment.timeouts.start_timeout);
        // The driver first: when it fails, the JVM fails because of it.
        while !self.media_driver.is_ready(READY_LINE, started, timeout)? {
            thread::sleep(POLL_INTERVAL);
        }
        while !self.archive.is_ready(READY_LINE, started, timeout)? {
            self.media_driver.check()?;
            thread::sleep(POLL_INTERVAL);
        }
        tracing::info!(after = ?started.elapsed(), "the coordinator's archive answers");
        Ok(())
    }
}
