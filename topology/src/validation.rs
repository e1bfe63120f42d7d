//! Checks of a deployment's values, each alone and against each other. An error names the key that is wrong.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use lugus_vocabulary::endpoint::{is_host, is_loopback};
use lugus_vocabulary::partition_map::MAXIMUM_MEMBERS;
use lugus_vocabulary::{InstrumentSpecification, MessageRate, ParticipantId, Price};

use crate::error::Fault;
use crate::firm;
use crate::mtu::{MAXIMUM_MTU, MINIMUM_MTU, MTU_ALIGNMENT};
use crate::{
    AuthenticationMode, COORDINATOR_PORTS, Client, Cluster, Coordinator, Cores, Deployment, DeploymentError, Ingress,
    Invalid, Key, Member, MemberSpec, Participant, Place, Problem, Profile, Retention, Size, Supervision, Timeouts,
    Warning, aeron_duration,
};

/// Greatest number of clusters in a deployment.
pub const MAXIMUM_CLUSTERS: usize = 256;
/// Highest id of a cluster. Aeron counts stream ids from it, in steps of 100.
pub const MAXIMUM_CLUSTER_ID: i32 = 9_999;
/// Greatest number of participants in a deployment.
pub const MAXIMUM_PARTICIPANTS: usize = 65_536;
/// Greatest number of instruments in a deployment.
pub const MAXIMUM_INSTRUMENTS: usize = 65_536;
/// Length of the longest directory of a media driver, in bytes. Aeron's C code has 384 bytes for the path of a file in it.
pub const MAXIMUM_AERON_DIR_LENGTH: usize = 256;

const MAXIMUM_SESSIONS: u32 = 100_000;
const MAXIMUM_ENGINE_LIMIT: u32 = 1 << 26;
const MINIMUM_RING: u32 = 1 << 10;
const MAXIMUM_RING: u32 = 1 << 24;
const LONGEST_RECORDED: Size = Size::mib(64 << 10);
const LOWEST_RATE: Size = Size::kib(64);
const HIGHEST_RATE: Size = Size::mib(1_024);
const MAXIMUM_STAGES: u32 = 1 << 20;
const MINIMUM_LOG: u64 = 64 << 10;
const MAXIMUM_LOG: u64 = 1 << 30;
const MAXIMUM_KEPT_LOGS: u32 = 1_000;
const MAXIMUM_RETRIES: u32 = 1_000;
const MINIMUM_TERM: Size = Size::kib(64);
const MAXIMUM_TERM: Size = Size::mib(1_024);
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(3_600);
/// Shortest time in which a service must make progress: twice the time for which one slow client may hold it up, which is twice the default
/// `egress_stall_limit` of `aeron-cluster-service`.
const SHORTEST_SERVICE_PROGRESS: Duration = Duration::from_millis(400);
const SHORTEST_SNAPSHOT_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_SNAPSHOT_INTERVAL: Duration = Duration::from_secs(30 * 86_400);
const MAXIMUM_SNAPSHOTS: u32 = 1_000;
const MAXIMUM_RETENTION_DAYS: u32 = 36_500;

pub(crate) fn check(deployment: &Deployment) -> Result<(), Fault> {
    clusters(deployment)?;
    ports(deployment)?;
    directories(deployment)?;
    cores(deployment)?;
    timeouts(&deployment.timeouts)?;
    let longest_delay = deployment.supervision.longest_delay;
    duration_within("supervision.longest_delay", longest_delay, Supervision::FIRST_DELAY, LONGEST)?;
    limits(deployment)?;
    lengths(deployment)?;
    streams(deployment)?;
    client(&deployment.client, &deployment.timeouts)?;
    authentication(deployment)?;
    firm::check(&deployment.firms, deployment.authentication.mode, &deployment.participants)?;
    instruments(deployment)
}

impl Deployment {
    /// Warnings of what is allowed, but unwise.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for cluster in &self.clusters {
            let members = cluster.members.len();
            if members.is_multiple_of(2) {
                warnings.push(Warning::EvenMembers { cluster: cluster.id, members });
            }
        }
        let egress = self.client.egress_host.as_ref().and_then(|host| host.parse().ok());
        let egress: IpAddr = egress.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let remote =
            self.clusters.iter().flat_map(|cluster| &cluster.members).find(|member| !is_loopback(&member.host));
        if let Some(member) = remote.filter(|_| egress.is_loopback()) {
            warnings.push(Warning::EgressOnLoopback { host: egress, member: member.id });
        }
        warnings
    }
}

