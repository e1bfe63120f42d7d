//! The whole deployment: clusters, coordinator, and the map that it has.

use std::sync::Arc;
use std::time::Duration;

use lugus_media_driver::ClientDriver;
use lugus_partition_map::PartitionMap;
use serde::Serialize;

use super::Status;
use crate::deployment::Found;
use crate::failure::Failure;
use crate::map::{self, Shown};
use crate::output::Output;
use crate::processes;

/// How long the coordinator may take to tell its map.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A deployment's state.
#[derive(Debug, Serialize)]
struct Overview<'a> {
    #[serde(flatten)]
    status: &'a Status,
    /// `None`: the deployment has none.
    coordinator: Option<Coordinator>,
    /// As the coordinator has it; `None` when it is not there.
    map: Option<Shown<'a>>,
}

/// The coordinator's state.
#[derive(Debug, Serialize)]
struct Coordinator {
    /// `running`, `silent` or `down`.
    state: &'static str,
    /// Its process, when it runs here.
    pid: Option<u32>,
    /// Why there is no map of it.
    problem: Option<String>,
}

/// Prints how each member stands, the coordinator, and the partition map.
///
/// # Errors
/// As [`Status::read`]. A coordinator that is away is no error.
pub fn run(found: &Found, output: Output) -> Result<(), Failure> {
    let status = Status::read(&found.deployment.cluster_specs())?;
    let (coordinator, map) = match &found.deployment.coordinator {
        None => (None, None),
        Some(_) => {
            let (coordinator, map) = Coordinator::read(found);
            (Some(coordinator), map)
        }
    };
    let overview = Overview { status: &status, coordinator, map: map.as_deref().map(Shown::new) };
    output.answer(&overview, overview.text())
}

impl Coordinator {
    fn read(found: &Found) -> (Self, Option<Arc<PartitionMap>>) {
        let pid = processes::pid(&found.deployment.coordinator_spec().dir);
        let (state, problem, map) = match map::check_running(found) {
            Err(failure) => ("down", Some(failure), None),
            Ok(()) => match map_of(found) {
                Err(failure) => ("silent", Some(failure), None),
                Ok(map) => ("running", None, Some(map)),
            },
        };
        (Self { state, pid, problem: problem.map(|failure| failure.to_string()) }, map)
    }
}

fn map_of(found: &Found) -> Result<Arc<PartitionMap>, Failure> {
    let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
    map::newest_map(found, &driver, TIMEOUT, || Ok(()))
}

impl Overview<'_> {
    /// What people read.
    fn text(&self) -> String {
        let members = self.status.table();
        match (&self.coordinator, &self.map) {
            (_, Some(map)) => format!("{members}\ncoordinator: {}\n{}", map.heading(), map.partitions()),
            (Some(Coordinator { state, problem: Some(problem), .. }), None) => {
                format!("{members}\ncoordinator: {state}: {problem}")
            }
            _ => members,
        }
    }
}
