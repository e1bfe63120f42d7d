//! Members for tests: each has a C media driver, Aeron's archive and consensus module in a JVM, and containers in threads of
//! the test. Dropping a part ends it.

#![allow(dead_code, reason = "each test program uses its part")]

use std::ffi::CString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aeron_cluster_service::{ClusteredService, ClusteredServiceContainer, ContainerError, Context, Termination};
use aeron_support::is_driver_alive;
use rusteron_archive::AeronCnc;
use tempfile::TempDir;

/// Time within which everything must happen. It is used up only when a test fails.
const DEADLINE: Duration = Duration::from_secs(120);

/// Type id of the counter with a member's commit position (`ClusterCounters.COMMIT_POSITION_TYPE_ID` of Aeron Cluster).
const COMMIT_POSITION_TYPE_ID: i32 = 203;

/// Type ids of the counters by which an archive and a consensus module see that another runs beside the same media driver
/// (`AeronCounters.ARCHIVE_ERROR_COUNT_TYPE_ID` and `CLUSTER_CONSENSUS_MODULE_STATE_TYPE_ID` of Aeron).
const ONE_OF_A_DRIVER_TYPE_IDS: [i32; 2] = [101, 200];

const JVM_FLAGS: [&str; 5] = [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xms64m",
    "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
    "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
];

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE, "timed out, waiting for: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A process. Dropping it kills it.
pub(crate) struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Kills the process, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits until the process ends by itself.
    pub(crate) fn await_exit(&mut self) {
        let child = &mut self.0;
        until("the process to end", || child.try_wait().unwrap().is_some());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Directories and addresses of a member.
pub(crate) struct Member {
    directory: TempDir,
    id: usize,
    /// First ports of all members of its cluster.
    ports: Vec<u16>,
    /// Further properties of the consensus module.
    properties: Vec<(&'static str, String)>,
}

impl Member {
    /// The only member of a cluster, in a new directory, with the ports of `number`.
    pub(crate) fn new(number: u16) -> Self {
        Self::cluster(number, 1).remove(0)
    }

    /// The members of a cluster of `count`, each in a new directory, with the ports from those of `number` on.
    pub(crate) fn cluster(number: u16, count: u16) -> Vec<Self> {
        let ports: Vec<u16> = (number..number + count).map(|number| 24_100 + 10 * number).collect();
        let member = |id| {
            let directory = tempfile::Builder::new().prefix("aeron-cluster-service-").tempdir_in("/dev/shm").unwrap();
            Self { directory, id, ports: ports.clone(), properties: Vec::new() }
        };
        (0..ports.len()).map(member).collect()
    }

    /// Sets a property of the consensus module for its next start.
    pub(crate) fn set(&mut self, name: &'static str, value: impl ToString) {
        self.properties.retain(|(other, _)| *other != name);
        self.properties.push((name, value.to_string()));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn cluster_dir(&self) -> PathBuf {
        self.path("cluster")
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(self.path("driver"), self.cluster_dir()).driver_timeout(Duration::from_secs(3))
    }

    /// Whether a container has its settings and is about to run: the mark file has its version, 0.3.0.
    pub(crate) fn is_container_ready(&self) -> bool {
        let mark_file = std::fs::read(self.cluster_dir().join("cluster-mark-service-0.dat"));
        mark_file.is_ok_and(|file| file.get(9) == Some(&3))
    }

    /// Type ids and labels of the media driver's counters.
    pub(crate) fn counters(&self) -> Vec<(i32, String)> {
        let mut counters = Vec::new();
        self.for_each_counter(|_, type_id, label| counters.push((type_id, label.to_owned())));
        counters
    }

    /// Log position up to which the member has the log, and knows that it is committed. None before it has a log.
    pub(crate) fn commit_position(&self) -> Option<i64> {
        let mut position = None;
        self.for_each_counter(|value, type_id, _| {
            if type_id == COMMIT_POSITION_TYPE_ID {
                position = Some(value);
            }
        });
        position
    }

    /// Gives value, type id and label of each of the media driver's counters to `visit`.
    fn for_each_counter(&self, mut visit: impl FnMut(i64, i32, &str)) {
        let directory = CString::new(self.path("driver").into_os_string().into_encoded_bytes()).unwrap();
        AeronCnc::read(&directory, |cnc| {
            cnc.counters_reader().foreach_counter_fn(|value, _, type_id, _, label| visit(value, type_id, label));
        })
        .unwrap();
    }

    fn endpoint(&self, offset: u16) -> String {
        self.endpoint_of(self.id, offset)
    }

    fn endpoint_of(&self, id: usize, offset: u16) -> String {
        format!("localhost:{}", self.ports[id] + offset)
    }

    /// Time after which a media driver takes a silent client for dead. It is short where a test waits for it; the JVMs of
    /// several members, which start at once, need more.
    fn client_liveness_timeout(&self) -> &'static str {
        if self.ports.len() == 1 { "3s" } else { "30s" }
    }

    /// One entry for each member of the cluster.
    fn each(&self, separator: &str, entry: impl Fn(usize) -> String) -> String {
        (0..self.ports.len()).map(entry).collect::<Vec<_>>().join(separator)
    }

    /// Starts a media driver, and waits until it runs.
    pub(crate) fn start_driver(&self) -> Process {
        let _ = std::fs::remove_dir_all(self.path("driver"));
        let driver = Process::start(
            Command::new(media_driver())
                .env("AERON_DIR", self.path("driver"))
                .env("AERON_DIR_DELETE_ON_START", "1")
                .env("AERON_THREADING_MODE", "SHARED")
                .env("AERON_TERM_BUFFER_LENGTH", "4m")
                .env("AERON_IPC_TERM_BUFFER_LENGTH", "4m")
                .env("AERON_CLIENT_LIVENESS_TIMEOUT", self.client_liveness_timeout())
                // The driver wants it longer than the liveness time-out.
                .env("AERON_PUBLICATION_UNBLOCK_TIMEOUT", "40s")
                .stdout(Stdio::null()),
        );
        until("the media driver", || is_driver_alive(&self.path("driver"), Duration::from_secs(1)));
        driver
    }

    /// Starts archive and consensus module. Their output goes to a file. Earlier ones must have ended; the media driver frees
    /// their counters a while after the end of their process, and they refuse to start until then.
    pub(crate) fn start_consensus_module(&self) -> Process {
        until("the end of the last consensus module's counters", || {
            self.counters().iter().all(|(type_id, _)| !ONE_OF_A_DRIVER_TYPE_IDS.contains(type_id))
        });
        // The mark files of a consensus module and archive that were killed.
        for mark in ["cluster/cluster-mark.dat", "archive/archive-mark.dat"] {
            let _ = std::fs::remove_file(self.path(mark));
        }
        let output = std::fs::File::create(self.path("consensus-module.log")).unwrap();
        let endpoints = |id| (0..5).map(|offset| self.endpoint_of(id, offset)).collect::<Vec<_>>().join(",");
        let members = self.each("|", |id| format!("{id},{}", endpoints(id)));
        let mut command = java();
        for (name, value) in [
            ("aeron.dir", self.path("driver").display().to_string()),
            ("aeron.archive.dir", self.path("archive").display().to_string()),
            ("aeron.cluster.dir", self.cluster_dir().display().to_string()),
            ("aeron.archive.control.channel", format!("aeron:udp?endpoint={}", self.endpoint(4))),
            ("aeron.archive.replication.channel", "aeron:udp?endpoint=localhost:0".to_owned()),
            ("aeron.archive.recording.events.enabled", "false".to_owned()),
            ("aeron.archive.threading.mode", "SHARED".to_owned()),
            ("aeron.archive.record.checksum", "CRC-32C".to_owned()),
            ("aeron.archive.segment.file.length", "16m".to_owned()),
            ("aeron.archive.low.storage.space.threshold", "1m".to_owned()),
            ("aeron.cluster.member.id", self.id.to_string()),
            ("aeron.cluster.members", members),
            ("aeron.cluster.ingress.channel", "aeron:udp?term-length=4m".to_owned()),
            ("aeron.cluster.log.channel", "aeron:udp?term-length=16m".to_owned()),
            ("aeron.cluster.replication.channel", "aeron:udp?endpoint=localhost:0".to_owned()),
            ("aeron.cluster.leader.heartbeat.timeout", "1s".to_owned()),
            ("aeron.cluster.leader.heartbeat.interval", "100ms".to_owned()),
            ("aeron.cluster.election.timeout", "50ms".to_owned()),
            ("aeron.cluster.election.status.interval", "10ms".to_owned()),
            ("aeron.cluster.startup.canvass.timeout", "2s".to_owned()),
        ] {
            command.arg(format!("-D{name}={value}"));
        }
        command.args(self.properties.iter().map(|(name, value)| format!("-D{name}={value}")));
        command.arg("-cp").arg(jar()).arg("io.aeron.cluster.ClusteredArchive");
        Process::start(command.stdout(output.try_clone().unwrap()).stderr(output))
    }

    /// Runs Aeron's `ClusterTool`. Returns its output, and whether it succeeds.
    pub(crate) fn cluster_tool(&self, arguments: &[&str]) -> (String, bool) {
        let Output { status, stdout, stderr } = java()
            .arg(format!("-Daeron.dir={}", self.path("driver").display()))
            .arg(format!("-Daeron.archive.control.channel=aeron:udp?endpoint={}", self.endpoint(4)))
            .arg("-Daeron.archive.control.response.channel=aeron:udp?endpoint=localhost:0")
            .arg("-cp")
            .arg(jar())
            .arg("io.aeron.cluster.ClusterTool")
            .arg(self.cluster_dir())
            .args(arguments)
            .output()
            .unwrap();
        (String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned(), status.success())
    }

    /// Starts Aeron's Java container with the service of `tests/CountingService.java`.
    pub(crate) fn start_java_service(&self) -> Process {
        // The mark file of a container that was killed.
        let _ = std::fs::remove_file(self.path("cluster/cluster-mark-service-0.dat"));
        let output = std::fs::File::create(self.path("java-service.log")).unwrap();
        let mut command = java();
        command.arg(format!("-Daeron.dir={}", self.path("driver").display()));
        command.arg(format!("-Daeron.cluster.dir={}", self.cluster_dir().display()));
        command.arg("-cp").arg(jar()).arg(source("CountingService.java"));
        Process::start(command.stdout(output.try_clone().unwrap()).stderr(output))
    }

    /// Starts Aeron's `ClusterBackup`, with a media driver and an archive of its own, in the directory of `self`, for the
    /// cluster of `member`.
    pub(crate) fn start_backup_of(&self, member: &Self) -> Process {
        let output = std::fs::File::create(self.path("backup.log")).unwrap();
        let mut command = java();
        for (name, value) in [
            ("aeron.dir", self.path("driver").display().to_string()),
            ("aeron.threading.mode", "SHARED".to_owned()),
            ("aeron.archive.dir", self.path("archive").display().to_string()),
            ("aeron.archive.control.channel", format!("aeron:udp?endpoint={}", self.endpoint(4))),
            ("aeron.archive.control.response.channel", "aeron:udp?endpoint=localhost:0".to_owned()),
            ("aeron.archive.replication.channel", "aeron:udp?endpoint=localhost:0".to_owned()),
            ("aeron.archive.recording.events.enabled", "false".to_owned()),
            ("aeron.archive.threading.mode", "SHARED".to_owned()),
            ("aeron.archive.record.checksum", "CRC-32C".to_owned()),
            ("aeron.archive.segment.file.length", "16m".to_owned()),
            ("aeron.archive.low.storage.space.threshold", "1m".to_owned()),
            ("aeron.cluster.dir", self.cluster_dir().display().to_string()),
            ("aeron.cluster.consensus.channel", format!("aeron:udp?endpoint={}", self.endpoint(1))),
            ("aeron.cluster.consensus.endpoints", member.each(",", |id| member.endpoint_of(id, 1))),
            ("aeron.cluster.backup.catchup.endpoint", self.endpoint(3)),
            ("aeron.cluster.backup.interval", "1s".to_owned()),
        ] {
            command.arg(format!("-D{name}={value}"));
        }
        command.arg("-cp").arg(jar()).arg("io.aeron.cluster.ClusterBackupMediaDriver");
        Process::start(command.stdout(output.try_clone().unwrap()).stderr(output))
    }

    /// Connects Aeron's Java client.
    pub(crate) fn connect_client(&self) -> Client {
        let endpoints = self.each(",", |id| format!("{id}={}", self.endpoint_of(id, 0)));
        let mut command = java();
        command.arg("-cp").arg(jar()).arg(source("ClusterClient.java")).arg(self.path("driver")).arg(endpoints);
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let input = process.0.stdin.take().unwrap();
        let output = BufReader::new(process.0.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let client = Client { _process: process, input, lines };
        client.expect("connected");
        client
    }
}

/// Aeron's Java client, connected.
pub(crate) struct Client {
    _process: Process,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Client {
    /// Writes a line to the client, and waits for the line `expected` from it.
    pub(crate) fn ask(&mut self, line: &str, expected: &str) {
        self.tell(line);
        self.expect(expected);
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    pub(crate) fn expect(&self, expected: &str) {
        let line = self.lines.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("{error}, not {expected:?}"));
        assert_eq!(line, expected);
    }
}

/// A container in a thread. Dropping it stops the container.
pub(crate) struct RunningContainer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Termination, ContainerError>>>,
}

impl RunningContainer {
    pub(crate) fn start<S: ClusteredService>(context: Context, service: impl FnOnce() -> S + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stop_of_thread = Arc::clone(&stop);
        let run = move || {
            let container = ClusteredServiceContainer::launch(context, service());
            let result = container.and_then(|mut container| container.run(&stop_of_thread));
            println!("the container ended: {result:?}");
            result
        };
        Self { stop, thread: Some(thread::spawn(run)) }
    }

    /// Waits until the container ends by itself. Returns how it ended.
    pub(crate) fn await_end(mut self) -> Result<Termination, ContainerError> {
        let thread = self.thread.take().unwrap();
        until("the container to end", || thread.is_finished());
        thread.join().unwrap()
    }

    /// Stops the container. Returns how it ended.
    pub(crate) fn stop(mut self) -> Result<Termination, ContainerError> {
        self.stop.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for RunningContainer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Path of a Java program of the tests, which the JVM compiles itself.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn java() -> Command {
    let home = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    let mut command = Command::new(home.map_or_else(|| "java".into(), |home| home.join("bin/java")));
    command.args(JVM_FLAGS);
    command
}

fn jar() -> PathBuf {
    Path::new(env!("LUGUS_JARS")).join("aeron-all.jar")
}

/// Path of the C media driver, which is built if it is not there.
fn media_driver() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let path = test.ancestors().nth(2).unwrap().join("media_driver");
        if !path.exists() {
            let build = ["build", "--release", "-p", "rusteron-media-driver", "--bin", "media_driver"];
            let status = Command::new(env!("CARGO")).args(build).status().unwrap();
            assert!(status.success(), "cargo {}: {status}", build.join(" "));
        }
        path
    })
    .clone()
}