fn each_member(deployment: &Deployment) -> impl Iterator<Item = (String, &Cluster, &Member)> {
    deployment.clusters.iter().enumerate().flat_map(|(c, cluster)| {
        let members = cluster.members.iter().enumerate();
        members.map(move |(m, member)| (format!("cluster[{c}].member[{m}]"), cluster, member))
    })
}

fn clusters(deployment: &Deployment) -> Result<(), Fault> {
    if deployment.clusters.is_empty() {
        return Err(Fault::new("cluster", Problem::NoClusters));
    }
    at_most("cluster", deployment.clusters.len(), MAXIMUM_CLUSTERS)?;
    let mut ids = Unique::default();
    for (c, cluster) in deployment.clusters.iter().enumerate() {
        let key = format!("cluster[{c}]");
        within(format!("{key}.id"), cluster.id.0, 0, MAXIMUM_CLUSTER_ID)?;
        ids.take(cluster.id, format!("{key}.id"))?;
        if cluster.members.is_empty() {
            return Err(Fault::new(key, Problem::NoMembers));
        }
        at_most(format!("{key}.member"), cluster.members.len(), MAXIMUM_MEMBERS)?;
        let mut members = Unique::default();
        for (m, member) in cluster.members.iter().enumerate() {
            let key = format!("{key}.member[{m}]");
            within(format!("{key}.id"), member.id.0, 0, i32::from(i16::MAX))?;
            members.take(member.id, format!("{key}.id"))?;
            host(format!("{key}.host"), &member.host)?;
            host(format!("{key}.members_host"), member.members_host())?;
        }
    }
    Ok(())
}

fn ports(deployment: &Deployment) -> Result<(), Fault> {
    let mut endpoints = Unique::default();
    for (key, _, member) in each_member(deployment) {
        let ports = member.each_port().into_iter().filter(|&(name, ..)| deployment.market_data.takes_port(name));
        for (name, offset, written) in ports {
            let (key, port) = match written {
                Some(port) => (format!("{key}.ports.{name}"), port),
                None => {
                    let key = format!("{key}.port");
                    within(key.clone(), member.port, 1, u16::MAX - offset)?;
                    (key, member.port + offset)
                }
            };
            within(key.clone(), port, 1, u16::MAX)?;
            endpoints.take(format!("port {port} at {}", address(member.host_of(name))), key)?;
        }
    }
    let Some(coordinator) = &deployment.coordinator else { return Ok(()) };
    host("coordinator.host", &coordinator.host)?;
    within("coordinator.port", coordinator.port, 1, u16::MAX - (COORDINATOR_PORTS - 1))?;
    for (_, port) in coordinator.each_port() {
        endpoints.take(format!("port {port} at {}", address(&coordinator.host)), String::from("coordinator.port"))?;
    }
    Ok(())
}

fn directories(deployment: &Deployment) -> Result<(), Fault> {
    usable_directory("dir", &deployment.state_dir(), usize::MAX)?;
    usable_directory("aeron_dir", &deployment.client_root(), MAXIMUM_AERON_DIR_LENGTH)?;
    let coordinator = deployment.coordinator_spec();
    usable_directory("coordinator.dir", &coordinator.dir, usize::MAX)?;
    usable_directory("coordinator.aeron_dir", &coordinator.aeron_dir, MAXIMUM_AERON_DIR_LENGTH)?;
    let mut taken = Unique::default();
    let specs = deployment.cluster_specs();
    let members = specs.iter().flat_map(|cluster| &cluster.members);
    for ((key, _, member), spec) in each_member(deployment).zip(members) {
        let MemberSpec { aeron_dir, archive_dir, cluster_dir, .. } = spec;
        for (name, path, longest) in [
            ("aeron_dir", aeron_dir, MAXIMUM_AERON_DIR_LENGTH),
            ("archive_dir", archive_dir, usize::MAX),
            ("cluster_dir", cluster_dir, usize::MAX),
        ] {
            let key = format!("{key}.{name}");
            usable_directory(key.clone(), path, longest)?;
            // The same path on two hosts names two directories.
            taken.take(format!("{} at {}", path.display(), address(&member.host)), key)?;
        }
    }
    Ok(())
}

