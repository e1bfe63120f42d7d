//! A participant's session with the cluster, as the commands that trade use it.

use std::time::Duration;

use lugus_client::cluster::Context;
use lugus_client::feed::{FeedContext, MarketDataFeed};
use lugus_client::{BlockingSession, Config, Credentials, EventHandler, InstrumentId, ParticipantId};
use lugus_media_driver::ClientDriver;
use lugus_topology::{AuthenticationMode, ClusterSpec, Deployment};

use crate::deployment::Found;
use crate::failure::Failure;

/// How long a command waits for the cluster.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A session with its media driver, which must outlive it.
pub struct Participant<H> {
    /// The session.
    pub session: BlockingSession<H>,
    driver: ClientDriver,
}

impl<H: EventHandler> Participant<H> {
    /// A feed of the cluster's market data, in the session's media driver.
    ///
    /// # Errors
    /// When the deployment has no market-data stream.
    pub fn market_data(&self, found: &Found) -> Result<MarketDataFeed, Failure> {
        let deployment = &found.deployment;
        if !deployment.market_data.enabled {
            return Err(Failure::new("the deployment has no market-data stream").hint("[market_data] enabled = true"));
        }
        let aeron_dir = self.driver.aeron_dir().to_path_buf();
        let channels = found.cluster()?.market_data_subscriptions(&aeron_dir);
        Ok(MarketDataFeed::new(FeedContext { aeron_dir, channels, stream_id: deployment.streams.market_data }))
    }
}

/// Connects to the first cluster of the deployment.
///
/// # Errors
/// When there is no driver, no cluster, or the participant is not let in.
pub fn connect<H: EventHandler>(found: &Found, participant: u32, handler: H) -> Result<Participant<H>, Failure> {
    connect_within(found, participant, handler, TIMEOUT)
}

/// As [`connect`]; `timeout` bounds the connecting and each call.
///
/// # Errors
/// As [`connect`].
pub fn connect_within<H: EventHandler>(
    found: &Found,
    participant: u32,
    handler: H,
    timeout: Duration,
) -> Result<Participant<H>, Failure> {
    let cluster = found.cluster()?;
    let driver = ClientDriver::start(&found.deployment).map_err(Failure::new)?;
    let config = config(&cluster, &driver, participant)?;
    let session = BlockingSession::connect(config, handler, timeout).map_err(|error| {
        Failure::new(error).hint("`lugus status` shows whether the cluster runs; `lugus up` starts it")
    })?;
    Ok(Participant { session, driver })
}

/// Configuration of a session of `participant` with a cluster, over `driver`.
///
/// # Errors
/// When the deployment has keys, and none for the participant.
pub fn config(cluster: &ClusterSpec, driver: &ClientDriver, participant: u32) -> Result<Config, Failure> {
    let deployment = cluster.deployment();
    let client = &deployment.client;
    let context = Context {
        aeron_dir: driver.aeron_dir().to_path_buf(),
        ingress_channel: cluster.ingress_channel(),
        ingress_endpoints: cluster
            .members
            .iter()
            .map(|member| (member.id.0, member.endpoints.ingress.to_string()))
            .collect(),
        ingress_stream_id: deployment.streams.ingress,
        egress_channel: client.egress_channel(),
        egress_stream_id: deployment.streams.egress,
        client_name: format!("lugus participant {participant}"),
        message_timeout: client.message_timeout,
        new_leader_timeout: client.new_leader_timeout,
        keep_alive_interval: client.keep_alive_interval,
        watchdog: client.silence_timeout,
        retry_min: client.retry_backoff,
        retry_max: client.retry_backoff_maximum,
        ..Context::default()
    };
    let mut config = Config::new(context, ParticipantId(participant));
    config.credentials = credentials(deployment, participant)?;
    Ok(config)
}

fn credentials(deployment: &Deployment, participant: u32) -> Result<Credentials, Failure> {
    if deployment.authentication.mode == AuthenticationMode::Open {
        return Ok(Credentials::Open);
    }
    let keys = deployment.participant_keys().map_err(Failure::new)?;
    let key = keys.into_iter().find(|(id, _)| *id == participant).map(|(_, key)| key);
    let key = key.ok_or_else(|| {
        Failure::new(format!("the deployment has keys, and none for participant {participant}"))
            .hint("add a [[participant]] with its key or key_file")
    })?;
    Ok(Credentials::Key(key.as_bytes().to_vec()))
}

/// An instrument by its number or symbol.
///
/// # Errors
/// When the deployment has none such.
pub fn instrument(deployment: &Deployment, name: &str) -> Result<InstrumentId, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(InstrumentId(id));
    }
    let found = deployment.instruments.iter().find(|instrument| instrument.symbol.eq_ignore_ascii_case(name));
    found.map(|instrument| InstrumentId(instrument.id)).ok_or_else(|| {
        let known: Vec<&str> = deployment.instruments.iter().map(|instrument| instrument.symbol.as_str()).collect();
        Failure::new(format!("there is no instrument {name}")).hint(format!("the deployment has {}", known.join(", ")))
    })
}
