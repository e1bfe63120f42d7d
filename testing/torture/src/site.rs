//! Where a torture takes place: its folder, the deployment, and how programs are run at members.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lugus_client::Credentials;
use lugus_media_driver::{ChildProcess, Launch};
use lugus_topology::{
    AuthenticationMode, Cluster, ClusterId, ClusterSpec, Deployment, Key, LOCAL_PORT_STEP, Member, MemberId,
    MemberSpec, Participant, Size,
};
use lugus_vocabulary::ParticipantId;

use crate::error::TortureError;
use crate::namespaces::{self, Placement};
use crate::options::Options;
use crate::switch::Switch;

/// Number of members.
pub(crate) const MEMBERS: usize = 3;

/// Address of the clients, and of member 0, in a network for documentation (RFC 5737). No other namespace sees them.
const CLIENTS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FIRST_MEMBER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// Segments of recordings that the disk of a member in a namespace has room for.
const DISK_SEGMENTS: u64 = 256;

/// Name of the cluster that is hurt, and of the one to which instruments move.
pub(crate) const HURT: &str = "A";
pub(crate) const OTHER: &str = "B";

/// Number of the first participant.
const FIRST_PARTICIPANT: u32 = 11;

/// Added to a participant's number to have its key, which guards nothing.
const KEY: u64 = 1 << 40;

/// Names of the instruments.
const SYMBOLS: [&str; 2] = ["BTC/USDT", "ETH/USDT"];

/// The folder, the deployment, and the network.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) placement: Placement,
    pub(crate) deployment: Deployment,
    /// The cluster that is hurt.
    pub(crate) cluster: ClusterSpec,
    /// All clusters, that one first: instruments move between it and the other one.
    pub(crate) clusters: Vec<ClusterSpec>,
    /// `None` on loopback.
    pub(crate) switch: Option<Switch>,
    program: PathBuf,
}

impl Site {
    /// Makes folder, deployment and network, and starts nothing. `program` is `lugus`.
    ///
    /// # Errors
    /// A file can't be written, or a command of the system fails.
    pub(crate) fn make(
        folder: &Path,
        placement: Placement,
        program: PathBuf,
        mut deployment: Deployment,
        seed: u64,
    ) -> Result<Self, TortureError> {
        fs::create_dir_all(folder).map_err(TortureError::file("make", folder))?;
        let addresses: Vec<Ipv4Addr> =
            (0..MEMBERS as u32).map(|member| Ipv4Addr::from(u32::from(FIRST_MEMBER) + member)).collect();
        if placement == Placement::Namespaces {
            // What is not hurt lives where the clients are.
            let hosts = addresses.iter().copied().chain(std::iter::repeat(CLIENTS));
            for (member, host) in deployment.clusters.iter_mut().flat_map(|it| &mut it.members).zip(hosts) {
                member.host = host.to_string();
            }
            deployment.coordinator.iter_mut().for_each(|coordinator| coordinator.host = CLIENTS.to_string());
        }
        deployment.save(&folder.join("cluster.toml"))?;
        let clusters = deployment.cluster_specs();
        let cluster = clusters.first().cloned().ok_or_else(|| TortureError::Command {
            command: String::from("the deployment"),
            reason: String::from("it has no cluster"),
        })?;
        let mut switch = None;
        if placement == Placement::Namespaces {
            let disk = format!("size={}", deployment.archive.segment_length.as_bytes() * DISK_SEGMENTS);
            for member in &cluster.members {
                fs::create_dir_all(&member.dir).map_err(TortureError::file("make", &member.dir))?;
                let dir = member.dir.to_string_lossy();
                namespaces::run("mount", &["-t", "tmpfs", "-o", &disk, "lugus-torture", &dir])?;
            }
            switch = Some(namespaces::connect(&addresses, CLIENTS, seed)?);
        }
        let site = Self { folder: folder.to_path_buf(), placement, deployment, cluster, clusters, switch, program };
        for member in 0..MEMBERS {
            site.set_clock(member, 0)?;
        }
        Ok(site)
    }