fn usable_directory(key: impl Into<String>, path: &Path, longest: usize) -> Result<(), Fault> {
    let bad = |reason: String| Problem::Directory { path: path.to_path_buf(), reason };
    let problem = match path.to_str() {
        None => bad(String::from("its name is not UTF-8; choose another")),
        Some(text) if text.len() > longest => bad(format!("longer than {longest} bytes; choose a shorter one")),
        Some(text) if text.contains(['|', ',', '\n']) => bad(String::from("it has one of | , and newline in its name")),
        Some(_) => return Ok(()),
    };
    Err(Fault::new(key, problem))
}

fn cores(deployment: &Deployment) -> Result<(), Fault> {
    let pinned = deployment.profile == Profile::Pinned;
    let mut taken = Unique::default();
    for (key, _, member) in each_member(deployment) {
        let key = format!("{key}.cores");
        let needed = "driver = [conductor, sender, receiver], consensus = [...], service";
        let Some(cores) = cores_if(pinned, &member.cores, &key, needed)? else { continue };
        let Cores { driver, consensus, service, market_data } = cores;
        if consensus.is_empty() {
            return Err(Fault::new(format!("{key}.consensus"), Problem::CoresMissing { needed: "consensus = [...]" }));
        }
        for core in driver.iter().chain(consensus).chain([service]).chain(market_data) {
            taken.take(format!("core {core} of {}", address(&member.host)), key.clone())?;
        }
    }
    let client = &deployment.client;
    let needed = "[conductor, sender, receiver]";
    cores_if(client.profile == Profile::Pinned, &client.cores, "client.cores", needed).map(|_| ())
}

fn cores_if<'c, T>(
    pinned: bool,
    cores: &'c Option<T>,
    key: &str,
    needed: &'static str,
) -> Result<Option<&'c T>, Fault> {
    match (pinned, cores) {
        (true, None) => Err(Fault::new(key, Problem::CoresMissing { needed })),
        (false, Some(_)) => Err(Fault::new(key, Problem::CoresUnused)),
        (_, cores) => Ok(cores.as_ref()),
    }
}

fn timeouts(timeouts: &Timeouts) -> Result<(), Fault> {
    let Timeouts {
        heartbeat_timeout,
        heartbeat_interval,
        election_timeout,
        election_status_interval,
        startup_canvass_timeout,
        join_timeout,
        session_timeout,
        service_progress_timeout,
        termination_timeout,
        start_timeout,
        stop_timeout,
    } = *timeouts;
    for (name, value) in [
        ("heartbeat_timeout", heartbeat_timeout),
        ("heartbeat_interval", heartbeat_interval),
        ("election_timeout", election_timeout),
        ("election_status_interval", election_status_interval),
        ("startup_canvass_timeout", startup_canvass_timeout),
        ("join_timeout", join_timeout),
        ("session_timeout", session_timeout),
        ("termination_timeout", termination_timeout),
        ("start_timeout", start_timeout),
        ("stop_timeout", stop_timeout),
    ] {
        duration(format!("timeouts.{name}"), value)?;
    }
    duration_within("timeouts.service_progress_timeout", service_progress_timeout, SHORTEST_SERVICE_PROGRESS, LONGEST)?;
    at_least_twice("timeouts.heartbeat_timeout", heartbeat_timeout, "timeouts.heartbeat_interval", heartbeat_interval)?;
    let (canvass, heartbeat) = ("timeouts.startup_canvass_timeout", "timeouts.heartbeat_timeout");
    at_least_twice(canvass, startup_canvass_timeout, heartbeat, heartbeat_timeout)?;
    at_least_twice(
        "timeouts.election_timeout",
        election_timeout,
        "timeouts.election_status_interval",
        election_status_interval,
    )?;
    at_least_twice("timeouts.session_timeout", session_timeout, heartbeat, heartbeat_timeout)
}

