//! The media driver of a program that trades.
//!
//! This test program links the library and rusteron-archive: the library must not link Aeron's C driver as well.

use std::ffi::CString;
use std::net::UdpSocket;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use lugus_media_driver::{ClientDriver, ProcessError, living_driver};
use rusteron_archive::{Aeron, AeronContext, Handlers, IntoCString};
use rustix::process::Signal;

use crate::support::{PATIENCE, SecondProcess, deployment, folder, kill, lives, scene, until, wait_to_be_killed};

/// Type id of the counter with the position up to which the driver has sent a publication (`aeron_counters.h`).
const SENDER_POSITION_TYPE_ID: i32 = 2;

/// Time within which the driver must move a position that depends on nothing else. It takes microseconds if it moves at
/// all.
const MOMENT: Duration = Duration::from_secs(2);

fn client_of(dir: &Path) -> Aeron {
    let context = AeronContext::new().expect("a context");
    context.set_dir(&CString::new(dir.as_os_str().as_bytes()).expect("a path")).expect("set");
    let client = Aeron::new(&context).expect("a client");
    client.start().expect("connected");
    client
}

/// Adds a publication as a client of the driver, which must answer.
fn use_driver(dir: &Path) {
    let client = client_of(dir);
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

/// What waits for a receiver that was killed is sent once, although nobody receives it. A driver that sent it again in
/// each duty cycle would slow down all other publications until it gives the receiver up (by Aeron's defaults after 10
/// to 20 s).
#[test]
fn a_killed_receiver_is_not_sent_the_same_again_and_again() {
    let (folder, receivers) = (folder(), folder());
    let driver = ClientDriver::start(&deployment(folder.path(), 23_050)).expect("started");
    let receiver = ClientDriver::start(&deployment(receivers.path(), 23_050)).expect("started");
    let (client, receiving) = (client_of(driver.aeron_dir()), client_of(receiver.aeron_dir()));
    let channel = "aeron:udp?endpoint=127.0.0.1:23051".into_c_string();
    let subscription = receiving.add_subscription(&channel, 1_001, Handlers::NONE, Handlers::NONE, PATIENCE);
    let subscription = subscription.expect("a subscription");
    let publication = client.add_exclusive_publication(&channel, 1_001, PATIENCE).expect("a publication");
    until("the receiver", || publication.is_connected() && subscription.is_connected());
    kill(receiver.pid().expect("our own"), Signal::KILL);
    until("its end", || !lives(receiver.pid().expect("our own")));
    // Several datagrams at once, but no more than the receiver had room for.
    let message = [0; 1_024];
    until("twenty messages", || (0..20).all(|_| publication.offer(&message).is_ok()));
    let counters = client.counters_reader();
    let sent = counters.find_by_type_id(SENDER_POSITION_TYPE_ID, |_| true).expect("a position");
    let deadline = Instant::now() + MOMENT;
    while counters.get_counter_value(sent).expect("its value") < publication.position() {
        assert!(Instant::now() < deadline, "the driver sends the same again and again");
    }
}

/// A gap that nobody fills is asked for now and then: a sender of many gaps does not keep the driver busy with asking.
#[test]
fn a_gap_is_not_asked_for_again_and_again() {
    const STREAM: i32 = 1_001;
    const TERM: i32 = 7;
    const DATA: u16 = 1;
    const NAK: [u8; 2] = [2, 0];
    const SETUP: u16 = 5;
    let folder = folder();
    let driver = ClientDriver::start(&deployment(folder.path(), 23_060)).expect("started");
    let client = client_of(driver.aeron_dir());
    let port = 23_061;
    let channel = format!("aeron:udp?endpoint=127.0.0.1:{port}").into_c_string();
    let subscription = client.add_subscription(&channel, STREAM, Handlers::NONE, Handlers::NONE, PATIENCE);
    let subscription = subscription.expect("a subscription");
    let sender = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    sender.set_read_timeout(Some(Duration::from_millis(10))).expect("set");
    let send = |frame: &[u8]| sender.send_to(frame, ("127.0.0.1", port)).expect("sent");
    let frame = |length: usize, kind: u16, fields: &[i32]| {
        // The flags of data that is a whole message; an announcement has none.
        let flags = if kind == DATA { 0xC000 } else { 0 };
        let head = [length as u32, flags | u32::from(kind) << 16].map(u32::to_le_bytes);
        let mut frame: Vec<u8> =
            head.into_iter().chain(fields.iter().map(|field| field.to_le_bytes())).flatten().collect();
        frame.resize(length, 0);
        frame
    };
    // SETUP, as `aeron_setup_header_t` has it: the first term's begin, session, stream, terms, their length, MTU and TTL.
    send(&frame(40, SETUP, &[0, 1, STREAM, TERM, TERM, 1 << 16, 1_408, 0]));
    until("the image", || subscription.is_connected());
    // DATA after a gap of 1,024 bytes.
    send(&frame(64, DATA, &[1_024, 1, STREAM, TERM, 0, 0]));
    let asked = || {
        let mut received = [0; 2_048];
        sender.recv(&mut received).is_ok() && received[6..8] == NAK
    };
    until("the first request", asked);
    let (began, mut again) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(1) {
        again += u128::from(asked());
    }
    let most = began.elapsed().as_millis() / 10 + 1;
    assert!((1..=most).contains(&again), "{again} times, and not {most}");
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
    // Shorter than Aeron accepts; `validate` would have refused it.
    deployment.term_length.udp = lugus_topology::Size::bytes(1_000);
    let message = ClientDriver::start(&deployment).expect_err("refused").to_string();
    assert!(
        message.contains("media driver has ended (exit status: 1)") && message.contains("term length"),
        "{message}"
    );
}