    /// A member.
    pub(crate) fn member(&self, member: usize) -> &MemberSpec {
        &self.cluster.members[member]
    }

    /// The credentials of a participant.
    ///
    /// # Errors
    /// Keys can't be read.
    pub(crate) fn credentials(&self, participant: ParticipantId) -> Result<Credentials, TortureError> {
        let keys = self.deployment.participant_keys()?;
        let key = keys.into_iter().find(|(id, _)| *id == participant.0).map(|(_, key)| key);
        Ok(key.map_or(Credentials::Open, |key| Credentials::Key(key.as_bytes().to_vec())))
    }

    /// Index of the clients among the places of the switch.
    pub(crate) const fn clients() -> usize {
        MEMBERS
    }

    /// Sets by how much a member's clock is wrong from its next start on.
    ///
    /// # Errors
    /// The member's own configuration can't be written.
    pub(crate) fn set_clock(&self, member: usize, offset_ms: i64) -> Result<(), TortureError> {
        let mut own = self.deployment.clone();
        if offset_ms != 0 {
            own.java.arguments.push(format!("-Dlugus.test.clock.offset={offset_ms}"));
        }
        Ok(own.save(&self.config_of(member))?)
    }

    /// The member's own configuration: it differs from that of the others in its clock.
    fn config_of(&self, member: usize) -> PathBuf {
        self.folder.join(format!("cluster-{member}.toml"))
    }

    /// Program and arguments that run `lugus` with these arguments at a member.
    fn at_member(&self, member: usize, arguments: &[&str]) -> Vec<String> {
        let entering = match self.placement {
            Placement::Loopback => Vec::new(),
            Placement::Namespaces => namespaces::entering(member).to_vec(),
        };
        let config = self.config_of(member).to_string_lossy().into_owned();
        let lugus = [self.program.to_string_lossy().into_owned(), String::from("--config"), config];
        entering.into_iter().chain(lugus).chain(arguments.iter().map(|&argument| argument.to_owned())).collect()
    }

    /// Starts the supervisor of a member, which starts the member. It dies with this process.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn supervise(&self, member: usize) -> Result<ChildProcess, TortureError> {
        let number = member.to_string();
        let command = self.at_member(member, &["supervise", "node", "--cluster", "0", "--member", &number]);
        self.start(command, &format!("supervisor-{member}.log"))
    }

    /// Starts the supervisor of something that belongs to the deployment and is not hurt by name, where the clients are.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn supervise_companion(&self, arguments: &[&str], name: &str) -> Result<ChildProcess, TortureError> {
        let config = self.folder.join("cluster.toml").to_string_lossy().into_owned();
        let lugus = [self.program.to_string_lossy().into_owned(), String::from("--config"), config];
        let command = lugus.into_iter().chain(arguments.iter().map(|&argument| argument.to_owned())).collect();
        self.start(command, &format!("supervisor-{name}.log"))
    }

    fn start(&self, command: Vec<String>, log: &str) -> Result<ChildProcess, TortureError> {
        let mut command = command.into_iter();
        let program = command.next().unwrap_or_default();
        Ok(ChildProcess::start(Launch {
            name: "supervisor",
            program: program.into(),
            arguments: command.map(Into::into).collect(),
            log: self.folder.join(log),
            log_limit: self.deployment.log,
            lock: None,
            cores: &[],
        })?)
    }

    /// A command of `lugus` at a member, with the output in a file of this name in the folder.
    ///
    /// # Errors
    /// The file can't be made.
    pub(crate) fn lugus_at(&self, member: usize, arguments: &[&str], log: &str) -> Result<Command, TortureError> {
        let mut line = self.at_member(member, arguments).into_iter();
        let mut command = Command::new(line.next().unwrap_or_default());
        command.args(line);
        self.log(command, log)
    }

    /// The same where the clients are.
    ///
    /// # Errors
    /// The file can't be made.
    pub(crate) fn lugus(&self, arguments: &[&str], log: &str) -> Result<Command, TortureError> {
        self.log(self.asked(arguments), log)
    }

    /// A command of `lugus` where the clients are, whose output is read.
    pub(crate) fn asked(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.folder.join("cluster.toml")).args(arguments).stdin(Stdio::null());
        command
    }

    fn log(&self, mut command: Command, log: &str) -> Result<Command, TortureError> {
        let path = self.folder.join(log);
        let output = fs::File::options().create(true).append(true).open(&path);
        let output = output.map_err(TortureError::file("open", &path))?;
        let errors = output.try_clone().map_err(TortureError::file("open", &path))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        Ok(command)
    }
}

