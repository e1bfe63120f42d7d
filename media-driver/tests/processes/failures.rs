//! Something that is missing or in use leads to one clear message, and no process is left running.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lugus_media_driver::{MemberProcesses, ProcessError};
use lugus_topology::{Deployment, MemberId, Size};

use crate::support::{cluster, deployment, folder};

/// The error of starting the member. Checks that no process with its folder on the command line is left running.
fn fails(folder: &Path, deployment: &Deployment) -> ProcessError {
    let error = MemberProcesses::start(&cluster(deployment), MemberId(0)).expect_err("refused");
    let ours = folder.to_str().expect("a path");
    for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        assert!(!command.contains(ours), "left running: {command}");
    }
    error
}

#[test]
fn no_java() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_200);
    deployment.java.binary = "/no/such/java".into();
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.contains("can't run \"/no/such/java\": there is no such program; install a JDK"), "{message}");
}

#[test]
fn old_java() {
    let folder = folder();
    let java = folder.path().join("java");
    std::fs::write(&java, "#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n").expect("written");
    std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755)).expect("made executable");
    let mut deployment = deployment(folder.path(), 23_210);
    deployment.java.binary = java;
    let error = fails(folder.path(), &deployment);
    assert!(matches!(&error, ProcessError::OldJava { version, .. } if version == "11.0.2"), "{error}");
}

#[test]
fn no_jars() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_220);
    deployment.java.jars = Some("/no/such/folder".into());
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.contains("/no/such/folder/aeron-all.jar is missing: run ./scripts/setup"), "{message}");
}

#[test]
fn no_driver_program() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_230);
    deployment.driver.binary = Some("/no/such/driver".into());
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.contains("/no/such/driver") && message.contains("cargo build"), "{message}");
}

#[test]
fn a_port_in_use() {
    let folder = folder();
    let _taken = UdpSocket::bind(("127.0.0.1", 23_243)).expect("a port");
    let message = fails(folder.path(), &deployment(folder.path(), 23_240)).to_string();
    assert!(message.starts_with("port 127.0.0.1:23243 (catch_up of member 0) is in use"), "{message}");
}

#[test]
fn an_address_of_another_machine() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_250);
    for member in deployment.clusters.iter_mut().flat_map(|cluster| &mut cluster.members) {
        member.host = String::from("192.0.2.1");
    }
    // With keys, as open authentication would be another error here.
    deployment.authentication.mode = lugus_topology::AuthenticationMode::Keys;
    let key = lugus_topology::Key::parse(&"07".repeat(32)).expect("a key");
    deployment.participants =
        vec![lugus_topology::Participant { id: 7, key: Some(key), ..lugus_topology::Participant::default() }];
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.contains("can't use 192.0.2.1:23250 (ingress of member 0)"), "{message}");
}

#[test]
fn a_full_disk() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_260);
    deployment.archive.minimum_free_space = Size::mib(1 << 30);
    let error = fails(folder.path(), &deployment);
    assert!(matches!(&error, ProcessError::NoSpace { purpose: "the archive", .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_270);
    std::fs::write(folder.path().join("file"), "").expect("written");
    deployment.dir = folder.path().join("file");
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.contains("can't make") && message.contains("/file/cluster-0/member-0"), "{message}");
}

#[test]
fn a_jvm_that_does_not_start() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_280);
    deployment.java.arguments = vec![String::from("-XX:+NoSuchFlag")];
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.starts_with("the consensus module has ended (exit status: 1)"), "{message}");
    assert!(message.contains("consensus-module.log ends with") && message.contains("NoSuchFlag"), "{message}");
}

#[test]
fn a_consensus_module_that_refuses_its_configuration() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_290);
    deployment.java.arguments = vec![String::from("-Dlugus.authentication.mode=none")];
    let cluster = cluster(&deployment);
    // The properties from `cluster.toml` come later on the command line, and so win.
    MemberProcesses::start(&cluster, MemberId(0)).expect("started");
    let other = folder.path().join("state/cluster-0/member-0/archive/archive.catalog");
    std::fs::write(&other, [7; 4_096]).expect("spoiled");
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.starts_with("the consensus module has ended (exit status: 1)"), "{message}");
    assert!(message.contains("\nfatal: "), "{message}");
}

#[test]
fn a_jvm_that_does_not_answer() {
    let folder = folder();
    let java = folder.path().join("java");
    let script =
        "#!/bin/sh\n[ \"$1\" = -version ] && { echo 'openjdk version \"17.0.1\"' >&2; exit; }\nexec sleep 1000\n";
    std::fs::write(&java, script).expect("written");
    std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755)).expect("made executable");
    let mut deployment = deployment(folder.path(), 23_300);
    deployment.java.binary = java;
    deployment.timeouts.start_timeout = std::time::Duration::from_secs(1);
    let message = fails(folder.path(), &deployment).to_string();
    assert!(message.starts_with("the consensus module did not answer within 1"), "{message}");
}
