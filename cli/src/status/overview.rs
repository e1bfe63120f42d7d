//! The state of the whole deployment: clusters, coordinator and partition map.

use std::sync::Arc;
use std::time::Duration;

use lugus_media_driver::ClientDriver;
use lugus_node::deployment_status::Status;
use lugus_partition_map::PartitionMap;
use serde::Serialize;

use super::{read_from_anywhere, table};
use crate::deployment::DeploymentFile;
use crate::failure::{DIFFERENT_STATES_EXIT_CODE, Failure};
use crate::map::{self, MapDocument};
use crate::output::Output;
use crate::processes;

/// Longest time that the coordinator may take to send its map.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The JSON document of `lugus status`.
#[derive(Debug, Serialize)]
struct Overview<'a> {
    #[serde(flatten)]
    status: &'a Status,
    /// `None` when the deployment has no coordinator.
    coordinator: Option<Coordinator>,
    /// The coordinator's partition map; `None` when the coordinator does not answer.
    map: Option<MapDocument<'a>>,
}

/// The state of the coordinator.
#[derive(Debug, Serialize)]
struct Coordinator {
    /// `running`, `silent` or `down`.
    state: &'static str,
    /// Process id, when the coordinator runs on this machine.
    pid: Option<u32>,
    /// Why the coordinator's map could not be fetched.
    problem: Option<String>,
}

/// Prints the state of each member, the coordinator and the partition map.
///
/// # Errors
/// As for [`Status::read`]. A coordinator that does not answer is no error; the overview shows that it does not.
pub fn run(found: &DeploymentFile, output: Output) -> Result<(), Failure> {
    let status = read_from_anywhere(found)?;
    let (coordinator, map) = match &found.deployment.coordinator {
        None => (None, None),
        Some(_) => {
            let (coordinator, map) = Coordinator::read(found);
            (Some(coordinator), map)
        }
    };
    let overview = Overview { status: &status, coordinator, map: map.as_deref().map(MapDocument::new) };
    output.answer(&overview, overview.text())?;
    match status.hashes_equal {
        Some(false) => Err(Failure::new("the states of members differ").with_exit_code(DIFFERENT_STATES_EXIT_CODE)),
        _ => Ok(()),
    }
}

impl Coordinator {
    fn read(found: &DeploymentFile) -> (Self, Option<Arc<PartitionMap>>) {
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

fn map_of(found: &DeploymentFile) -> Result<Arc<PartitionMap>, Failure> {
    let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
    map::newest_map(found, &driver, TIMEOUT, || Ok(()))
}

impl Overview<'_> {
    /// The state as text.
    fn text(&self) -> String {
        let members = table(self.status);
        match (&self.coordinator, &self.map) {
            (_, Some(map)) => format!("{members}\ncoordinator: {}\n{}", map.heading(), map.partitions()),
            (Some(Coordinator { state, problem: Some(problem), .. }), None) => {
                format!("{members}\ncoordinator: {state}: {problem}")
            }
            _ => members,
        }
    }
}