fn limits(deployment: &Deployment) -> Result<(), Fault> {
    within("nice", deployment.nice, -20, 19)?;
    let consensus = &deployment.consensus;
    within("consensus.maximum_sessions", consensus.maximum_sessions, 1, MAXIMUM_SESSIONS)?;
    let pending = consensus.maximum_pending_connects;
    within("consensus.maximum_pending_connects", pending, 1, MAXIMUM_SESSIONS)?;
    let of_address = consensus.maximum_pending_connects_of_address;
    within("consensus.maximum_pending_connects_of_address", of_address, 1, pending)?;
    duration("consensus.maximum_clock_difference", consensus.maximum_clock_difference)?;
    for (name, value) in deployment.engine.each() {
        within(format!("engine.{name}"), value, 1, MAXIMUM_ENGINE_LIMIT)?;
    }
    within("market_data.ring_capacity", deployment.market_data.ring_capacity, MINIMUM_RING, MAXIMUM_RING)?;
    within("market_data.snapshot_rate", deployment.market_data.snapshot_rate, LOWEST_RATE, HIGHEST_RATE)?;
    within("market_data.recorded_length", deployment.market_data.recorded_length, Size::bytes(0), LONGEST_RECORDED)?;
    within("stages.every", deployment.stages.every, 0, u32::MAX)?;
    within("log.maximum_size", deployment.log.maximum_size.as_bytes(), MINIMUM_LOG, MAXIMUM_LOG)?;
    within("log.kept", deployment.log.kept, 0, MAXIMUM_KEPT_LOGS)?;
    collector(deployment.telemetry.otlp_endpoint.as_deref())?;
    within("stages.capacity", deployment.stages.capacity, 1, MAXIMUM_STAGES)?;
    within("archive.sync_level", deployment.archive.sync_level, 0, 2)?;
    retention(&deployment.retention)
}

fn retention(retention: &Retention) -> Result<(), Fault> {
    if !retention.snapshot_interval.is_zero() {
        let (shortest, longest) = (SHORTEST_SNAPSHOT_INTERVAL, LONGEST_SNAPSHOT_INTERVAL);
        duration_within("retention.snapshot_interval", retention.snapshot_interval, shortest, longest)?;
    }
    if retention.snapshot_log_length != Size::bytes(0) {
        not_less("retention.snapshot_log_length", retention.snapshot_log_length, "64k", MINIMUM_TERM)?;
    }
    within("retention.snapshots", retention.snapshots, 1, MAXIMUM_SNAPSHOTS)?;
    within("retention.log_retention_days", retention.log_retention_days, 0, MAXIMUM_RETENTION_DAYS)
}

fn lengths(deployment: &Deployment) -> Result<(), Fault> {
    for (name, value) in deployment.term_length.each() {
        power_of_two(format!("term_length.{name}"), value)?;
    }
    if let Some(coordinator) = &deployment.coordinator {
        power_of_two("coordinator.term_length", coordinator.term_length)?;
    }
    let segment = deployment.archive.segment_length;
    power_of_two("archive.segment_length", segment)?;
    for (other, term) in
        [("term_length.log", deployment.term_length.log), ("term_length.ipc", deployment.term_length.ipc)]
    {
        not_less("archive.segment_length", segment, other, term)?;
    }
    not_less("archive.minimum_free_space", deployment.archive.minimum_free_space, "archive.segment_length", segment)?;
    let (reserve, minimum) = (deployment.archive.reserve(), deployment.archive.minimum_free_space);
    not_less("archive.disk_reserve", reserve, "archive.minimum_free_space", minimum)?;
    mtu(deployment.mtu())?;
    let (warm_up, start) = (deployment.java.warm_up, deployment.timeouts.start_timeout);
    if warm_up > start / 4 {
        return Err(relation("java.warm_up", warm_up, "at most a quarter of", "timeouts.start_timeout", start));
    }
    not_less("java.initial_heap", deployment.java.initial_heap, "16m", Size::mib(16))?;
    not_less("java.maximum_heap", deployment.java.maximum_heap, "java.initial_heap", deployment.java.initial_heap)
}