/// Three members on loopback, with short segment files and frequent snapshots, so that minutes have many of them.
pub(crate) fn deployment(options: &Options) -> Deployment {
    let mut deployment = Deployment::default_local(MEMBERS as u16, options.base_port);
    if options.moves {
        let (id, port) = (ClusterId(1), options.base_port.saturating_add(MEMBERS as u16 * LOCAL_PORT_STEP));
        let (name, members) = (Some(String::from(OTHER)), vec![Member::local(MemberId(0), port)]);
        deployment.clusters.push(Cluster { id, name, members });
    } else {
        deployment.coordinator = None;
    }
    deployment.clusters.iter_mut().take(1).for_each(|cluster| cluster.name = Some(String::from(HURT)));
    deployment.dir = PathBuf::from("state");
    deployment.term_length.log = Size::mib(1);
    deployment.term_length.ipc = Size::mib(1);
    deployment.term_length.ingress = Size::mib(1);
    deployment.term_length.udp = Size::mib(1);
    deployment.archive.segment_length = Size::mib(2);
    deployment.archive.minimum_free_space = Size::mib(8);
    deployment.archive.disk_reserve = Some(Size::mib(24));
    deployment.retention.snapshot_log_length = Size::mib(64);
    deployment.supervision.longest_delay = Duration::from_secs(2);
    for (instrument, symbol) in deployment.instruments.iter_mut().zip(SYMBOLS) {
        symbol.clone_into(&mut instrument.symbol);
    }
    if options.placement == Placement::Namespaces {
        // Without keys no deployment is allowed whose members others can reach.
        deployment.authentication.mode = AuthenticationMode::Keys;
        let participants = std::iter::once(ParticipantId::OPERATOR.0).chain(participants(options));
        let with_key = |id: u32| {
            let key = Key::parse(&format!("{:064x}", u64::from(id) + KEY)).ok();
            Participant { id, key, ..Participant::default() }
        };
        deployment.participants = participants.map(with_key).collect();
    }
    set_heartbeat_timeout(&mut deployment, options.heartbeat_timeout);
    deployment
}

/// Numbers of the participants that trade: those of the clients with the SDK, and then those of the clients in Java.
pub(crate) fn participants(options: &Options) -> impl Iterator<Item = u32> + use<> {
    FIRST_PARTICIPANT..FIRST_PARTICIPANT + options.clients + options.java_clients
}

/// Sets the time after which followers miss the leader, and what must be longer than that.
fn set_heartbeat_timeout(deployment: &mut Deployment, timeout: Duration) {
    let timeouts = &mut deployment.timeouts;
    timeouts.heartbeat_timeout = timeout;
    // A machine that needs a long one is not quick to vote either.
    timeouts.election_timeout = timeouts.election_timeout.max(timeout / 10);
    timeouts.session_timeout = timeouts.session_timeout.max(timeout * 3);
    timeouts.startup_canvass_timeout = timeouts.startup_canvass_timeout.max(timeout * 2);
    let client = &mut deployment.client;
    client.silence_timeout = client.silence_timeout.max(timeout * 2);
    client.new_leader_timeout = client.new_leader_timeout.max(timeout * 3);
}
