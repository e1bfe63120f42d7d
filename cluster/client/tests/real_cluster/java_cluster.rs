//! A cluster of Aeron's own Java processes on loopback, with C media drivers and an echo service. All processes end with the
//! test.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io, thread};

const JVM: [&str; 6] = [
    "-XX:+UseSerialGC",
    "-Xms64m",
    "-Xmx256m",
    "-XX:TieredStopAtLevel=1",
    "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
    "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
];

static RUNNING: RwLock<()> = RwLock::new(());

/// One test at a time: each starts up to ten processes.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    RUNNING.write().unwrap_or_else(PoisonError::into_inner)
}

/// For tests of one member that wait nearly all of their time: they run at the same time, but not beside a test that is [`alone`].
pub(crate) fn beside_others_that_wait() -> RwLockReadGuard<'static, ()> {
    RUNNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// A process that does not outlive the test.
pub(crate) struct Process(Child);

impl Process {
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        // SAFETY: prctl is async-signal-safe and touches nothing of the parent.
        unsafe {
            command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            });
        }
        Self(command.spawn().unwrap())
    }

    fn signal(&self, signal: i32) {
        let group = i32::try_from(self.0.id()).unwrap();
        // SAFETY: sends a signal to the group of our own child, which has not been waited for.
        unsafe { libc::kill(-group, signal) };
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
        let _ = self.0.wait();
    }
}

/// A C media driver. The directory is its own and is removed with it.
pub(crate) struct Driver {
    pub(crate) dir: PathBuf,
    _process: Process,
}

impl Driver {
    pub(crate) fn start(dir: &Path, log: &Path) -> Self {
        Self::start_with(dir, log, &[("AERON_CLIENT_LIVENESS_TIMEOUT", "2s")])
    }

    /// A driver with settings of its own, by the names of their environment variables.
    pub(crate) fn start_with(dir: &Path, log: &Path, settings: &[(&str, &str)]) -> Self {
        let program = workspace().join("target/release/media_driver");
        assert!(program.is_file(), "cargo build --release -p rusteron-media-driver --bin media_driver comes first");
        // A command file that another driver left would pass for this one's.
        let _ = fs::remove_dir_all(dir);
        let process = Process::start(
            Command::new(program)
                .env("AERON_DIR", dir)
                .env("AERON_DIR_DELETE_ON_START", "1")
                .env("AERON_DIR_DELETE_ON_SHUTDOWN", "1")
                .env("AERON_THREADING_MODE", "SHARED")
                .envs(settings.iter().copied())
                .env("AERON_SHARED_IDLE_STRATEGY", "backoff")
                .env("AERON_SHARED_IDLE_STRATEGY_INIT_ARGS", "10-5-1us-50us")
                .env("AERON_TERM_BUFFER_LENGTH", "4m")
                .env("AERON_IPC_TERM_BUFFER_LENGTH", "4m"),
            log,
        );
        until("the media driver's command file", Duration::from_secs(5), || dir.join("cnc.dat").is_file());
        Self { dir: dir.to_owned(), _process: process }
    }
}

/// The three processes of a member.
struct Member {
    _service: Process,
    _consensus: Process,
    driver: Driver,
}

pub(crate) struct Cluster {
    root: tempfile::TempDir,
    size: usize,
    port_base: usize,
    heartbeat_timeout: &'static str,
    members: Vec<Option<Member>>,
}

impl Cluster {
    /// Starts `size` members at `port_base` + 100 x member id.
    pub(crate) fn start(size: usize, port_base: usize) -> Self {
        Self::start_with(size, port_base, "200ms")
    }

    /// As [`start`](Self::start), with this leader heartbeat time-out.
    pub(crate) fn start_with(size: usize, port_base: usize, heartbeat_timeout: &'static str) -> Self {
        let root = tempfile::Builder::new().prefix("cluster-client-").tempdir_in("/dev/shm").unwrap();
        let members = (0..size).map(|_| None).collect();
        let mut cluster = Self { root, size, port_base, heartbeat_timeout, members };
        cluster.start_members();
        cluster
    }