fn streams(deployment: &Deployment) -> Result<(), Fault> {
    let mut taken = Unique::default();
    for (name, stream) in deployment.streams.each() {
        within(format!("streams.{name}"), stream, 1, 119)?;
        // The archive's two control streams are on channels of their own: UDP and IPC.
        if name != "archive_local_control" {
            taken.take(format!("stream {stream}"), format!("streams.{name}"))?;
        }
    }
    let Some(coordinator) = &deployment.coordinator else { return Ok(()) };
    let mut taken = Unique::default();
    for (name, stream) in coordinator.each_stream() {
        within(format!("coordinator.{name}"), stream, 1, i32::MAX)?;
        taken.take(format!("stream {stream}"), format!("coordinator.{name}"))?;
    }
    Ok(())
}

fn client(client: &Client, timeouts: &Timeouts) -> Result<(), Fault> {
    for (name, value) in [
        ("message_timeout", client.message_timeout),
        ("new_leader_timeout", client.new_leader_timeout),
        ("silence_timeout", client.silence_timeout),
        ("keep_alive_interval", client.keep_alive_interval),
        ("retry_backoff", client.retry_backoff),
        ("retry_backoff_maximum", client.retry_backoff_maximum),
    ] {
        duration(format!("client.{name}"), value)?;
    }
    if let Some(egress_host) = &client.egress_host {
        host("client.egress_host", egress_host)?;
    }
    within("client.retry_attempts", client.retry_attempts, 1, MAXIMUM_RETRIES)?;
    let (heartbeat, session) = (timeouts.heartbeat_timeout, timeouts.session_timeout);
    at_least_twice("client.new_leader_timeout", client.new_leader_timeout, "timeouts.heartbeat_timeout", heartbeat)?;
    at_least_twice("client.silence_timeout", client.silence_timeout, "timeouts.heartbeat_timeout", heartbeat)?;
    at_least_twice("timeouts.session_timeout", session, "client.keep_alive_interval", client.keep_alive_interval)?;
    if client.retry_backoff > client.retry_backoff_maximum {
        return Err(relation(
            "client.retry_backoff_maximum",
            client.retry_backoff_maximum,
            "at least",
            "client.retry_backoff",
            client.retry_backoff,
        ));
    }
    if client.ingress == Ingress::Ipc && client.aeron_dir.is_none() {
        return Err(Fault::new("client.ingress", Problem::IpcWithoutDriver));
    }
    Ok(())
}

fn authentication(deployment: &Deployment) -> Result<(), Fault> {
    at_most("participant", deployment.participants.len(), MAXIMUM_PARTICIPANTS)?;
    let mut ids = Unique::default();
    for (p, participant) in deployment.participants.iter().enumerate() {
        ids.take(participant.id, format!("participant[{p}].id"))?;
        rights(deployment.authentication.mode, &format!("participant[{p}]"), participant)?;
    }
    match deployment.authentication.mode {
        AuthenticationMode::Open => {
            let hosts = |member: &Member| [member.host.clone(), member.members_host().to_owned()];
            let mut members = each_member(deployment).map(|(_, _, member)| (member.id, hosts(member)));
            let remote = members.find_map(|(id, hosts)| Some((id, hosts.into_iter().find(|host| !is_loopback(host))?)));
            let fault = |problem| Err(Fault::new("authentication.mode", problem));
            if let Some((member, host)) = remote {
                return fault(Problem::OpenBeyondLoopback { member, host });
            }
            match &deployment.coordinator {
                Some(Coordinator { host, .. }) if !is_loopback(host) => {
                    fault(Problem::OpenCoordinator { host: host.clone() })
                }
                _ => Ok(()),
            }
        }
        AuthenticationMode::Keys => keys(deployment),
    }
}

/// Checks role and limit of a participant, whose table is at `at`.
fn rights(mode: AuthenticationMode, at: &str, participant: &Participant) -> Result<(), Fault> {
    let (role, limit) = (format!("{at}.role"), format!("{at}.maximum_messages_per_second"));
    if mode == AuthenticationMode::Open {
        let bound = [(role, participant.role.is_some()), (limit, participant.maximum_messages_per_second > 0)];
        let key = bound.into_iter().find_map(|(key, is_there)| is_there.then_some(key));
        return key.map_or(Ok(()), |key| Err(Fault::new(key, Problem::NeedsKeys)));
    }
    if !participant.role().suits(ParticipantId(participant.id)) {
        return Err(Fault::new(role, Problem::OperatorsRole));
    }
    within(limit, participant.maximum_messages_per_second, 0, MessageRate::GREATEST)
}

