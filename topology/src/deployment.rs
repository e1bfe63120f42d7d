//! One deployment: the whole of `cluster.toml`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    Archive, Authentication, Client, Cluster, ClusterId, Consensus, Coordinator, Driver, Engine, Instrument, Java,
    MarketData, Member, MemberId, Participant, Profile, Streams, TermLength, Timeouts,
};

/// First port of the first member of a local deployment, unless another is given. Below Linux's range for ports that the
/// system chooses (from 32768).
pub const DEFAULT_BASE_PORT: u16 = 20_100;

/// From a member's first port to the next member's, in a local deployment.
pub const LOCAL_PORT_STEP: u16 = 10;

/// One deployment: the whole of `cluster.toml`. A key that is not written has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    /// Folder of all state, from the file's folder when it is relative.
    pub dir: PathBuf,
    /// Folder of the media drivers' directories. Default: in `/dev/shm` when that has 1 GiB or more, else in `dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aeron_dir: Option<PathBuf>,
    /// What threads do when idle.
    pub profile: Profile,
    /// `[timeouts]`.
    pub timeouts: Timeouts,
    /// `[consensus]`.
    pub consensus: Consensus,
    /// `[archive]`.
    pub archive: Archive,
    /// `[term_length]`.
    pub term_length: TermLength,
    /// `[streams]`.
    pub streams: Streams,
    /// `[authentication]`.
    pub authentication: Authentication,
    /// `[java]`.
    pub java: Java,
    /// `[driver]`.
    pub driver: Driver,
    /// `[client]`.
    pub client: Client,
    /// `[engine]`.
    pub engine: Engine,
    /// `[coordinator]`; `None`: the deployment has no coordinator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<Coordinator>,
    /// `[market_data]`.
    pub market_data: MarketData,
    /// `[[cluster]]`.
    #[serde(rename = "cluster")]
    pub clusters: Vec<Cluster>,
    /// `[[participant]]`.
    #[serde(rename = "participant")]
    pub participants: Vec<Participant>,
    /// `[[instrument]]`.
    #[serde(rename = "instrument")]
    pub instruments: Vec<Instrument>,
    /// Where relative paths start: the file's folder, or the working directory when there is no file.
    #[serde(skip)]
    pub(crate) base: PathBuf,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".lugus"),
            aeron_dir: None,
            profile: Profile::default(),
            timeouts: Timeouts::default(),
            consensus: Consensus::default(),
            archive: Archive::default(),
            term_length: TermLength::default(),
            streams: Streams::default(),
            authentication: Authentication::default(),
            java: Java::default(),
            driver: Driver::default(),
            client: Client::default(),
            engine: Engine::default(),
            coordinator: None,
            market_data: MarketData::default(),
            clusters: Vec::new(),
            participants: Vec::new(),
            instruments: Vec::new(),
            base: PathBuf::new(),
        }
    }
}

impl Deployment {
    /// One cluster on this machine, of `members` members from `base_port` on, trading two pairs, with the coordinator one
    /// step below `base_port` and everything else by default.
    pub fn default_local(members: u16, base_port: u16) -> Self {
        let port = |member: u16| base_port.saturating_add(member.saturating_mul(LOCAL_PORT_STEP));
        let members = (0..members).map(|member| Member::local(MemberId(i32::from(member)), port(member))).collect();
        Self {
            coordinator: Some(Coordinator {
                port: base_port.saturating_sub(LOCAL_PORT_STEP).max(1),
                ..Coordinator::default()
            }),
            clusters: vec![Cluster { id: ClusterId(0), name: None, members }],
            instruments: vec![Instrument::spot(1, "BTC/USDT", 2, 5), Instrument::spot(2, "ETH/USDT", 2, 4)],
            ..Self::default()
        }
    }

    /// The instruments that a cluster trades.
    pub fn instruments_of(&self, cluster: ClusterId) -> impl Iterator<Item = &Instrument> {
        self.instruments.iter().filter(move |instrument| instrument.cluster == cluster)
    }
}
