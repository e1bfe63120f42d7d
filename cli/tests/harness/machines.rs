//! Several machines on one: each is a network namespace with an address of its own, a disk, and shared memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::command::Outcome;

/// Length of the machines' network, in bits.
const NETWORK: u8 = 24;

/// What is run in the machine's own mount namespace: its disk and its shared memory are put where all machines have theirs. The disk comes last, and by
/// a path from the working directory, as the shared memory may hide the folder that both are in.
const ENTER: &str = r#"mount --bind "$3" /dev/shm && mkdir -p "$2" && mount --bind "$1" "$2" && shift 3 && exec "$@""#;

/// Machines that reach one another through a switch. Drop kills what runs on them, and takes them away.
pub struct Machines {
    /// Begin of the names of the namespaces.
    prefix: String,
    folder: PathBuf,
    shared_memory: PathBuf,
    names: Vec<String>,
}

impl Machines {
    /// The switch, without a machine. `None` if this user may not make one.
    pub fn new(folder: &Path) -> Option<Self> {
        let prefix = format!("lugus{}", std::process::id());
        let shared_memory = PathBuf::from("/dev/shm").join(&prefix);
        let machines = Self { prefix, folder: folder.to_path_buf(), shared_memory, names: Vec::new() };
        let switch = machines.namespace("switch");
        if !try_ip(&["netns", "add", &switch]) {
            eprintln!("there is no program `ip`, or this user may make no network namespace");
            return None;
        }
        let made = try_ip(&["-n", &switch, "link", "add", "bridge", "type", "bridge"])
            && try_ip(&["-n", &switch, "link", "set", "bridge", "up"]);
        made.then_some(machines)
    }

    /// Plugs in a machine with this address, with an empty disk unless there was one of this name.
    pub fn add(&mut self, name: &str, address: &str) {
        let (switch, namespace) = (self.namespace("switch"), self.namespace(name));
        self.names.push(name.to_owned());
        ip(&["netns", "add", &namespace]);
        ip(&["-n", &switch, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", &namespace]);
        ip(&["-n", &switch, "link", "set", name, "master", "bridge", "up"]);
        ip(&["-n", &namespace, "addr", "add", &format!("{address}/{NETWORK}"), "dev", "eth0"]);
        for link in ["lo", "eth0"] {
            ip(&["-n", &namespace, "link", "set", link, "up"]);
        }
        for folder in [self.disk(name), self.memory(name), self.mount_point()] {
            fs::create_dir_all(folder).expect("a folder");
        }
    }

    /// A machine burns down: its processes are killed, its network is gone, and so is its disk.
    pub fn destroy(&mut self, name: &str) {
        self.names.retain(|other| other != name);
        self.take_away(name);
        fs::remove_dir_all(self.disk(name)).expect("its disk");
    }

    /// Folder at which each machine has its own disk.
    pub fn mount_point(&self) -> PathBuf {
        self.folder.join("disk")
    }

    /// Runs `lugus` on a machine until it ends.
    pub fn lugus(&self, name: &str, arguments: &[&str]) -> Outcome {
        self.command(name, arguments).output().expect("ip runs").into()
    }

    /// Starts `lugus` on a machine.
    pub fn start(&self, name: &str, arguments: &[&str]) -> Child {
        let log = fs::File::create(self.log_path(name)).expect("a log");
        let mut command = self.command(name, arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("ip runs")
    }

    /// What was written to standard error by what was started last on a machine.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.log_path(name)).unwrap_or_default()
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(name), "unshare", "--mount", "sh", "-c", ENTER, "enter"]);
        command.args([disk_name(name).into(), self.mount_point(), self.memory(name)]);
        command.arg(env!("CARGO_BIN_EXE_lugus")).args(arguments).current_dir(&self.folder).env_remove("RUST_LOG");
        command
    }

    fn namespace(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Where this program finds a file that a machine has on its disk.
    pub fn on_disk(&self, name: &str, path: &Path) -> PathBuf {
        self.disk(name).join(path.strip_prefix(self.mount_point()).expect("on its disk"))
    }

    fn disk(&self, name: &str) -> PathBuf {
        self.folder.join(disk_name(name))
    }

    fn memory(&self, name: &str) -> PathBuf {
        self.shared_memory.join(name)
    }

    fn take_away(&self, name: &str) {
        let namespace = self.namespace(name);
        let processes = || {
            let output = Command::new("ip").args(["netns", "pids", &namespace]).output().expect("ip runs");
            String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        // A supervisor may start another process between the look and the kill.
        while let running @ [_, ..] = processes().as_slice() {
            let _ = Command::new("kill").arg("-9").args(running).stderr(Stdio::null()).status();
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = try_ip(&["netns", "del", &namespace]);
        let _ = fs::remove_dir_all(self.memory(name));
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in std::mem::take(&mut self.names) {
            self.take_away(&name);
        }
        let _ = try_ip(&["netns", "del", &self.namespace("switch")]);
        let _ = fs::remove_dir_all(&self.shared_memory);
    }
}

/// Name of a machine's disk in the folder, which is the working directory of what runs on the machine.
fn disk_name(name: &str) -> String {
    format!("{name}.disk")
}

fn try_ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).output().is_ok_and(|output| output.status.success())
}

#[track_caller]
fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip runs");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
