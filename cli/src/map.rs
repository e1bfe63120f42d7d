//! `lugus map`: shows the partition map and requests changes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use comfy_table::Table;
use lugus_media_driver::ClientDriver;
use lugus_partition_map::{
    ClusterEntry, CoordinatorClient, MapContext, MapDigest, MapEpoch, MapError, MapRequest, MapSubscription, Migration,
    MigrationPhase, Partition, PartitionMap, RecordedMap, digest_of_map,
};
use lugus_topology::ClusterId;
use lugus_vocabulary::{InstrumentId, InstrumentSpecification};
use serde::Serialize;

use crate::arguments::{Map, MapCommand};
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::processes;

/// Longest time that a command waits for the coordinator.
const TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// If no newer map arrives for this long, the received one is the newest.
const QUIET: Duration = Duration::from_millis(20);

/// The JSON form of a partition map.
#[derive(Debug, Serialize)]
pub struct MapDocument<'a> {
    digest: MapDigest,
    #[serde(flatten)]
    map: &'a PartitionMap,
}

impl<'a> MapDocument<'a> {
    /// The JSON form of `map`.
    pub fn new(map: &'a PartitionMap) -> Self {
        Self { digest: digest_of_map(map), map }
    }

    /// Epoch and state of the map, as text.
    pub fn heading(&self) -> String {
        format!("deployment {}, epoch {}, digest {}", self.map.deployment, self.map.epoch, self.digest)
    }

    /// A table of the instruments and the clusters that own them.
    pub fn partitions(&self) -> Table {
        partitions(self.map)
    }
}

/// The JSON document for an accepted request.
#[derive(Serialize)]
struct AcceptedChange {
    epoch: MapEpoch,
    digest: MapDigest,
}

/// Prints the map, or requests a change of it.
///
/// # Errors
/// When the coordinator does not answer, or rejects the request.
pub fn run(found: &DeploymentFile, arguments: &Map, output: Output) -> Result<(), Failure> {
    check_running(found)?;
    let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
    match &arguments.command {
        None => show(found, &driver, output),
        Some(command) => change(found, &driver, command, arguments.epoch, output),
    }
}

/// Fails at once when the coordinator would run on this machine, but does not.
///
/// # Errors
/// When the deployment has no coordinator, or it does not run.
pub fn check_running(found: &DeploymentFile) -> Result<(), Failure> {
    let spec = found.coordinator()?;
    if spec.archive.is_loopback() && processes::pid(&spec.dir).is_none() {
        return Err(Failure::new("the coordinator is not running")
            .hint("start it with `lugus up`, or in the foreground with `lugus coordinator`"));
    }
    Ok(())
}

fn show(found: &DeploymentFile, driver: &ClientDriver, output: Output) -> Result<(), Failure> {
    let map = newest_map(found, driver, TIMEOUT, || Ok(()))?;
    let shown = MapDocument::new(&map);
    output.answer(&shown, format!("{}\n{}\n{}", shown.heading(), clusters(&map), shown.partitions()))
}

/// Fetches the coordinator's current map. While it waits, it calls `check`, whose error ends the wait.
///
/// # Errors
/// When the coordinator does not answer in time, an answer is not a coordinator's, or `check` fails.
pub fn newest_map(
    found: &DeploymentFile,
    driver: &ClientDriver,
    timeout: Duration,
    mut check: impl FnMut() -> Result<(), Failure>,
) -> Result<Arc<PartitionMap>, Failure> {
    let mut subscription = RecordedMap::new(MapContext::new(&found.deployment, driver.aeron_dir().to_path_buf()));
    let (started, mut newer_at, mut trouble) = (Instant::now(), Instant::now(), None);
    while started.elapsed() < timeout {
        match subscription.poll() {
            Ok(Some(_)) => newer_at = Instant::now(),
            Ok(None) => {}
            Err(error @ MapError::Connection(_)) => trouble = Some(error),
            Err(error) => return Err(Failure::new(error)),
        }
        if let Some(map) = subscription.newest()
            && newer_at.elapsed() > QUIET
        {
            return Ok(Arc::clone(map));
        }
        check()?;
        std::thread::sleep(POLL_INTERVAL);
    }
    let endpoint = found.deployment.coordinator_spec().archive;
    let reason = trouble.map_or_else(String::new, |error| format!(": {error}"));
    Err(Failure::new(format!("no partition map from {endpoint} within {timeout:?}{reason}")).hint(
        "start the coordinator with `lugus up` or `lugus coordinator`, or check coordinator.host and coordinator.port",
    ))
}

