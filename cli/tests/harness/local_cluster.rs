//! A cluster on this machine, run by the built `lugus`, with its own folders and ports.

use std::fs::{self, File};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lugus_media_driver::FolderLock;
use lugus_topology::{ClusterId, ClusterSpec, Deployment, LOCAL_PORT_STEP, MemberId, MemberSpec, SHARED_MEMORY};
use tempfile::TempDir;

use super::command::{Outcome, lugus};
use super::processes::{self, Process};
use super::status::Status;
use super::{PATIENCE, until};

/// First of the ports that are tried; all of them are below the system's ephemeral ports. Each cluster gets a block.
const FIRST_PORT: u16 = 29_000;
const PORTS: u16 = 100;
const BLOCKS: u16 = 30;

/// Name of the file that all test programs lock.
const LOCK_FILE: &str = "lugus-cluster-tests.lock";

/// Number of lines of each log that are shown when a test fails.
const SHOWN_LINES: usize = 30;

/// The right to run a cluster. One cluster at a time: two would overload two cores.
#[derive(Debug)]
pub struct OneAtATime {
    _locked: File,
}

impl OneAtATime {
    /// Waits until no other test of any test program runs a cluster.
    pub fn take() -> Self {
        let path = std::env::temp_dir().join(LOCK_FILE);
        let file = File::options().create(true).append(true).open(&path).expect("a file to lock");
        file.lock().expect("locked");
        Self { _locked: file }
    }
}

/// First port of a block in which no port is in use.
pub fn free_base_port() -> u16 {
    let is_free = |port: u16| UdpSocket::bind(("127.0.0.1", port)).is_ok();
    let mut blocks = (0..BLOCKS).map(|block| FIRST_PORT + PORTS * block);
    // The coordinator's ports precede the first member's ports.
    blocks.find(|first| (first - LOCAL_PORT_STEP..first + 4 * LOCAL_PORT_STEP).all(is_free)).expect("free ports")
}

/// An empty folder for state, deleted on drop. It lies in the RAM disk if there is one, as other programs' writes to a
/// disk can delay a cluster beyond its timeouts.
pub fn folder() -> TempDir {
    let mut named = tempfile::Builder::new();
    let named = named.prefix("lugus-test-");
    let made = if Path::new(SHARED_MEMORY).is_dir() { named.tempdir_in(SHARED_MEMORY) } else { named.tempdir() };
    made.expect("a folder")
}

/// Adjusts a deployment for tests that define the instruments themselves, as `lugus up` would change the state by
/// defining them again. Timeouts are long, as an election would make sessions without the SDK lose commands.
pub fn by_hand(deployment: &mut Deployment) {
    deployment.instruments.clear();
    without_elections(deployment);
}

/// Makes timeouts so long that a busy machine causes no election.
pub fn without_elections(deployment: &mut Deployment) {
    deployment.timeouts.heartbeat_timeout = Duration::from_secs(4);
    deployment.timeouts.startup_canvass_timeout = Duration::from_secs(8);
    deployment.timeouts.service_progress_timeout = Duration::from_secs(4);
    deployment.client.silence_timeout = Duration::from_secs(8);
    deployment.client.new_leader_timeout = Duration::from_secs(10);
}

/// A deployment and its processes. Drop kills the processes and deletes all files.
pub struct LocalCluster {
    pub deployment: Deployment,
    pub config: PathBuf,
    folder: TempDir,
    _one: OneAtATime,
}

impl LocalCluster {
    /// A deployment of one cluster with `members` members, changed by `adjust`, and not started.
    pub fn prepare(members: u16, adjust: impl FnOnce(&mut Deployment)) -> Self {
        let one = OneAtATime::take();
        let folder = folder();
        let config = folder.path().join("cluster.toml");
        let mut deployment = Deployment::default_local(members, free_base_port());
        deployment.coordinator = None;
        deployment.dir = PathBuf::from(".");
        deployment.timeouts.start_timeout = PATIENCE / 2;
        // Tests end members by hand, and look at what has ended before they start it again.
        deployment.supervision.restart = false;
        adjust(&mut deployment);
        deployment.save(&config).expect("a good deployment");
        Self { deployment, config, folder, _one: one }
    }

