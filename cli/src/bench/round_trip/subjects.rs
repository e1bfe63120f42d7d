//! What is measured: a cluster of Lugus, clusters whose service echoes, in Aeron's Java container and in ours, and Aeron alone.

use std::time::Duration;

use lugus_client::OlderSession;
use lugus_client::cluster::Context;
use lugus_load::cluster_sessions::ClusterSessions;
use lugus_load::commands::{Answers, Commands};
use lugus_load::measured::Times;
use lugus_load::ping_pong::Sides;
use lugus_load::processor_time::ProcessorTime;
use lugus_media_driver::{ChildProcess, ClientDriver, EchoService, Launch, MemberProcesses, READY_LINE};
use lugus_node::member::container_idle_strategy;
use lugus_partition_map::ClusterEntry;
use lugus_replay::flow::Flow;
use lugus_replay::replay::ReplayOptions;
use lugus_replay::stages::{ClientTimes, StageTimes};
use lugus_stages::{StageFile, StageRecord};
use lugus_topology::{ClusterSpec, Deployment, MemberSpec, Profile};
use lugus_vocabulary::ParticipantId;

use super::phases::Probe;
use crate::arguments::{Members, RoundTrip, Service, Transport};
use crate::failure::Failure;
use crate::local_deployment;
use crate::participant;
use crate::private_cluster::PrivateCluster;
use crate::processes;
use crate::replay::{Connection, synthetic};

