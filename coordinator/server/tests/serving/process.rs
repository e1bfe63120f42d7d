//! A coordinator as a process, and its surroundings in a test: a deployment, subscribers and a client.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_media_driver::ClientDriver;
use lugus_partition_map::{
    CoordinatorClient, MapContext, MapEpoch, MapSubscription, PartitionMap, RecordedMap, digest_of_map,
};
use lugus_topology::{Deployment, Key, Size};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Maximum time for any one operation, on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A deployment in a temporary folder, with a media driver for its clients.
pub(crate) struct Place {
    pub(crate) deployment: Deployment,
    pub(crate) file: PathBuf,
    pub(crate) driver: ClientDriver,
    _folder: TempDir,
    _shared_memory: TempDir,
}

impl Place {
    /// A deployment with one local cluster of one member, which is not started, and a coordinator whose ports begin at
    /// `port`.
    pub(crate) fn new(port: u16, change: impl FnOnce(&mut Deployment)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shared_memory = tempfile::Builder::new().prefix("lugus-coordinator-").tempdir_in("/dev/shm").unwrap();
        let mut deployment = Deployment::default_local(1, port + 10);
        assert_eq!(deployment.coordinator_spec().coordinator.port, port);
        deployment.dir = folder.path().join("state");
        deployment.aeron_dir = Some(shared_memory.path().to_path_buf());
        deployment.term_length.udp = Size::kib(64);
        change(&mut deployment);
        let file = folder.path().join("cluster.toml");
        deployment.save(&file).unwrap();
        let driver = ClientDriver::start(&deployment).unwrap();
        Self { deployment, file, driver, _folder: folder, _shared_memory: shared_memory }
    }

    pub(crate) fn subscriber(&self) -> Subscriber {
        Subscriber { map: RecordedMap::new(MapContext::new(&self.deployment, self.driver.aeron_dir().into())) }
    }

    /// The operator's client.
    pub(crate) fn client(&self) -> CoordinatorClient {
        self.client_with(self.deployment.operator_key().unwrap())
    }

    /// A client with this key, or without one.
    pub(crate) fn client_with(&self, key: Option<Key>) -> CoordinatorClient {
        let spec = self.deployment.coordinator_spec();
        CoordinatorClient::connect(self.driver.aeron_dir(), &spec, "127.0.0.1", DEADLINE, key).unwrap()
    }
}

/// A coordinator's process, which is killed with SIGKILL when the value is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a coordinator and waits until it serves. `Err` has its error output if it ends instead.
    pub(crate) fn start(place: &Place) -> Result<Self, String> {
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/serve");
        let mut command = Command::new(&program);
        command.arg(&place.file).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Self { child: command.spawn().unwrap() };
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.trim() == "ready" {
            return Ok(process);
        }
        let mut output = String::new();
        process.child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        Err(output)
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM and waits for the end. Returns whether the process ended in time and with success.
    pub(crate) fn end(mut self) -> bool {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A subscriber of the map.
pub(crate) struct Subscriber {
    pub(crate) map: RecordedMap,
}

impl Subscriber {
    /// Polls once, and ignores errors: the subscription connects again by itself.
    pub(crate) fn poll(&mut self) {
        let _ = self.map.poll();
    }

    pub(crate) fn epoch(&self) -> Option<MapEpoch> {
        self.map.newest().map(|map| map.epoch)
    }
}

/// Polls all subscribers until each has the map of this epoch. Returns the map and the time it took.
pub(crate) fn await_epoch(subscribers: &mut [Subscriber], epoch: MapEpoch) -> (Arc<PartitionMap>, Duration) {
    let took = await_all(subscribers, &format!("epoch {epoch}"), |subscriber| subscriber.epoch() == Some(epoch));
    let map = subscribers[0].map.newest().unwrap().clone();
    for subscriber in subscribers {
        assert_eq!(digest_of_map(subscriber.map.newest().unwrap()), digest_of_map(&map));
    }
    (map, took)
}

/// Polls all subscribers until `holds` is true of each. Returns the time it took.
pub(crate) fn await_all(subscribers: &mut [Subscriber], what: &str, holds: impl Fn(&Subscriber) -> bool) -> Duration {
    let started = Instant::now();
    loop {
        subscribers.iter_mut().for_each(Subscriber::poll);
        if subscribers.iter().all(&holds) {
            return started.elapsed();
        }
        let epochs: Vec<_> = subscribers.iter().map(Subscriber::epoch).collect();
        assert!(
            started.elapsed() < DEADLINE,
            "not all subscribers are at {what}; they have the maps of epochs {epochs:?}"
        );
        std::thread::sleep(Duration::from_micros(200));
    }
}
