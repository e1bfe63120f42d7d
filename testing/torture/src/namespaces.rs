//! Network namespaces: one of this process, and one of each member, all of which are gone with the process.

use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::TortureError;
use crate::switch::{Place, Switch};
use crate::tun;

/// Set in the environment of a process that is in namespaces of its own.
const INSIDE: &str = "LUGUS_TORTURE_NAMESPACES";

/// Folder in which `ip netns` names namespaces.
const NAMES: &str = "/run/netns";

/// Where members run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// All members on loopback addresses: the network can't be hurt, and no disk is small.
    Loopback,
    /// Each member in a network namespace of its own, with an address and a small disk of its own.
    Namespaces,
}

impl Placement {
    /// Its name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Namespaces => "namespaces",
        }
    }
}

/// Puts this process into namespaces of its own, where it begins once more with the same arguments, if this user may make them;
/// otherwise, and if it is there already, returns where members will run. Call it before any thread is started.
pub fn enter() -> Placement {
    if std::env::var_os(INSIDE).is_some() {
        return Placement::Namespaces;
    }
    if !is_possible() {
        return Placement::Loopback;
    }
    let Ok(program) = std::env::current_exe() else { return Placement::Loopback };
    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--mount", "--propagation", "private", "--"]).arg(program);
    // Returns only if it fails.
    let _ = unshare.args(std::env::args_os().skip(1)).env(INSIDE, "1").exec();
    Placement::Loopback
}

fn is_possible() -> bool {
    let runs = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    rustix::process::geteuid().is_root()
        && Path::new("/dev/net/tun").exists()
        && runs("ip", &["-V"])
        && runs("nsenter", &["--version"])
        && runs("unshare", &["--net", "--mount", "--propagation", "private", "true"])
}

/// Makes a namespace with an address for each member, and connects them with one another and with this process, whose address is `own`.
/// The clients' place is the last one.
///
/// # Errors
/// A command of the system fails.
pub(crate) fn connect(members: &[Ipv4Addr], own: Ipv4Addr, seed: u64) -> Result<Switch, TortureError> {
    // Names of other processes are out of sight, and none of ours is left behind.
    std::fs::create_dir_all(NAMES).map_err(TortureError::file("make", NAMES))?;
    run("mount", &["-t", "tmpfs", "lugus-torture", NAMES])?;
    run("ip", &["link", "set", "lo", "up"])?;
    let mut places = Vec::new();
    for (member, address) in members.iter().enumerate() {
        let (namespace, device) = (name(member), format!("lugus{member}"));
        run("ip", &["netns", "add", &namespace])?;
        let opened = tun::open(&device).map_err(TortureError::file("open a device of", "/dev/net/tun"))?;
        run("ip", &["link", "set", &device, "netns", &namespace])?;
        run("ip", &["-n", &namespace, "link", "set", "lo", "up"])?;
        set_up(&["-n", &namespace], &device, *address)?;
        places.push(Place { address: *address, device: opened });
    }
    let device = "lugusclients";
    let opened = tun::open(device).map_err(TortureError::file("open a device of", "/dev/net/tun"))?;
    set_up(&[], device, own)?;
    places.push(Place { address: own, device: opened });
    Switch::start(places, seed)
}

/// Gives a device an address in a network of 256 addresses, and switches it on.
fn set_up(namespace: &[&str], device: &str, address: Ipv4Addr) -> Result<(), TortureError> {
    let ip = |arguments: &[&str]| run("ip", &[namespace, arguments].concat());
    ip(&["addr", "add", &format!("{address}/24"), "dev", device])?;
    ip(&["link", "set", device, "txqueuelen", "5000", "up"])
}

/// Name of a member's namespace.
fn name(member: usize) -> String {
    format!("member{member}")
}

/// The program and its arguments that run another program in a member's namespace.
pub(crate) fn entering(member: usize) -> [String; 2] {
    [String::from("nsenter"), format!("--net={NAMES}/{}", name(member))]
}

/// Runs a command of the system to its end.
///
/// # Errors
/// It can't be started, or fails.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<(), TortureError> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let failed =
        |reason: String| TortureError::Command { command: format!("{program} {}", arguments.join(" ")), reason };
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}
