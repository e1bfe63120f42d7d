//! Deployments with their own ports and folders, a second process that a test can kill, and waiting for a condition.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::{ClusterId, ClusterSpec, Deployment, Size};

/// Time-out for anything that a test waits for, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Variable that gives a second process the argument of its scene.
const SCENE: &str = "LUGUS_TEST_SCENE";

/// A deployment of one member with its state and driver in `folder`, and its ports from `port` on.
pub(crate) fn deployment(folder: &Path, port: u16) -> Deployment {
    let mut deployment = Deployment::default_local(1, port);
    deployment.dir = folder.join("state");
    deployment.aeron_dir = Some(folder.join("aeron"));
    deployment.java.initial_heap = Size::mib(32);
    deployment.driver.binary = Some(env!("CARGO_BIN_EXE_lugus-media-driver").into());
    deployment
}

/// The only cluster of the deployment.
pub(crate) fn cluster(deployment: &Deployment) -> ClusterSpec {
    deployment.validate().expect("good");
    deployment.cluster(ClusterId(0)).expect("cluster 0")
}

/// A folder in the RAM disk, where drivers have theirs.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("lugus-test-").tempdir_in("/dev/shm").expect("a folder")
}

/// Waits until `done` holds, and fails when it does not in time.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "timed out, waiting for: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether the process runs; a zombie does not.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// Sends a signal to a process.
pub(crate) fn kill(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, signal).expect("killed");
}

/// A second process of this test program, which runs one test as a scene. It is killed when this is dropped.
pub(crate) struct SecondProcess {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl SecondProcess {
    /// Starts a process that runs only the test `name`, with an argument.
    pub(crate) fn play(name: &str, argument: &str) -> Self {
        let ours = std::env::current_exe().expect("this program");
        let mut child = Command::new(ours)
            .args([name, "--exact", "--nocapture"])
            .env(SCENE, argument)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    /// The numbers after `word` in the next line of output that contains it.
    pub(crate) fn numbers_after(&mut self, word: &str) -> Vec<u32> {
        for line in self.lines.by_ref() {
            let line = line.expect("a line");
            if let Some((_, numbers)) = line.split_once(word) {
                return numbers.split_whitespace().map(|number| number.parse().expect(number)).collect();
            }
        }
        panic!("the second process ended without saying {word}");
    }

    /// Kills the process, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for SecondProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Argument of the scene in a second process; `None` in the test program itself.
pub(crate) fn scene() -> Option<String> {
    std::env::var(SCENE).ok()
}

/// The end of a scene: waits to be killed.
pub(crate) fn wait_to_be_killed() {
    loop {
        thread::park();
    }
}
