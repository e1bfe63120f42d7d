//! The client against a real media driver. The driver must have been built:
//! `cargo build --release -p rusteron-media-driver --bin media_driver`.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ClientSettings, Fragment, FragmentAssembler, channel, is_driver_alive};

const TIMEOUT: Duration = Duration::from_secs(5);
const STREAM: i32 = 1001;

/// A media driver that ends with the test.
struct Driver {
    process: Child,
    directory: tempfile::TempDir,
}

impl Driver {
    fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("aeron-support-").tempdir_in("/dev/shm").unwrap();
        let process = start_in(&directory.path().join("driver"));
        Self { process, directory }
    }

    fn aeron_dir(&self) -> PathBuf {
        self.directory.path().join("driver")
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start_in(aeron_dir: &Path) -> Child {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/media_driver");
    assert!(program.is_file(), "build the media driver first, as the head of this file says");
    Command::new(program)
        .env("AERON_DIR", aeron_dir)
        .env("AERON_DIR_DELETE_ON_START", "1")
        .env("AERON_THREADING_MODE", "SHARED")
        .env("AERON_TERM_BUFFER_LENGTH", "1m")
        .env("AERON_IPC_TERM_BUFFER_LENGTH", "1m")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn connect(driver: &Driver) -> AeronClient {
    AeronClient::connect(ClientSettings::new(driver.aeron_dir(), "support-test", TIMEOUT)).unwrap()
}

#[test]
fn publications_and_subscriptions_carry_messages_of_any_length() {
    let driver = Driver::start();
    let client = connect(&driver);
    assert!(is_driver_alive(&driver.aeron_dir(), TIMEOUT));
    assert!(client.is_same_driver());
    assert_eq!(client.name(), "support-test");

    let subscription = client.add_subscription(channel::IPC_CHANNEL, STREAM).unwrap();
    let publication = client.add_exclusive_publication(channel::IPC_CHANNEL, STREAM).unwrap();
    let shared =
        client.add_publication(&channel::with_alias_if_absent(channel::IPC_CHANNEL, "shared"), STREAM).unwrap();
    client
        .wait(TIMEOUT, "connect", || Ok((publication.is_connected() && shared.is_connected()).then_some(())))
        .unwrap();

    // Two images in the middle of a message at once.
    let messages: [Vec<u8>; 2] = [1_u8, 2].map(|fill| vec![fill; 100_000]);
    publication.offer(&messages[0]).unwrap();
    shared.offer(&messages[1]).unwrap();
    let (mut assembler, mut received) = (FragmentAssembler::new(2), Vec::new());
    client
        .wait(TIMEOUT, "receive", || {
            let mut take = |payload: &[u8], header| {
                let fragment = Fragment::new(payload, &header);
                assert!(fragment.position > 0);
                if let Some(message) = assembler.assemble(&fragment) {
                    received.push(message.to_vec());
                }
            };
            subscription.poll_fn(&mut take, 10).unwrap();
            Ok((received.len() == messages.len()).then_some(()))
        })
        .unwrap();
    received.sort();
    assert_eq!(received, messages);
}

#[test]
fn a_port_is_resolved_and_a_counter_is_cut_to_aerons_limits() {
    let driver = Driver::start();
    let client = connect(&driver);
    let subscription = client.add_subscription("aeron:udp?endpoint=127.0.0.1:0", STREAM).unwrap();
    let resolved = client.resolve_channel(&subscription).unwrap();
    let endpoint = channel::parameter(&resolved, "endpoint").unwrap();
    assert!(endpoint.starts_with("127.0.0.1:") && !endpoint.ends_with(":0"), "{resolved}");

    let counter = client.add_counter(1_000, &[7; 500], &"é".repeat(500)).unwrap();
    counter.addr_atomic().store(5, std::sync::atomic::Ordering::Release);
    let counters = client.aeron().counters_reader();
    let mut found = Vec::new();
    counters.foreach_counter_fn(|value, _, type_id, key, label| {
        if type_id == 1_000 {
            found.push((value, key.len(), label.len()));
        }
    });
    assert_eq!(found, [(5, 112, 380)]);
}

#[test]
fn a_refusal_says_what_was_asked_for_and_aerons_reason_in_one_line() {
    let driver = Driver::start();
    let texts = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&texts);
    let settings = ClientSettings::new(driver.aeron_dir(), "support-test", TIMEOUT)
        .on_error(move |text| kept.borrow_mut().push(text.to_owned()));
    let client = AeronClient::connect(settings).unwrap();
    let AeronError { action, message, .. } =
        client.add_publication("aeron:tcp?endpoint=localhost:1", STREAM).unwrap_err();
    assert_eq!(action, format!("add the publication aeron:tcp?endpoint=localhost:1, stream {STREAM}"));
    assert!(!message.is_empty() && !message.contains('\n'), "{message}");
    let error = client.add_subscription("aeron:ipc\0", STREAM).unwrap_err();
    assert!(error.message.contains("zero byte"), "{error}");
    let pending = client.async_add_subscription(channel::IPC_CHANNEL, STREAM).unwrap();
    assert!(client.wait_for(&pending).is_ok());
    assert!(pending.poll().unwrap().is_none(), "it has been handed out");
}

#[test]
fn a_driver_that_dies_or_is_replaced_is_noticed() {
    let mut driver = Driver::start();
    let client =
        AeronClient::connect(ClientSettings::new(driver.aeron_dir(), "support-test", Duration::from_secs(1))).unwrap();
    client.do_work().unwrap();
    driver.kill();
    assert!(client.is_same_driver(), "its files are still there");
    let killed = Instant::now();
    let error = loop {
        match client.do_work() {
            Ok(_) => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => break error,
        }
        assert!(killed.elapsed() < TIMEOUT, "the driver's death goes unnoticed");
    };
    assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
    assert!(!is_driver_alive(&driver.aeron_dir(), Duration::from_secs(1)));

    driver.process = start_in(&driver.aeron_dir());
    let started = Instant::now();
    while client.is_same_driver() {
        assert!(started.elapsed() < TIMEOUT, "the new driver goes unnoticed");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(connect(&driver).is_same_driver());
}

#[test]
fn the_files_of_a_dead_driver_do_not_count_as_a_driver() {
    let mut driver = Driver::start();
    connect(&driver);
    driver.kill();
    assert!(is_driver_alive(&driver.aeron_dir(), TIMEOUT), "its last heartbeat is young");
    let settings = |timeout| ClientSettings::new(driver.aeron_dir(), "support-test", timeout);
    let error = AeronClient::connect(settings(Duration::from_millis(200))).unwrap_err();
    assert!(error.message.starts_with("no media driver runs there: no "), "{error}");

    let aeron_dir = driver.aeron_dir();
    let restart = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        std::fs::remove_dir_all(&aeron_dir).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        start_in(&aeron_dir)
    });
    let connected = AeronClient::connect(settings(TIMEOUT));
    driver.process = restart.join().unwrap();
    let client = connected.unwrap();
    assert!(client.is_same_driver() && client.add_subscription(channel::IPC_CHANNEL, STREAM).is_ok());
}