/// A cluster that runs, with what a client of it needs.
pub struct Subject {
    pub answers: Answers,
    cluster: ClusterSpec,
    transport: Transport,
    /// The client's own driver; with IPC there is none.
    client_driver: Option<ClientDriver>,
    /// Parts of the system and their processes.
    processes: Vec<(&'static str, u32)>,
    /// The same of members of Lugus, with the member.
    of_members: Vec<(i32, &'static str, u32)>,
    /// The member whose stamps tell the stages of commands: the leader, if members stamp any.
    stamped_by: Option<i32>,
    // Dropped in this order: services before their members, and those before their deployment.
    java_services: Vec<EchoService>,
    rust_services: Vec<ChildProcess>,
    members: Vec<MemberProcesses>,
    private: PrivateCluster,
}

/// Time within which all sessions have to be open.
const LOGON_TIMEOUT: Duration = Duration::from_secs(30);

/// Time within which a service has to run.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Names of the parts of which the processor time is told.
pub const CLIENT: &str = "client";
pub const CLIENT_DRIVER: &str = "client's driver";
pub const DRIVER: &str = "drivers";
pub const CONSENSUS_MODULE: &str = "consensus modules";
pub const SERVICE: &str = "services";

impl Subject {
    /// Starts a cluster with a service, which must not be [`Service::PingPong`].
    pub fn start(what: &RoundTrip, service: Service, members: Members, transport: Transport) -> Result<Self, Failure> {
        let mut deployment = local_deployment::deployment(Some(members), what.base_port);
        deployment.profile = what.profile;
        deployment.client.profile = what.profile;
        deployment.stages.every = what.stages;
        if service == Service::Lugus {
            deployment.market_data.recorded_length = what.recorded_market_data;
        }
        Self::of(deployment, service, transport)
    }

    /// Starts a cluster of this deployment with a service, which must not be [`Service::PingPong`].
    pub fn of(deployment: Deployment, service: Service, transport: Transport) -> Result<Self, Failure> {
        let private = PrivateCluster::of(deployment, "round-trip")?;
        let cluster = private.found().cluster()?;
        let mut subject = Self {
            answers: if service == Service::Lugus { Answers::Reports } else { Answers::Echoes },
            cluster,
            transport,
            client_driver: None,
            processes: vec![(CLIENT, std::process::id())],
            of_members: Vec::new(),
            java_services: Vec::new(),
            rust_services: Vec::new(),
            members: Vec::new(),
            private,
            stamped_by: None,
        };
        if service == Service::Lugus {
            subject.start_lugus()?
        } else {
            subject.start_echo(service)?
        }
        if transport == Transport::Udp {
            let driver = ClientDriver::start(&subject.private.found().deployment).map_err(Failure::new)?;
            subject.processes.extend(driver.pid().map(|pid| (CLIENT_DRIVER, pid)));
            subject.client_driver = Some(driver);
        }
        Ok(subject)
    }

    fn start_lugus(&mut self) -> Result<(), Failure> {
        self.private.start()?;
        for member in &self.cluster.members {
            let pid =
                processes::pid(&member.dir).ok_or_else(|| Failure::new(format!("member {} has ended", member.id)))?;
            self.of_members.push((member.id.0, SERVICE, pid));
            for child in processes::tree(pid).into_iter().skip(1) {
                let part = if processes::program(child).is_some_and(|name| name == "java") {
                    CONSENSUS_MODULE
                } else {
                    DRIVER
                };
                self.of_members.push((member.id.0, part, child));
            }
        }
        self.processes.extend(self.of_members.iter().map(|&(_, part, pid)| (part, pid)));
        Ok(())
    }

    fn start_echo(&mut self, service: Service) -> Result<(), Failure> {
        for member in &self.cluster.members {
            let started = MemberProcesses::start(&self.cluster, member.id).map_err(Failure::new)?;
            let [driver, consensus_module] = started.pids();
            self.processes.extend([(DRIVER, driver), (CONSENSUS_MODULE, consensus_module)]);
            self.members.push(started);
        }
        for member in &self.members {
            if service == Service::JavaEcho {
                let started = EchoService::start(&self.cluster, member).map_err(Failure::new)?;
                self.processes.push((SERVICE, started.pid()));
                self.java_services.push(started);
            } else {
                let started = start_rust_echo(&self.private, &self.cluster, member)?;
                self.processes.push((SERVICE, started.pid()));
                self.rust_services.push(started);
            }
        }
        Ok(())
    }

    /// Defines the instruments of the flow that the load sends, with empty books.
    pub fn open_instruments(&self, sessions: u32) -> Result<(), Failure> {
        // A flow of no commands: only its instruments are opened.
        if self.answers == Answers::Reports { self.open_flow(&mut synthetic(0, 1, sessions)) } else { Ok(()) }
    }

    /// Defines the instruments of a flow, and sends its commands.
    pub fn open_flow(&self, flow: &mut impl Flow) -> Result<(), Failure> {
        let mut connection = Connection::open(self.private.found(), &[], 1, OlderSession::Replace)?;
        connection.replay(flow, ReplayOptions::default(), &mut ())?;
        Ok(())
    }

    /// The cluster that runs.
    pub fn cluster(&self) -> &ClusterSpec {
        &self.cluster
    }

    /// Its deployment.
    pub fn private(&self) -> &PrivateCluster {
        &self.private
    }

    /// Processes of a member of Lugus, by what they are.
    pub fn processes_of(&self, member: i32) -> impl Iterator<Item = (&'static str, u32)> {
        self.of_members.iter().filter(move |(of, ..)| *of == member).map(|&(_, part, pid)| (part, pid))
    }

    /// What all processes have used of the processors so far, those of the leader apart from those of followers.
    pub fn processor_time_by_role(&self, leader: i32) -> ProcessorTime {
        let of_role = |&(member, part, pid): &(i32, &'static str, u32)| (role(part, member == leader), pid);
        let clients = self.processes.iter().filter(|(part, _)| *part == CLIENT || *part == CLIENT_DRIVER);
        ProcessorTime::of(self.of_members.iter().map(of_role).chain(clients.copied()))
    }

    /// Opens a session for each participant.
    pub fn connect(&mut self, participants: &[ParticipantId]) -> Result<ClusterSessions, Failure> {
        let sessions = self.connect_within(LOGON_TIMEOUT, participants)?;
        let stamps = self.answers == Answers::Reports && self.private.found().deployment.stages.every > 0;
        self.stamped_by = sessions.leader_member_id().filter(|_| stamps);
        Ok(sessions)
    }

    /// Opens a session for each participant, within this time.
    pub fn connect_within(
        &self,
        patience: Duration,
        participants: &[ParticipantId],
    ) -> Result<ClusterSessions, Failure> {
        let deployment = &self.private.found().deployment;
        let entry = ClusterEntry::from(&self.cluster);
        let leader = match self.transport {
            Transport::Udp => None,
            Transport::Ipc => Some(self.leader()?),
        };
        let mut contexts = Vec::new();
        for participant in participants {
            let aeron_dir = match (&self.client_driver, leader) {
                (Some(driver), _) => driver.aeron_dir(),
                (None, Some(leader)) => &leader.aeron_dir,
                (None, None) => return Err(Failure::new("no media driver for the client")),
            };
            let config = participant::config(deployment, &entry, aeron_dir, participant.0, OlderSession::Replace)?;
            let mut context: Context = config.cluster_context();
            if let Some(leader) = leader {
                context = context.ipc_member(Some(leader.id.0));
                if self.cluster.members.len() == 1 {
                    context = context.egress_channel("aeron:ipc");
                }
            }
            contexts.push(context);
        }
        ClusterSessions::connect_within(patience, contexts).map_err(Failure::new)
    }

    /// The leading member, as a session over UDP is told.
    fn leader(&self) -> Result<&MemberSpec, Failure> {
        let deployment = &self.private.found().deployment;
        let driver = ClientDriver::start(deployment).map_err(Failure::new)?;
        let entry = ClusterEntry::from(&self.cluster);
        let config = participant::config(deployment, &entry, driver.aeron_dir(), 1, OlderSession::Replace)?;
        let sessions = ClusterSessions::connect([config.cluster_context()]).map_err(Failure::new)?;
        let leader = sessions.leader_member_id();
        let member = self.cluster.members.iter().find(|member| Some(member.id.0) == leader);
        member.ok_or_else(|| Failure::new("the session has no leader"))
    }
}

/// A part with the role of its member.
fn role(part: &'static str, leads: bool) -> &'static str {
    match (part, leads) {
        (DRIVER, true) => "driver of the leader",
        (DRIVER, false) => "driver of a follower",
        (CONSENSUS_MODULE, true) => "consensus module of the leader",
        (CONSENSUS_MODULE, false) => "consensus module of a follower",
        (SERVICE, true) => "service of the leader",
        _ => "service of a follower",
    }
}

impl<F> Probe<F> for Subject {
    fn processor_time(&self) -> ProcessorTime {
        ProcessorTime::of(self.processes.iter().copied())
    }

    fn stages(&self, commands: &Commands<F>, times: &Times) -> Result<Option<StageTimes>, Failure> {
        let Some(leader) = self.stamped_by else { return Ok(None) };
        let member = self.cluster.members.iter().find(|member| member.id.0 == leader);
        let file = member.ok_or_else(|| Failure::new("the session has no leader"))?.stages_file();
        let records = StageFile::read(&file).map_err(Failure::new)?.records;
        let [due, sent, heard] = times.since_1970();
        let number_of = |record: &StageRecord| {
            commands.number_of(record.participant, record.instrument, record.client_sequence)?.checked_sub(times.first)
        };
        let client = ClientTimes { due: &due, sent: &sent, heard: &heard };
        StageTimes::join(&records, number_of, &client).map(Some).map_err(Failure::new)
    }
}

fn start_rust_echo(
    private: &PrivateCluster,
    cluster: &ClusterSpec,
    member: &MemberProcesses,
) -> Result<ChildProcess, Failure> {
    let spec = member.member();
    let mut arguments = vec!["--config".into(), private.found().path.clone().into_os_string()];
    let id = [cluster.id.to_string(), spec.id.to_string()];
    arguments.extend(["echo-service", "--cluster", &id[0], "--member", &id[1]].map(Into::into));
    let launch = Launch {
        name: "echo service",
        program: std::env::current_exe().map_err(Failure::new)?,
        arguments,
        log: spec.dir.join("echo-service.log"),
        log_limit: cluster.deployment().log,
        lock: Some(member.lock()),
        cores: &[],
    };
    let mut process = ChildProcess::start(launch).map_err(Failure::new)?;
    process.await_ready(READY_LINE, START_TIMEOUT).map_err(Failure::new)?;
    Ok(process)
}

/// Two media drivers over UDP, or one for both sides.
pub struct Floor {
    pub sides: Sides,
    processes: Vec<(&'static str, u32)>,
    _drivers: Vec<ClientDriver>,
    _private: PrivateCluster,
}

impl Floor {
    /// Starts the drivers. `base_port` and the next port are those of the two sides.
    pub fn start(profile: Profile, transport: Transport, base_port: u16, sessions: usize) -> Result<Self, Failure> {
        let mut deployment = local_deployment::deployment(Some(Members::One), base_port);
        deployment.profile = profile;
        deployment.client.profile = profile;
        let private = PrivateCluster::of(deployment, "round-trip")?;
        let deployment = &private.found().deployment;
        let count = if transport == Transport::Udp { 2 } else { 1 };
        let drivers: Vec<_> =
            (0..count).map(|_| ClientDriver::start(deployment)).collect::<Result<_, _>>().map_err(Failure::new)?;
        let mut processes = vec![(CLIENT, std::process::id())];
        for (driver, part) in drivers.iter().zip([CLIENT_DRIVER, DRIVER]) {
            processes.extend(driver.pid().map(|pid| (part, pid)));
        }
        let directory = |side: usize| drivers[side.min(drivers.len() - 1)].aeron_dir().to_path_buf();
        let channel = |port: u16| match transport {
            Transport::Udp => format!("aeron:udp?endpoint=127.0.0.1:{port}"),
            Transport::Ipc => String::from("aeron:ipc"),
        };
        let sides = Sides {
            ping_driver: directory(0),
            pong_driver: directory(1),
            ping_channel: channel(base_port),
            pong_channel: channel(base_port.saturating_add(1)),
            idle: container_idle_strategy(profile),
            sessions,
        };
        Ok(Self { sides, processes, _drivers: drivers, _private: private })
    }
}

impl<F> Probe<F> for Floor {
    fn processor_time(&self) -> ProcessorTime {
        ProcessorTime::of(self.processes.iter().copied())
    }

    fn stages(&self, _commands: &Commands<F>, _times: &Times) -> Result<Option<StageTimes>, Failure> {
        Ok(None)
    }
}