    /// The deployment that `lugus up` makes where there is none: two clusters and their coordinator.
    pub fn default_deployment() -> Self {
        let one = OneAtATime::take();
        let folder = folder();
        let config = folder.path().join("cluster.toml");
        let path = config.to_str().expect("a path");
        let up = lugus(folder.path(), &["--config", path, "up", "--base-port", &free_base_port().to_string()]);
        // A first start that fails leaves nothing behind, the file included.
        assert_eq!(up.code, Some(0), "{up:?}");
        let deployment = Deployment::load(&config).expect("a good deployment");
        let cluster = Self { deployment, config, folder, _one: one };
        eprintln!("{}", up.stdout);
        cluster
    }

    /// Prepares a cluster and starts it.
    pub fn start(members: u16, adjust: impl FnOnce(&mut Deployment)) -> Self {
        let cluster = Self::prepare(members, adjust);
        cluster.up();
        cluster
    }

    /// Runs `lugus` with this deployment.
    pub fn lugus(&self, arguments: &[&str]) -> Outcome {
        let config = self.config.to_str().expect("a path");
        lugus(self.folder.path(), &[&["--config", config], arguments].concat())
    }

    /// Runs `lugus up`, which starts all members that do not run; returns the ones that it started.
    #[track_caller]
    pub fn up(&self) -> Vec<i64> {
        let began = Instant::now();
        let started = self.lugus(&["--json", "up"]).json();
        eprintln!("up in {:?}: {started}", began.elapsed());
        started["started"].as_array().expect("a list").iter().map(|id| id.as_i64().expect("a number")).collect()
    }

    /// Runs `lugus down`, and checks that no process had to be killed.
    #[track_caller]
    pub fn down(&self) {
        let ended = self.lugus(&["--json", "down"]).json();
        assert_eq!(ended["killed"], serde_json::json!([]), "{ended}");
    }

    /// The status that `lugus status` prints, if it succeeds.
    pub fn status(&self) -> Option<Status> {
        let outcome = self.lugus(&["--json", "status"]);
        assert_ne!(outcome.code, Some(3), "members differ: {outcome:?}");
        if outcome.code != Some(0) {
            eprintln!("status: {outcome:?}");
            return None;
        }
        Some(serde_json::from_value(outcome.json()).expect("a status"))
    }

    /// Waits for a status for which `is_it` holds.
    #[track_caller]
    pub fn await_status(&self, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        let mut last = None;
        until(what, || {
            let status = self.status()?;
            if is_it(&status) {
                return Some(status);
            }
            let text = format!("{status:?}");
            if last.as_ref() != Some(&text) {
                eprintln!("waiting for: {what}: {text}");
                last = Some(text);
            }
            None
        })
    }

    /// Waits until all members run and have the same state at the same log position; returns state hash and position.
    #[track_caller]
    pub fn await_common_state(&self) -> (String, i64) {
        let status = self.await_status("all members with the same state", |status| status.common_state().is_some());
        status.common_state().expect("just seen")
    }

    /// Waits until every member has applied everything that closed sessions have sent; returns the state hash.
    #[track_caller]
    pub fn await_no_sessions(&self) -> (String, i64) {
        // A leader that has seen the end of all sessions has applied what came before, and so have members at its
        // position.
        let status = self.await_status("the end of all sessions", |status| {
            status.common_state().is_some() && status.members.iter().all(|member| member.sessions == Some(0))
        });
        status.common_state().expect("just seen")
    }

    /// Waits until the cluster has a leader.
    #[track_caller]
    pub fn await_leader(&self) -> i32 {
        let status = self.await_status("a leader", |status| self.living_leader(status).is_some());
        self.living_leader(&status).expect("just seen")
    }

    fn living_leader(&self, status: &Status) -> Option<i32> {
        status.leader().map(|leader| leader.id).filter(|id| self.pid(*id).is_some())
    }

    pub fn spec(&self) -> ClusterSpec {
        self.deployment.cluster(ClusterId(0)).expect("cluster 0")
    }

