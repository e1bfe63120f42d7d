//! One deployment: the whole of `cluster.toml`.

use std::path::PathBuf;

use lugus_vocabulary::{ClusterId, InstrumentId, InstrumentSpecification, MemberId};
use serde::{Deserialize, Serialize};

use crate::{
    Archive, Authentication, Client, Cluster, Consensus, Coordinator, Driver, Engine, Firm, Java, Log, MarketData,
    Member, Participant, Profile, Retention, Stages, Streams, Supervision, Telemetry, TermLength, Timeouts,
};

/// Default for the first port of the first member of a local deployment. It is below the range from which Linux chooses
/// ports by itself (from 32768 on).
pub const DEFAULT_BASE_PORT: u16 = 20_100;

/// Distance between the first ports of two neighbouring members of a local deployment.
pub const LOCAL_PORT_STEP: u16 = 10;

/// One deployment: the whole of `cluster.toml`. A key that the file lacks has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    /// Folder of all state. A relative path starts from the folder of the file.
    pub dir: PathBuf,
    /// Folder of the media drivers' directories. Default: a folder in `/dev/shm` when that has 1 GiB or more, otherwise in
    /// `dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// How threads idle.
    pub profile: Profile,
    /// What members add to the nice value with which they are started, where the system allows it. The lower the nice value of a
    /// process, the sooner it runs on a busy machine.
    pub nice: i32,
    /// `[timeouts]`.
    pub timeouts: Timeouts,
    /// `[consensus]`.
    pub consensus: Consensus,
    /// `[archive]`: how each member records the log.
    pub archive: Archive,
    /// `[retention]`: when a cluster takes snapshots, and which part of its log a member keeps.
    pub retention: Retention,
    /// `[term_length]`.
    pub term_length: TermLength,
    /// `[streams]`: stream ids.
    pub streams: Streams,
    /// `[authentication]`: how participants prove who they are.
    pub authentication: Authentication,
    /// `[java]`.
    pub java: Java,
    /// `[driver]`.
    pub driver: Driver,
    /// `[client]`: settings of a program that trades.
    pub client: Client,
    /// `[engine]`: limits of the matching engine.
    pub engine: Engine,
    /// `[supervision]`: what becomes of processes that have ended by themselves.
    pub supervision: Supervision,
    /// `[coordinator]`; `None` when the deployment has no coordinator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<Coordinator>,
    /// `[market_data]`: the stream of increments, by which clients follow books.
    pub market_data: MarketData,
    /// `[stages]`: time stamps of sampled commands.
    pub stages: Stages,
    /// `[log]`: how logs are written.
    pub log: Log,
    /// `[telemetry]`: traces of what operators do.
    pub telemetry: Telemetry,
    /// `[[cluster]]`.
    #[serde(rename = "cluster")]
    pub clusters: Vec<Cluster>,
    /// `[[participant]]`.
    #[serde(rename = "participant")]
    pub participants: Vec<Participant>,
    /// `[[firm]]`.
    #[serde(rename = "firm")]
    pub firms: Vec<Firm>,
    /// `[[instrument]]`.
    #[serde(rename = "instrument")]
    pub instruments: Vec<InstrumentSpecification>,
    /// Folder from which relative paths start: that of the file, or the working directory when there is no file.
    #[serde(skip)]
    pub(crate) base: PathBuf,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".lugus"),
            aeron_dir: None,
            profile: Profile::default(),
            nice: 0,
            timeouts: Timeouts::default(),
            consensus: Consensus::default(),
            archive: Archive::default(),
            retention: Retention::default(),
            term_length: TermLength::default(),
            streams: Streams::default(),
            authentication: Authentication::default(),
            java: Java::default(),
            driver: Driver::default(),
            client: Client::default(),
            engine: Engine::default(),
            supervision: Supervision::default(),
            coordinator: None,
            market_data: MarketData::default(),
            stages: Stages::default(),
            log: Log::default(),
            telemetry: Telemetry::default(),
            clusters: Vec::new(),
            participants: Vec::new(),
            firms: Vec::new(),
            instruments: Vec::new(),
            base: PathBuf::new(),
        }
    }
}

impl Deployment {
    /// A deployment on this machine: one cluster with this number of members, which take ports from `base_port` on and trade
    /// two pairs, and a coordinator one step of ports below. Everything else has its default.
    pub fn default_local(members: u16, base_port: u16) -> Self {
        let port = |member: u16| base_port.saturating_add(member.saturating_mul(LOCAL_PORT_STEP));
        let members = (0..members).map(|member| Member::local(MemberId(i32::from(member)), port(member))).collect();
        Self {
            coordinator: Some(Coordinator {
                port: base_port.saturating_sub(LOCAL_PORT_STEP).max(1),
                ..Coordinator::default()
            }),
            clusters: vec![Cluster { id: ClusterId(0), name: None, members }],
            instruments: vec![
                InstrumentSpecification::spot(InstrumentId(1), "BTC/USDT", 2, 5),
                InstrumentSpecification::spot(InstrumentId(2), "ETH/USDT", 2, 4),
            ],
            ..Self::default()
        }
    }

    /// Greatest number of publications of others that a media driver of the deployment receives on one stream of one port
    /// (`aeron.driver.stream.session.limit`): two for each session of a client, and some that are just connecting or have
    /// just gone. Whoever reaches a port can make the driver take in this number, and no more.
    pub fn stream_session_limit(&self) -> u32 {
        let spare = 256;
        self.consensus.maximum_sessions.saturating_mul(2).saturating_add(spare)
    }

    /// The instruments that a cluster trades.
    pub fn instruments_of(&self, cluster: ClusterId) -> impl Iterator<Item = &InstrumentSpecification> {
        self.instruments.iter().filter(move |instrument| instrument.cluster == cluster)
    }
}
