//! Aeron's own service container in Java with a service that echoes, to compare with the container in Rust.

use lugus_topology::{ClusterSpec, MemberSpec};

use crate::consensus_module::shared_properties;
use crate::{ChildProcess, FolderLock, Launch, MemberProcesses, ProcessError, READY_LINE, java};

const MAIN: &str = "io.lugus.EchoService";
const LOG: &str = "echo-service.log";

/// The echo service of a member, which runs in its own JVM.
#[derive(Debug)]
pub struct EchoService {
    process: ChildProcess,
}

impl EchoService {
    /// Starts the service beside a member's processes, and waits until its container runs.
    ///
    /// # Errors
    ///
    /// A jar is missing, or the process ends or does not answer in time.
    pub fn start(cluster: &ClusterSpec, processes: &MemberProcesses) -> Result<Self, ProcessError> {
        let deployment = cluster.deployment();
        let mut process = start(cluster, processes.member(), processes.lock())?;
        process.await_ready(READY_LINE, deployment.timeouts.start_timeout)?;
        Ok(Self { process })
    }

    /// Process id of its JVM.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Checks that the service still runs. Does not block.
    ///
    /// # Errors
    ///
    /// The process has ended.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.process.check()
    }
}

fn start(cluster: &ClusterSpec, member: &MemberSpec, lock: &FolderLock) -> Result<ChildProcess, ProcessError> {
    let deployment = cluster.deployment();
    let mut properties = shared_properties(cluster, member);
    properties.push(("aeron.cluster.snapshot.stream.id", deployment.streams.snapshot.to_string()));
    ChildProcess::start(Launch {
        name: "echo service",
        program: deployment.java.binary.clone(),
        arguments: java::arguments(deployment, properties, MAIN)?,
        log: member.dir.join(LOG),
        log_limit: deployment.log,
        lock: Some(lock),
        cores: &[],
    })
}
