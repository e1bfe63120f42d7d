//! How a command reaches the clusters: through its own media driver, with the partition map that says which cluster
//! trades which instrument. The map comes from the coordinator if the deployment has one, otherwise from the
//! deployment's file.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lugus_client::{
    BlockingError, BlockingSession, ClientError, Config, EventHandler, ExchangeConfig, ExchangeSession, FeedContext,
    FixedMap, InstrumentId, MarketDataFeed, OlderSession, ParticipantId,
};
use lugus_media_driver::ClientDriver;
use lugus_partition_map::{ClusterEntry, MapSubscription, PartitionMap};

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::map;
use crate::participant::{self, NO_CLUSTER_HINT, TIMEOUT};

/// Sleep between two duty cycles while a session is being opened.
const POLL_INTERVAL: Duration = Duration::from_micros(100);

/// A command's access to the clusters: its media driver and the partition map. Sessions must be dropped before it, as
/// they use its driver.
pub struct Access<'f> {
    found: &'f DeploymentFile,
    map: Arc<PartitionMap>,
    driver: ClientDriver,
}

impl<'f> Access<'f> {
    /// Starts the media driver and fetches the partition map.
    ///
    /// # Errors
    /// When the driver can't start, or the coordinator does not answer.
    pub fn open(found: &'f DeploymentFile) -> Result<Self, Failure> {
        Self::open_within(found, TIMEOUT, || Ok(()))
    }

    /// Like [`open`](Self::open), but waits up to `timeout` for the coordinator; while it waits, it calls `check`,
    /// whose error ends the wait.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and when `check` fails.
    pub fn open_within(
        found: &'f DeploymentFile,
        timeout: Duration,
        check: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        if found.deployment.coordinator.is_some() {
            map::check_running(found)?;
        }
        let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
        let map = match &found.deployment.coordinator {
            Some(_) => map::newest_map(found, &driver, timeout, check)?,
            None => written_map(found)?,
        };
        Ok(Self { found, map, driver })
    }

    /// The partition map.
    pub fn map(&self) -> &PartitionMap {
        &self.map
    }

    /// The media driver.
    pub fn driver(&self) -> &ClientDriver {
        &self.driver
    }

    /// Resolves an instrument's number or symbol to its id and the cluster that owns it.
    ///
    /// # Errors
    /// When the map has no such instrument. In a deployment of one cluster any number is accepted, as the cluster
    /// itself knows whether it is defined.
    pub fn instrument(&self, name: &str) -> Result<(InstrumentId, &ClusterEntry), Failure> {
        let map = &self.map;
        let number: Option<u32> = name.parse().ok();
        let found = map.partitions.iter().map(|partition| &partition.instrument).find(|instrument| match number {
            Some(number) => instrument.id == InstrumentId(number),
            None => instrument.symbol.eq_ignore_ascii_case(name),
        });
        let cluster = match (found, number, map.clusters.as_slice()) {
            (Some(instrument), ..) => map.cluster(instrument.cluster).map(|cluster| (instrument.id, cluster)),
            (None, Some(number), [cluster]) => Some((InstrumentId(number), cluster)),
            _ => None,
        };
        cluster.ok_or_else(|| {
            let known: Vec<&str> = map.partitions.iter().map(|known| known.instrument.symbol.as_str()).collect();
            Failure::new(format!("there is no instrument {name}"))
                .hint(format!("the deployment has {}", known.join(", ")))
        })
    }

    /// Opens a session of `participant` with one cluster. `timeout` bounds the connecting, and later each call. If an older
    /// session is to be kept and there is one, the first call fails.
    ///
    /// # Errors
    /// When no member of the cluster runs, or the cluster rejects the participant.
    pub fn session<H: EventHandler>(
        &self,
        cluster: &ClusterEntry,
        participant: u32,
        older_session: OlderSession,
        handler: H,
        timeout: Duration,
    ) -> Result<BlockingSession<H>, Failure> {
        if let Some(spec) = self.found.deployment.cluster(cluster.id) {
            participant::check_running(&spec)?;
        }
        let config = self.config(cluster, participant, older_session)?;
        BlockingSession::connect(config, handler, timeout).map_err(|error| match error {
            BlockingError::Client(ClientError::ParticipantConnected { .. }) => participant::failed(error),
            error => Failure::new(error).hint(NO_CLUSTER_HINT),
        })
    }

    /// Opens sessions of `participant` with all clusters, which follow the partition map, and waits until the cluster
    /// that owns `instrument` has accepted the participant.
    ///
    /// # Errors
    /// When no member of that cluster runs, or the cluster rejects the participant.
    pub fn exchange_session(
        &self,
        instrument: InstrumentId,
        participant: u32,
        older_session: OlderSession,
    ) -> Result<ExchangeSession, Failure> {
        let deployment = &self.found.deployment;
        let partition = self.map.partition(instrument);
        let partition = partition.ok_or_else(|| Failure::new(format!("the map has no instrument {instrument}")))?;
        if let Some(spec) = deployment.cluster(partition.owner()) {
            participant::check_running(&spec)?;
        }
        let mut config = ExchangeConfig::of(deployment, self.driver.aeron_dir().to_path_buf());
        config.older_session = older_session;
        let exchange = participant::exchange(deployment, config);
        let credentials = participant::credentials(deployment, participant)?;
        let mut session = exchange.session(ParticipantId(participant), credentials).map_err(Failure::new)?;
        let deadline = Instant::now() + TIMEOUT;
        while !session.is_connected_for(instrument) {
            session.poll(&mut ()).map_err(participant::failed)?;
            if Instant::now() >= deadline {
                let problem = session.problem().map_or_else(String::new, |problem| format!(": {problem}"));
                let what = format!("no session with instrument {instrument}'s cluster within {TIMEOUT:?}{problem}");
                return Err(Failure::new(what).hint(NO_CLUSTER_HINT));
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(session)
    }

    /// A feed of the market data of all clusters, over the same media driver.
    ///
    /// # Errors
    /// When the deployment has no market-data stream.
    pub fn market_data(&self) -> Result<MarketDataFeed, Failure> {
        let context = FeedContext::of(&self.found.deployment, self.driver.aeron_dir().to_path_buf());
        context.map(MarketDataFeed::new).ok_or_else(|| {
            Failure::new("the deployment has no market-data stream").hint("set enabled = true in [market_data]")
        })
    }

    /// The configuration of a session of `participant` with a cluster.
    ///
    /// # Errors
    /// When the deployment has keys, but none for the participant.
    pub fn config(
        &self,
        cluster: &ClusterEntry,
        participant: u32,
        older_session: OlderSession,
    ) -> Result<Config, Failure> {
        participant::config(&self.found.deployment, cluster, self.driver.aeron_dir(), participant, older_session)
    }
}

/// The partition map that the deployment's file describes.
fn written_map(found: &DeploymentFile) -> Result<Arc<PartitionMap>, Failure> {
    let map = FixedMap::of(&found.deployment).poll().map_err(Failure::new)?;
    map.ok_or_else(|| Failure::new(format!("can't make a partition map from {}", found.path.display())))
}