fn keys(deployment: &Deployment) -> Result<(), Fault> {
    if deployment.participants.is_empty() {
        return Err(Fault::new("authentication.mode", Problem::NoParticipants));
    }
    participant_keys(deployment).map(|_| ())
}

pub(crate) fn participant_keys(deployment: &Deployment) -> Result<Vec<(u32, Key)>, Fault> {
    let participants = deployment.participants.iter().enumerate();
    let key = |(p, participant): (usize, &Participant)| {
        Ok((participant.id, participant.read_key(&format!("participant[{p}]"), &deployment.base)?))
    };
    participants.map(key).collect()
}

pub(crate) fn operator_key(deployment: &Deployment) -> Result<Key, Fault> {
    let mut participants = deployment.participants.iter().enumerate();
    match participants.find(|(_, participant)| participant.id == ParticipantId::OPERATOR.0) {
        Some((p, operator)) => operator.read_key(&format!("participant[{p}]"), &deployment.base),
        None => Err(Fault::new("participant", Problem::NoOperator)),
    }
}

fn instruments(deployment: &Deployment) -> Result<(), Fault> {
    at_most("instrument", deployment.instruments.len(), MAXIMUM_INSTRUMENTS)?;
    let (mut ids, mut pairs) = (Unique::default(), Unique::default());
    for (i, instrument) in deployment.instruments.iter().enumerate() {
        let key = format!("instrument[{i}]");
        specification(&key, instrument)?;
        ids.take(instrument.id, format!("{key}.id"))?;
        pairs.take(format!("{} {:?}", instrument.symbol, instrument.instrument_type), format!("{key}.symbol"))?;
        if !deployment.clusters.iter().any(|cluster| cluster.id == instrument.cluster) {
            let problem = Problem::UnknownCluster { cluster: instrument.cluster };
            return Err(Fault::new(format!("{key}.cluster"), problem));
        }
    }
    Ok(())
}

/// Checks the id, the symbol and the limits of an instrument.
///
/// # Errors
///
/// [`DeploymentError`]: the first of them that is wrong.
pub fn check_specification(instrument: &InstrumentSpecification) -> Result<(), DeploymentError> {
    let place = |key| Place { file: None, line: None, key };
    specification("instrument", instrument)
        .map_err(|fault| Invalid { place: place(fault.key), problem: fault.problem }.into())
}

fn specification(key: &str, instrument: &InstrumentSpecification) -> Result<(), Fault> {
    within(format!("{key}.id"), instrument.id.0, 1, u32::MAX)?;
    if instrument.currencies().is_none() {
        return Err(Fault::new(format!("{key}.symbol"), Problem::Symbol { symbol: instrument.symbol.clone() }));
    }
    prices(key, instrument)
}

fn prices(key: &str, instrument: &InstrumentSpecification) -> Result<(), Fault> {
    let InstrumentSpecification { minimum_price, maximum_price, reference_price, .. } = *instrument;
    let (price_band, maximum_quantity) = (instrument.price_band.0, instrument.maximum_quantity.0);
    within(format!("{key}.maximum_price"), maximum_price, minimum_price, Price(i64::MAX))?;
    within(format!("{key}.reference_price"), reference_price, minimum_price, maximum_price)?;
    within(format!("{key}.price_band"), price_band, 0, i64::MAX as u64)?;
    within(format!("{key}.maximum_quantity"), maximum_quantity, 1, i64::MAX as u64)?;
    let protection = instrument.protection.fault().map(|field| ("protection", field, Problem::Protection));
    let fault = protection.or(instrument.auctions.fault().map(|field| ("auctions", field, Problem::Auctions)));
    fault.map_or(Ok(()), |(table, field, problem)| Err(Fault::new(format!("{key}.{table}.{field}"), problem)))
}

/// The host, with one name for the loopback address, so that equal addresses compare as equal.
fn address(host: &str) -> &str {
    if host == "localhost" { "127.0.0.1" } else { host }
}