    /// Starts all members that do not run.
    pub(crate) fn start_members(&mut self) {
        let missing: Vec<usize> = (0..self.size).filter(|id| self.members[*id].is_none()).collect();
        for id in &missing {
            self.members[*id] = Some(self.start_member(*id));
        }
    }

    /// Kills all processes of a member with -9.
    pub(crate) fn kill(&mut self, id: usize) {
        self.signal(id, libc::SIGKILL);
        self.members[id] = None;
    }

    /// Stops all processes of a member.
    pub(crate) fn suspend(&self, id: usize) {
        self.signal(id, libc::SIGSTOP);
    }

    /// Lets all processes of a member go on.
    pub(crate) fn resume(&self, id: usize) {
        self.signal(id, libc::SIGCONT);
    }

    fn signal(&self, id: usize, signal: i32) {
        if let Some(member) = &self.members[id] {
            for process in [&member._service, &member._consensus, &member.driver._process] {
                process.signal(signal);
            }
        }
    }

    pub(crate) fn kill_all(&mut self) {
        for id in 0..self.size {
            self.kill(id);
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// The directory of a member's media driver.
    pub(crate) fn driver_dir(&self, id: usize) -> &Path {
        &self.members[id].as_ref().unwrap().driver.dir
    }

    pub(crate) fn ingress_endpoint(&self, id: usize) -> String {
        self.endpoint(id, 10)
    }

    pub(crate) fn ingress_endpoints(&self) -> Vec<(i32, String)> {
        (0..self.size).map(|id| (i32::try_from(id).unwrap(), self.ingress_endpoint(id))).collect()
    }

    /// When a member's service became leader last: time since the epoch.
    pub(crate) fn leader_since(&self, id: usize) -> Option<Duration> {
        let text = fs::read_to_string(self.member_dir(id).join("leader")).ok()?;
        Some(Duration::from_millis(text.parse().ok()?))
    }

    /// Runs `ClusterTool` on a member.
    pub(crate) fn tool(&self, id: usize, command: &str) {
        let output = Command::new("java")
            .args(JVM)
            .arg(format!("-Daeron.dir={}", self.driver_dir(id).display()))
            .arg("-cp")
            .arg(jar())
            .arg("io.aeron.cluster.ClusterTool")
            .arg(self.member_dir(id).join("cluster"))
            .arg(command)
            .output()
            .unwrap();
        assert!(output.status.success(), "ClusterTool {command}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn endpoint(&self, id: usize, port: usize) -> String {
        format!("127.0.0.1:{}", self.port_base + id * 100 + port)
    }

    fn member_dir(&self, id: usize) -> PathBuf {
        self.root.path().join(format!("member{id}"))
    }

    fn start_member(&self, id: usize) -> Member {
        let dir = self.member_dir(id);
        fs::create_dir_all(dir.join("cluster")).unwrap();
        // Mark files of killed processes look alive for ten seconds, and would hold up the new ones.
        for mark_file in ["cluster/cluster-mark.dat", "cluster/cluster-mark-service-0.dat", "archive/archive-mark.dat"]
        {
            let _ = fs::remove_file(dir.join(mark_file));
        }
        let driver = Driver::start_with(&dir.join("driver"), &dir.join("driver.log"), &[]);
        let consensus = self.java(id, &["io.aeron.cluster.ClusteredArchive"], "consensus.log");
        let service = self.java(
            id,
            &["-Daeron.cluster.service.class.name=EchoService", "io.aeron.cluster.service.ClusteredServiceContainer"],
            "service.log",
        );
        Member { _service: service, _consensus: consensus, driver }
    }

    fn java(&self, id: usize, main: &[&str], log: &str) -> Process {
        let dir = self.member_dir(id);
        let members: Vec<String> = (0..self.size)
            .map(|member| {
                let ports: Vec<String> = [10, 20, 30, 40, 1].map(|port| self.endpoint(member, port)).into();
                format!("{member},{}", ports.join(","))
            })
            .collect();
        let properties = [
            ("aeron.dir", dir.join("driver").display().to_string()),
            ("aeron.archive.dir", dir.join("archive").display().to_string()),
            ("aeron.cluster.dir", dir.join("cluster").display().to_string()),
            ("echo.dir", dir.display().to_string()),
            ("aeron.archive.control.channel", format!("aeron:udp?endpoint={}", self.endpoint(id, 1))),
            ("aeron.archive.replication.channel", "aeron:udp?endpoint=127.0.0.1:0".into()),
            ("aeron.archive.recording.events.enabled", "false".into()),
            ("aeron.archive.threading.mode", "SHARED".into()),
            ("aeron.archive.record.checksum", "CRC-32C".into()),
            ("aeron.archive.segment.file.length", "16m".into()),
            ("aeron.archive.low.storage.space.threshold", "16m".into()),
            ("aeron.cluster.member.id", id.to_string()),
            ("aeron.cluster.members", members.join("|")),
            ("aeron.cluster.ingress.channel", "aeron:udp?term-length=1m".into()),
            ("aeron.cluster.ingress.ipc.allowed", "true".into()),
            ("aeron.cluster.max.sessions", "200".into()),
            ("aeron.cluster.log.channel", "aeron:udp?term-length=4m".into()),
            ("aeron.cluster.replication.channel", "aeron:udp?endpoint=127.0.0.1:0".into()),
            ("aeron.cluster.leader.heartbeat.timeout", self.heartbeat_timeout.into()),
            ("aeron.cluster.leader.heartbeat.interval", "20ms".into()),
            ("aeron.cluster.election.timeout", "50ms".into()),
            ("aeron.cluster.election.status.interval", "10ms".into()),
            ("aeron.cluster.startup.canvass.timeout", "2s".into()),
            ("aeron.cluster.authenticator.supplier", "TestAuthenticator".into()),
        ];
        let mut command = Command::new("java");
        command.args(JVM).args(properties.map(|(name, value)| format!("-D{name}={value}")));
        command.arg("-cp").arg(format!("{}:{}", jar().display(), classes().display())).args(main);
        Process::start(&mut command, &dir.join(log))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if thread::panicking() {
            for id in 0..self.size {
                for log in ["driver.log", "consensus.log", "service.log"] {
                    let text = fs::read_to_string(self.member_dir(id).join(log)).unwrap_or_default();
                    eprintln!("--- member {id} {log}\n{}", text.get(..4000).unwrap_or(&text));
                }
            }
        }
        self.kill_all();
    }
}

/// Waits for a condition.
pub(crate) fn until(what: &str, timeout: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < timeout, "{what}: not within {timeout:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Time since the epoch.
pub(crate) fn epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn jar() -> PathBuf {
    let jar = workspace().join(".tools/jars/aeron-all.jar");
    assert!(jar.is_file(), "{} is missing: run ./scripts/setup", jar.display());
    jar
}

/// The Java classes of the tests, compiled once.
fn classes() -> &'static Path {
    static CLASSES: OnceLock<tempfile::TempDir> = OnceLock::new();
    CLASSES
        .get_or_init(|| {
            let classes = tempfile::tempdir().unwrap();
            let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java");
            let output = Command::new("javac")
                .arg("-cp")
                .arg(jar())
                .arg("-d")
                .arg(classes.path())
                .args(["EchoService.java", "TestAuthenticator.java"].map(|source| sources.join(source)))
                .output()
                .unwrap();
            assert!(output.status.success(), "javac: {}", String::from_utf8_lossy(&output.stderr));
            classes
        })
        .path()
}
