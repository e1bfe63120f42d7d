//! A client in Java that trades over Aeron's own client, and keeps a journal of what it sends and is told (`TradingClient.java`).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lugus_topology::{ClusterSpec, Deployment, aeron_duration};

use crate::file_system::text;
use crate::java::{self, Property};
use crate::members_key::write_secret;
use crate::{ChildProcess, Launch, ProcessError};

const MAIN: &str = "io.lugus.client.TradingClient";
const LOG: &str = "java-client.log";

/// Names of its files: the participant's key, what it is to do, the same while it is being written, and its journal.
const KEY_FILE: &str = "key";
const CONTROL: &str = "control";
const NEW_CONTROL: &str = "control.new";
const JOURNAL: &str = "journal";

/// What a client in Java is, and how it trades.
#[derive(Debug, Clone)]
pub struct JavaClientPlan {
    /// Number of the participant.
    pub participant: u32,
    /// Directory of the media driver that it uses.
    pub aeron_dir: PathBuf,
    /// Between two commands.
    pub interval: Duration,
    /// Seed of its commands.
    pub seed: u64,
    /// Folder of its files, which is its alone. The journal there is continued by each process.
    pub folder: PathBuf,
}

/// A process of a client in Java. It is killed (SIGKILL) when this is dropped.
#[derive(Debug)]
pub struct JavaClient {
    process: ChildProcess,
}

impl JavaClientPlan {
    /// The file with all that the client has sent and was told, which `Journal.java` describes.
    pub fn journal(&self) -> PathBuf {
        self.folder.join(JOURNAL)
    }

    /// Tells the client in which phase it is (0: it sends, 1: it waits for answers, 2: for all events, 3: it ends), and how often it was asked
    /// to open another session. To be told before the first start, too.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn tell(&self, phase: u8, reconnects: u32) -> Result<(), ProcessError> {
        fs::create_dir_all(&self.folder).map_err(ProcessError::file("make", &self.folder))?;
        let (new, path) = (self.folder.join(NEW_CONTROL), self.folder.join(CONTROL));
        fs::write(&new, format!("{phase} {reconnects}\n")).map_err(ProcessError::file("write", &new))?;
        fs::rename(&new, &path).map_err(ProcessError::file("rename", &new))
    }
}

impl JavaClient {
    /// Starts a process of the client, which goes on where the one before has ended, and does not wait until it trades.
    ///
    /// # Errors
    ///
    /// A jar is missing, the participant has no key in a deployment with keys, or the process can't be started.
    pub fn start(deployment: &Deployment, plan: &JavaClientPlan) -> Result<Self, ProcessError> {
        let mut properties = aeron_properties(deployment, &plan.aeron_dir);
        properties.extend(own_properties(deployment, plan));
        let keys = deployment.participant_keys()?;
        if let Some((_, key)) = keys.iter().find(|(participant, _)| *participant == plan.participant) {
            let path = plan.folder.join(KEY_FILE);
            write_secret(&path, &key.to_hex())?;
            properties.push(("lugus.client.key", text(&path)));
        }
        let process = ChildProcess::start(Launch {
            name: "Java client",
            program: deployment.java.binary.clone(),
            arguments: java::arguments(deployment, properties, MAIN)?,
            log: plan.folder.join(LOG),
            log_limit: deployment.log,
            lock: None,
            cores: &[],
        })?;
        Ok(Self { process })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it has ended in order, as it was told to. Does not block.
    ///
    /// # Errors
    ///
    /// It has ended otherwise; the error quotes the end of its log.
    pub fn has_ended(&mut self) -> Result<bool, ProcessError> {
        self.process.has_succeeded()
    }
}

/// What Aeron's own client reads.
fn aeron_properties(deployment: &Deployment, aeron_dir: &Path) -> Vec<Property> {
    let channel = deployment.cluster_specs().first().map(ClusterSpec::ingress_channel).unwrap_or_default();
    vec![
        ("aeron.dir", text(aeron_dir)),
        ("aeron.cluster.ingress.channel", channel),
        ("aeron.cluster.ingress.stream.id", deployment.streams.ingress.to_string()),
        ("aeron.cluster.egress.channel", deployment.egress_channel()),
        ("aeron.cluster.egress.stream.id", deployment.streams.egress.to_string()),
        ("aeron.cluster.message.timeout", aeron_duration(deployment.client.message_timeout)),
        ("aeron.cluster.client.name", String::from("lugus-java-client")),
    ]
}

fn own_properties(deployment: &Deployment, plan: &JavaClientPlan) -> Vec<Property> {
    let client = &deployment.client;
    let endpoints = |cluster: &ClusterSpec| {
        let of_members = cluster.members.iter().map(|member| format!("{}={}", member.id.0, member.endpoints.ingress));
        of_members.collect::<Vec<_>>().join(",")
    };
    let clusters: Vec<String> = deployment.cluster_specs().iter().map(endpoints).collect();
    let instruments: Vec<String> = deployment.instruments.iter().map(|it| it.id.0.to_string()).collect();
    vec![
        ("lugus.client.participant", plan.participant.to_string()),
        ("lugus.client.clusters", clusters.join(";")),
        ("lugus.client.instruments", instruments.join(",")),
        ("lugus.client.interval", plan.interval.as_nanos().to_string()),
        ("lugus.client.seed", plan.seed.to_string()),
        ("lugus.client.ask.again", client.silence_timeout.as_nanos().to_string()),
        // As long as Aeron's client would wait for a new leader that does not say so.
        ("lugus.client.silence", (client.new_leader_timeout + client.message_timeout).as_nanos().to_string()),
        ("lugus.client.new.leader.timeout", client.new_leader_timeout.as_nanos().to_string()),
        ("lugus.client.journal", text(&plan.journal())),
        ("lugus.client.control", text(&plan.folder.join(CONTROL))),
    ]
}
