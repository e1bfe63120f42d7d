//! A temporary deployment for a benchmark or the demo, which is stopped and deleted with it, also when the program is interrupted:
//! its members are no children of a terminal, and would stay.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, Once};
use std::thread;
use std::time::{Duration, Instant};

use lugus_node::deployment_status::Status;
use lugus_topology::Deployment;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::arguments::Members;
use crate::deployment::{self, DeploymentFile};
use crate::failure::Failure;
use crate::status;
use crate::{down, local_deployment, up};

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The private clusters of this process. Whoever ends one holds this meanwhile.
static PRESENT: Mutex<Vec<Traces>> = Mutex::new(Vec::new());

fn present() -> MutexGuard<'static, Vec<Traces>> {
    PRESENT.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What a private cluster leaves behind unless it is ended.
#[derive(Debug, Clone)]
struct Traces {
    deployment: Deployment,
    folder: PathBuf,
}

impl Traces {
    /// Ends the processes, and deletes their shared memory, and the folder unless it is to stay.
    fn remove(&self, keep_folder: bool) {
        if let Err(failure) = down::end(&self.deployment) {
            eprintln!("lugus: {failure}");
        }
        // Only this deployment uses this root of Aeron directories.
        let _ = std::fs::remove_dir_all(self.deployment.aeron_root());
        if !keep_folder {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// From now on SIGINT, SIGTERM and SIGHUP end this process's private clusters first, and then the process, with the exit code
/// that shells give to a signal.
fn end_on_signal() -> Result<(), Failure> {
    static WATCHED: Once = Once::new();
    let mut watched = Ok(());
    WATCHED.call_once(|| {
        watched = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(Failure::new).and_then(|mut signals| {
            let wait = move || {
                let Some(signal) = signals.forever().next() else { return };
                eprintln!("lugus: interrupted: the temporary cluster is ended");
                // Held until the process ends, so that no cluster is made meanwhile.
                let present = present();
                present.iter().for_each(|traces| traces.remove(false));
                process::exit(128 + signal);
            };
            thread::Builder::new().name(String::from("signals")).spawn(wait).map(drop).map_err(Failure::new)
        });
    });
    watched
}

/// A deployment in a temporary folder.
pub struct PrivateCluster {
    found: DeploymentFile,
    folder: PathBuf,
    /// Whether the folder stays after the end, so that its logs can be read.
    keep: bool,
}

impl PrivateCluster {
    /// Makes the folder and the deployment that `lugus up` would make with these arguments, without starting any
    /// process.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn new(name: &str, members: Option<Members>, base_port: u16) -> Result<Self, Failure> {
        Self::of(local_deployment::deployment(members, base_port), name)
    }

    /// Makes the folder for a given deployment, without starting any process.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn of(mut deployment: Deployment, name: &str) -> Result<Self, Failure> {
        // Benchmarks and the demo kill members, and start them again when they have seen enough.
        deployment.supervision.restart = false;
        let folder = std::env::temp_dir().join(format!("lugus-{name}-{}", std::process::id()));
        let path = folder.join("cluster.toml");
        end_on_signal()?;
        up::write(deployment, &path)?;
        let found = deployment::find(Some(&path))?;
        let traces = Traces { deployment: found.deployment.clone(), folder: folder.clone() };
        present().push(traces);
        Ok(Self { found, folder, keep: false })
    }

    /// Starts all processes that do not run, and waits until the deployment is ready.
    ///
    /// # Errors
    /// As `lugus up`.
    pub fn start(&self) -> Result<up::Started, Failure> {
        up::start(&self.found)
    }

    /// The deployment and its file.
    pub fn found(&self) -> &DeploymentFile {
        &self.found
    }

    /// The folder that holds the deployment's file, state and logs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps the folder after the end, so that its logs can be read.
    pub fn keep(&mut self) {
        self.keep = true;
    }

    /// Waits until all members run and have applied the log up to the same position, so that their state hashes can be
    /// compared; returns their status.
    ///
    /// # Errors
    /// When that takes longer than `timeout`.
    pub fn await_comparable(&self, timeout: Duration) -> Result<Status, Failure> {
        let clusters = self.found.deployment.cluster_specs();
        let deadline = Instant::now() + timeout;
        loop {
            let status = Status::read(&clusters)?;
            if status.hashes_equal.is_some() && status.members.iter().all(|member| member.role != "down") {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(format!(
                    "not all members caught up within {timeout:?}\n{}",
                    status::table(&status)
                )));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        for traces in present().extract_if(.., |traces| traces.folder == self.folder) {
            traces.remove(self.keep);
        }
    }
}