/// Values that must be unique, each with the key at which it was found first.
#[derive(Default)]
struct Unique(HashMap<String, String>);

impl Unique {
    fn take(&mut self, value: impl Display, key: String) -> Result<(), Fault> {
        let value = value.to_string();
        match self.0.get(&value) {
            Some(other) => Err(Fault::new(key, Problem::Duplicate { value, other: other.clone() })),
            None => {
                self.0.insert(value, key);
                Ok(())
            }
        }
    }
}

fn at_most(key: impl Into<String>, count: usize, maximum: usize) -> Result<(), Fault> {
    if count > maximum { Err(Fault::new(key, Problem::TooMany { count, maximum })) } else { Ok(()) }
}

fn within<T: PartialOrd + Display>(key: impl Into<String>, value: T, minimum: T, maximum: T) -> Result<(), Fault> {
    if value >= minimum && value <= maximum {
        return Ok(());
    }
    let [value, minimum, maximum] = [value, minimum, maximum].map(|number| number.to_string());
    Err(Fault::new(key, Problem::Range { value, minimum, maximum }))
}

fn duration(key: impl Into<String>, value: Duration) -> Result<(), Fault> {
    duration_within(key, value, SHORTEST, LONGEST)
}

fn duration_within(
    key: impl Into<String>,
    value: Duration,
    shortest: Duration,
    longest: Duration,
) -> Result<(), Fault> {
    if (shortest..=longest).contains(&value) {
        return Ok(());
    }
    let [value, minimum, maximum] = [value, shortest, longest].map(aeron_duration);
    Err(Fault::new(key, Problem::Range { value, minimum, maximum }))
}

fn relation(
    key: &'static str,
    value: Duration,
    relation: &'static str,
    other: &'static str,
    other_value: Duration,
) -> Fault {
    let [value, other_value] = [value, other_value].map(aeron_duration);
    Fault::new(key, Problem::Relation { value, relation, other, other_value })
}

fn at_least_twice(key: &'static str, value: Duration, other: &'static str, other_value: Duration) -> Result<(), Fault> {
    if value / 2 >= other_value { Ok(()) } else { Err(relation(key, value, "at least twice", other, other_value)) }
}

fn not_less(key: &'static str, value: Size, other: &'static str, least: Size) -> Result<(), Fault> {
    if value >= least {
        return Ok(());
    }
    let (value, other_value) = (value.to_string(), least.to_string());
    Err(Fault::new(key, Problem::Relation { value, relation: "at least", other, other_value }))
}

fn power_of_two(key: impl Into<String>, value: Size) -> Result<(), Fault> {
    if value.as_bytes().is_power_of_two() && (MINIMUM_TERM..=MAXIMUM_TERM).contains(&value) {
        return Ok(());
    }
    Err(Fault::new(key, Problem::PowerOfTwo { value, minimum: MINIMUM_TERM, maximum: MAXIMUM_TERM }))
}

fn mtu(value: Size) -> Result<(), Fault> {
    let [minimum, maximum] = [MINIMUM_MTU, MAXIMUM_MTU].map(Size::bytes);
    if (minimum..=maximum).contains(&value) && value.as_bytes().is_multiple_of(MTU_ALIGNMENT) {
        return Ok(());
    }
    Err(Fault::new("driver.mtu", Problem::Mtu { value, alignment: MTU_ALIGNMENT, minimum, maximum }))
}

/// Checks `http://HOST:PORT`, with or without a path.
fn collector(address: Option<&str>) -> Result<(), Fault> {
    let Some(address) = address else { return Ok(()) };
    let is_place = |rest: &str| {
        let authority = rest.split('/').next().unwrap_or_default();
        let is_good = |(host, port): (&str, &str)| {
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
        };
        authority.rsplit_once(':').is_some_and(is_good) && rest.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if address.strip_prefix("http://").is_some_and(is_place) {
        return Ok(());
    }
    Err(Fault::new("telemetry.otlp_endpoint", Problem::Collector { address: address.to_owned() }))
}

fn host(key: impl Into<String>, host: &str) -> Result<(), Fault> {
    if is_host(host) { Ok(()) } else { Err(Fault::new(key, Problem::Host { host: host.to_owned() })) }
}
