//! The processes of the coordinator: media driver and archive, started, watched and ended together.

use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::{CoordinatorSpec, Deployment, Profile};

use crate::driver_options::DriverOptions;
use crate::{
    ChildProcess, FolderLock, ProcessError, READY_LINE, archive, clear_driver_directory, media_driver, preflight,
};

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Interval between two checks of the free space.
const DISKS_INTERVAL: Duration = Duration::from_secs(1);

/// The coordinator's media driver and archive. They are killed when this is dropped, and when the process that started them
/// ends in any way.
#[derive(Debug)]
pub struct CoordinatorProcesses {
    // Dropped in this order: the processes are killed before the lock is released.
    archive: ChildProcess,
    media_driver: ChildProcess,
    lock: FolderLock,
    deployment: Deployment,
    coordinator: CoordinatorSpec,
    disks_checked: Instant,
}

impl CoordinatorProcesses {
    /// Checks programs, space and ports, locks the coordinator's folder, clears what a killed predecessor left, starts the
    /// processes, and waits until they answer.
    ///
    /// # Errors
    ///
    /// Another coordinator has the folder, something is missing or in use, or a process ends or does not answer in time.
    /// After an error no process is left running.
    pub fn start(deployment: &Deployment) -> Result<Self, ProcessError> {
        // The coordinator does little and no cores are reserved for it, so the members' profile does not apply.
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
        // The JVM takes longer to start, and waits for the driver by itself.
        let archive = archive::start(&deployment, &coordinator, &lock)?;
        let disks_checked = Instant::now();
        let mut processes = Self { archive, media_driver, lock, deployment, coordinator, disks_checked };
        processes.await_ready()?;
        Ok(processes)
    }

    /// Checks that the processes run and the disks have space. Does not block: call it every few milliseconds.
    ///
    /// # Errors
    ///
    /// A process has ended, or a disk is nearly full. Then the coordinator must end; dropping this kills what still runs.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.media_driver.check()?;
        self.archive.check()?;
        if self.disks_checked.elapsed() >= DISKS_INTERVAL {
            self.disks_checked = Instant::now();
            preflight::check_coordinator_disks(&self.deployment, &self.coordinator)?;
        }
        Ok(())
    }

    /// Ends the processes one after another, each within `timeouts.stop_timeout`, and deletes the driver's directory.
    pub fn stop(self) {
        let timeout = self.deployment.timeouts.stop_timeout;
        self.archive.stop(timeout);
        self.media_driver.stop(timeout);
        let _ = clear_driver_directory(&self.coordinator.aeron_dir);
        // The folder around it goes too, if it is empty now.
        let _ = self.coordinator.aeron_dir.parent().map(std::fs::remove_dir);
        drop(self.lock);
    }

    /// Endpoints and directories of the coordinator.
    pub fn coordinator(&self) -> &CoordinatorSpec {
        &self.coordinator
    }

    fn await_ready(&mut self) -> Result<(), ProcessError> {
        let (started, timeout) = (Instant::now(), self.deployment.timeouts.start_timeout);
        // The driver first: when it fails, the JVM fails too, with a less helpful error.
        while !self.media_driver.is_ready(READY_LINE, started, timeout)? {
            thread::sleep(POLL_INTERVAL);
        }
        while !self.archive.is_ready(READY_LINE, started, timeout)? {
            self.media_driver.check()?;
            thread::sleep(POLL_INTERVAL);
        }
        tracing::info!(after = ?started.elapsed(), "the coordinator's archive has started");
        Ok(())
    }
}
