//! The driver of a program that trades.
//!
//! This program links the library and rusteron-archive: the library must not bring Aeron's C driver with it.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use lugus_media_driver::{ClientDriver, ProcessError, living_driver};
use rusteron_archive::{Aeron, AeronContext, IntoCString};
use rustix::process::Signal;

use crate::support::{PATIENCE, SecondProcess, deployment, folder, kill, lives, scene, until, wait_to_be_killed};

/// A client of the driver adds a publication: the driver answers.
fn use_driver(dir: &Path) {
    let context = AeronContext::new().expect("a context");
    context.set_dir(&CString::new(dir.as_os_str().as_bytes()).expect("a path")).expect("set");
    let client = Aeron::new(&context).expect("a client");
    client.start().expect("connected");
    let publication = client.async_add_publication(&"aeron:ipc".into_c_string(), 1_001).expect("asked for");
    publication.poll_blocking(PATIENCE).expect("a publication");
}

#[test]
fn answers_and_leaves_nothing_behind() {
    let folder = folder();
    let deployment = deployment(folder.path(), 23_000);
    let started = Instant::now();
    let mut driver = ClientDriver::start(&deployment).expect("started");
    eprintln!("client driver answers after {:?}", started.elapsed());
    use_driver(driver.aeron_dir());
    assert!(driver.check().is_ok());
    let second = ClientDriver::start(&deployment).expect("a second one of the same program");
    assert_ne!(second.aeron_dir(), driver.aeron_dir());
    let (pid, dir) = (driver.pid().expect("our own"), driver.aeron_dir().to_path_buf());
    drop(driver);
    assert!(!lives(pid) && !dir.exists());
    use_driver(second.aeron_dir());
}

#[test]
fn its_death_is_noticed() {
    let folder = folder();
    let mut driver = ClientDriver::start(&deployment(folder.path(), 23_010)).expect("started");
    kill(driver.pid().expect("our own"), Signal::KILL);
    until("its end", || driver.check().is_err());
}

#[test]
fn scene_a_client() {
    let Some(folder) = scene() else { return };
    let driver = ClientDriver::start(&deployment(Path::new(&folder), 23_020)).expect("started");
    println!("\ndriver {}", driver.pid().expect("our own"));
    wait_to_be_killed();
}

#[test]
fn what_a_killed_client_left_is_deleted_by_the_next() {
    let folder = folder();
    let path = folder.path().to_str().expect("a path");
    let mut client = SecondProcess::play("client_driver::scene_a_client", path);
    let mut living = SecondProcess::play("client_driver::scene_a_client", path);
    let [killed] = client.numbers_after("driver")[..] else { panic!("one driver") };
    let [other] = living.numbers_after("driver")[..] else { panic!("one driver") };
    client.kill();
    until("its driver to die with it", || !lives(killed));
    let deployment = deployment(folder.path(), 23_020);
    let folders = || {
        std::fs::read_dir(deployment.client_root())
            .expect("the root")
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .count()
    };
    let driver = ClientDriver::start(&deployment).expect("started");
    until("the dead client's folder to be deleted", || {
        drop(ClientDriver::start(&deployment).expect("started"));
        folders() == 2
    });
    assert!(lives(other) && lives(driver.pid().expect("our own")), "the living keep theirs");
}

#[test]
fn a_driver_that_runs_already_is_used() {
    let folder = folder();
    let own = ClientDriver::start(&deployment(folder.path(), 23_030)).expect("started");
    let mut deployment = deployment(folder.path(), 23_030);
    deployment.client.aeron_dir = Some(own.aeron_dir().to_path_buf());
    let other = ClientDriver::start(&deployment).expect("found");
    assert_eq!((other.aeron_dir(), other.pid()), (own.aeron_dir(), None));
    assert_eq!(living_driver(own.aeron_dir()).map(i32::unsigned_abs), own.pid());
    drop(other);
    use_driver(own.aeron_dir());
    drop(own);
    let error = ClientDriver::start(&deployment).expect_err("gone");
    assert!(matches!(error, ProcessError::NoDriver { .. }), "{error}");
}

#[test]
fn a_driver_that_does_not_start_says_why() {
    let folder = folder();
    let mut deployment = deployment(folder.path(), 23_040);
    deployment.timeouts.start_timeout = Duration::from_secs(20);
    // Shorter than Aeron takes; `validate` would have said so.
    deployment.term_length.udp = lugus_topology::Size::bytes(1_000);
    let message = ClientDriver::start(&deployment).expect_err("refused").to_string();
    assert!(
        message.contains("media driver has ended (exit status: 1)") && message.contains("term length"),
        "{message}"
    );
}
