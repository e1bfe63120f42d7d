//! What a package installs besides programs. The units for systemd: systemd finds nothing wrong with them, and the supervisor takes their
//! command lines. The deployment to begin with is one that can start.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::process::Command;

use lugus_topology::{ClusterId, Deployment};

/// The program as the units name it.
const INSTALLED: &str = "/usr/bin/lugus";
const CONFIGURATION: &str = "/etc/lugus/cluster.toml";

const UNITS: [&str; 2] = ["lugus-member@.service", "lugus-coordinator.service"];

fn unit(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/systemd").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no systemd-analyze on this machine");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let paths = UNITS.map(|name| {
        // systemd looks whether the program is there.
        let path = folder.path().join(name.replace('@', "@0"));
        fs::write(&path, unit(name).replace(INSTALLED, env!("CARGO_BIN_EXE_lugus"))).expect("written");
        path
    });
    let verified = Command::new("systemd-analyze").arg("verify").args(paths).output().expect("systemd-analyze runs");
    let told = String::from_utf8_lossy(&verified.stderr);
    // It also looks at the units of this machine that ours name.
    let of_ours: Vec<_> = told.lines().filter(|line| line.contains("lugus")).collect();
    assert!(of_ours.is_empty(), "{told}");
}

#[test]
fn the_supervisor_takes_the_command_lines_of_the_units() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("cluster.toml");
    // The deployment has neither a coordinator nor member 7, which is found out after the arguments.
    fs::write(&configuration, "[[cluster]]\nid = 0\n[[cluster.member]]\nid = 0\nport = 20100\n").expect("written");
    for name in UNITS {
        let text = unit(name);
        let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command line");
        let line = line.replace("${LUGUS_CLUSTER}", "0").replace("%i", "7");
        let line = line.replace(CONFIGURATION, configuration.to_str().expect("a path"));
        let arguments: Vec<_> = line.strip_prefix(INSTALLED).expect("the program").split_whitespace().collect();
        let output = Command::new(env!("CARGO_BIN_EXE_lugus")).args(&arguments).output().expect("lugus runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("the deployment has no such process"), "{told}");
    }
}

#[test]
fn the_deployment_that_the_package_shows_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/package/cluster.toml");
    let text = fs::read_to_string(path).expect("the example");
    let here = text.replace("/etc/lugus", folder.path().to_str().expect("a path"));
    for (number, name) in ["members", "operator", "participant-1"].into_iter().enumerate() {
        fs::write(folder.path().join(format!("{name}.key")), format!("{number:064x}\n")).expect("written");
    }
    fs::write(folder.path().join("cluster.toml"), here).expect("written");
    let deployment = Deployment::load(&folder.path().join("cluster.toml")).expect("a deployment");
    assert_eq!(deployment.cluster(ClusterId(0)).expect("cluster A").members.len(), 3);
    assert!(deployment.members_key().expect("a key").is_some());
}