fn change(
    found: &DeploymentFile,
    driver: &ClientDriver,
    command: &MapCommand,
    epoch: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let request = request(found, command)?;
    let (deployment, spec) = (&found.deployment, found.deployment.coordinator_spec());
    let (host, timeout) = (&deployment.egress_host(), deployment.client.message_timeout);
    let key = deployment.operator_key().map_err(Failure::new)?;
    let mut client = CoordinatorClient::connect(driver.aeron_dir(), &spec, host, timeout, key).map_err(Failure::new)?;
    let accepted = client.request(&request, epoch.map(MapEpoch), TIMEOUT).map_err(Failure::new)?;
    let done = AcceptedChange { epoch: accepted.epoch, digest: accepted.digest };
    output.answer(&done, format!("done: epoch {}, digest {}", done.epoch, done.digest))
}

fn request(found: &DeploymentFile, command: &MapCommand) -> Result<MapRequest, Failure> {
    Ok(match command {
        MapCommand::AddCluster { cluster } => {
            MapRequest::AddCluster(ClusterEntry::from(&found.cluster_named(cluster)?))
        }
        MapCommand::RemoveCluster { cluster } => MapRequest::RemoveCluster(cluster_id(found, cluster)?),
        MapCommand::AddInstrument { instrument, cluster } => {
            let written = instrument_of(found, instrument)?;
            let owner = match cluster {
                Some(name) => cluster_id(found, name)?,
                None => written.cluster,
            };
            MapRequest::AddInstrument(InstrumentSpecification { cluster: owner, ..written.clone() })
        }
        MapCommand::Halt { instrument } => MapRequest::Halt { instrument: number_of(found, instrument)? },
        MapCommand::Resume { instrument } => MapRequest::Resume { instrument: number_of(found, instrument)? },
        MapCommand::RemoveInstrument { instrument } => {
            MapRequest::RemoveInstrument { instrument: number_of(found, instrument)? }
        }
    })
}

/// A cluster that is given by its number, as the map may have clusters that the file has not, or by its name in the file.
fn cluster_id(found: &DeploymentFile, name: &str) -> Result<ClusterId, Failure> {
    name.parse().map(ClusterId).or_else(|_| found.cluster_named(name).map(|cluster| cluster.id))
}

/// Number of an instrument that is given by its number, or by its symbol in the deployment's file.
fn number_of(found: &DeploymentFile, instrument: &str) -> Result<InstrumentId, Failure> {
    instrument.parse().map(InstrumentId).or_else(|_| instrument_of(found, instrument).map(|instrument| instrument.id))
}

fn instrument_of<'f>(found: &'f DeploymentFile, instrument: &str) -> Result<&'f InstrumentSpecification, Failure> {
    let is_it = |known: &&InstrumentSpecification| {
        known.symbol == instrument || Ok(known.id) == instrument.parse().map(InstrumentId)
    };
    found.deployment.instruments.iter().find(is_it).ok_or_else(|| {
        Failure::new(format!("{}: no [[instrument]] {instrument}", found.path.display()))
            .hint("add it there first: id, symbol, tick_size, lot_size (docs/configuration.md)")
    })
}

fn clusters(map: &PartitionMap) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(["cluster", "name", "members"]);
    for cluster in &map.clusters {
        let members: Vec<String> =
            cluster.members.iter().map(|member| format!("{}={}", member.id, member.ingress)).collect();
        table.add_row([cluster.id.to_string(), cluster.name.clone(), members.join(" ")]);
    }
    table
}

fn partitions(map: &PartitionMap) -> Table {
    let mut table = Table::new();
    let header = ["instrument", "symbol", "type", "tick", "lot", "cluster", "state"];
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(header);
    for partition in &map.partitions {
        let InstrumentSpecification { id, symbol, instrument_type, tick_size, lot_size, cluster, .. } =
            &partition.instrument;
        table.add_row([
            id.to_string(),
            symbol.clone(),
            format!("{instrument_type:?}").to_uppercase(),
            tick_size.to_string(),
            lot_size.to_string(),
            name_of(map, *cluster),
            state(map, partition),
        ]);
    }
    table
}

/// The name of a cluster, or its number if the map does not have it.
fn name_of(map: &PartitionMap, id: ClusterId) -> String {
    map.cluster(id).map_or_else(|| id.to_string(), |cluster| cluster.name.clone())
}

fn state(map: &PartitionMap, partition: &Partition) -> String {
    let name = |id: &ClusterId| name_of(map, *id);
    let halted = if partition.is_halted { "halted" } else { "trading" };
    match &partition.migration {
        None => halted.to_owned(),
        Some(Migration { id, from, to, phase: MigrationPhase::Begun }) => {
            format!("{halted}, moving from {} to {} ({id})", name(from), name(to))
        }
        Some(Migration { id, from, to, phase: MigrationPhase::Committed }) => {
            format!("{halted}, moved from {} to {} ({id})", name(from), name(to))
        }
        Some(Migration { id, to, phase: MigrationPhase::Undoing, .. }) => {
            format!("{halted}, move to {} being undone ({id})", name(to))
        }
    }
}