    pub fn member(&self, id: i32) -> MemberSpec {
        self.spec().member(MemberId(id)).expect("a member").clone()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Process id of the coordinator, if it runs.
    pub fn coordinator_pid(&self) -> Option<u32> {
        FolderLock::living_owner(&self.deployment.coordinator_spec().dir)
    }

    /// Kills the coordinator's whole process tree with SIGKILL.
    #[track_caller]
    pub fn kill_coordinator(&self) {
        kill_part(&self.deployment.coordinator_spec().dir);
    }

    /// Kills the whole process tree of a member of any cluster with SIGKILL.
    #[track_caller]
    pub fn kill_member(&self, cluster: ClusterId, id: i32) {
        let spec = self.deployment.cluster(cluster).expect("a cluster");
        kill_part(&spec.member(MemberId(id)).expect("a member").dir);
    }

    /// Process id of a member, if it runs.
    pub fn pid(&self, id: i32) -> Option<u32> {
        FolderLock::living_owner(&self.member(id).dir)
    }

    /// Process id of a member's supervisor, if it runs.
    pub fn supervisor_pid(&self, id: i32) -> Option<u32> {
        supervisor_of(&self.member(id).dir)
    }

    /// All processes of a running member: `lugus node`, its media driver and its JVM.
    #[track_caller]
    pub fn processes(&self, id: i32) -> Vec<Process> {
        let processes = processes::tree(self.pid(id).expect("it runs"));
        assert_eq!(processes.len(), 3, "{processes:?}");
        processes
    }

    /// Kills a member's whole process tree with SIGKILL, as a power cut would; returns the time of the kill.
    #[track_caller]
    pub fn kill(&self, id: i32) -> Instant {
        self.kill_all(&[id])
    }

    /// Kills several members with SIGKILL at once.
    #[track_caller]
    pub fn kill_all(&self, ids: &[i32]) -> Instant {
        let processes: Vec<Process> = ids.iter().flat_map(|id| self.processes(*id)).collect();
        let killed = Instant::now();
        ids.iter().for_each(|id| kill_supervisor(&self.member(*id).dir));
        for process in &processes {
            processes::kill(process.pid);
        }
        await_end(&processes);
        killed
    }

    /// Log of a member since its last start.
    pub fn log(&self, id: i32) -> String {
        fs::read_to_string(self.member(id).dir.join("member.log")).unwrap_or_default()
    }

    /// Remaining processes of this deployment, of any kind.
    pub fn left(&self) -> Vec<Process> {
        processes::mentioning(&[self.folder.path(), &self.deployment.aeron_root()])
    }

    fn show_logs(&self) {
        let clusters = self.deployment.cluster_specs();
        let members = clusters.iter().flat_map(|cluster| &cluster.members).map(|member| member.dir.clone());
        for dir in members.chain([self.deployment.coordinator_spec().dir]) {
            for name in ["supervisor.log", "member.log", "coordinator.log", "consensus-module.log", "media-driver.log"]
            {
                let Ok(text) = fs::read_to_string(dir.join(name)) else { continue };
                let lines: Vec<&str> = text.lines().collect();
                let end = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
                eprintln!("== {} {name}:\n{}", dir.display(), end.join("\n"));
            }
        }
    }
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_logs();
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        // Again and again, as a supervisor may have started a process meanwhile.
        while Instant::now() < deadline {
            let left = self.left();
            if left.is_empty() {
                break;
            }
            left.iter().for_each(|process| processes::kill(process.pid));
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = fs::remove_dir_all(self.deployment.aeron_root());
    }
}

/// Kills the whole process tree that owns this folder with SIGKILL.
#[track_caller]
fn kill_part(dir: &Path) {
    let processes = processes::tree(FolderLock::living_owner(dir).expect("it runs"));
    assert_eq!(processes.len(), 3, "{processes:?}");
    kill_supervisor(dir);
    processes.iter().for_each(|process| processes::kill(process.pid));
    await_end(&processes);
}

/// Kills the supervisor of the process that owns this folder, if it has one: the supervisor would start the process again.
fn kill_supervisor(dir: &Path) {
    if let Some(supervisor) = supervisor_of(dir) {
        processes::kill(supervisor);
    }
}

fn supervisor_of(dir: &Path) -> Option<u32> {
    FolderLock::living_owner(&dir.join("supervisor"))
}

#[track_caller]
fn await_end(processes: &[Process]) {
    until("the end of killed processes", || {
        processes.iter().all(|process| !processes::is_alive(process.pid)).then_some(())
    });
}
