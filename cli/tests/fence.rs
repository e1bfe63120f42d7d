//! A member whose state differs from that of the others fences itself, and they go on; `lugus status` tells, on every host.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::fs;
use std::path::Path;

use harness::{LocalCluster, Outcome, Status, Traders, by_hand, define_instruments, folder, lugus, until};
use lugus_codecs::{Envelope, HEADER_LENGTH};
use lugus_media_driver::DAMAGED_EXIT_CODE;
use lugus_topology::{MemberSpec, Size};

const COMMANDS: u32 = 200;

/// Length of the header of an Aeron frame, and offsets of fields in it (`DataHeaderFlyweight`), in bytes.
const FRAME_HEADER: usize = 32;
const FRAME_CHECKSUM: usize = 12;
const FRAME_STREAM: usize = 16;
/// Length of the header that a cluster puts before each message of a session in its log.
const SESSION_HEADER: usize = 32;
/// Schema and template of a new order, and offset of its price after the message's header, in bytes.
const NEW_ORDER: (u16, u16) = (201, 1);
const PRICE: usize = 16;

/// An order's price in the log of one follower is changed by a tick while the follower is down, and so is the frame's checksum.
#[test]
fn a_member_whose_log_was_altered_fences_itself_and_the_others_trade_on() {
    let cluster = LocalCluster::start(3, |deployment| {
        by_hand(deployment);
        deployment.supervision.restart = true;
        deployment.archive.segment_length = Size::mib(16);
    });
    define_instruments(&cluster);
    let mut traders = Traders::connect(&cluster);
    traders.trade(COMMANDS);
    traders.settle();
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    traders.trade(COMMANDS);
    traders.settle();
    let elsewhere = Elsewhere::new(&cluster);
    let seen = until("equal members, seen from another host", || {
        let outcome = elsewhere.status();
        let status = status(&outcome);
        (outcome.code == Some(0) && status.common_state().is_some()).then_some(status)
    });
    assert!(
        seen.leader().is_some() && seen.members.iter().all(|member| member.differing_members == Some(0)),
        "{seen:?}"
    );

    let altered = (cluster.await_leader() + 1) % 3;
    cluster.kill(altered);
    alter_last_order(&cluster.member(altered));
    // It may last long enough to join, or not.
    let _ = cluster.lugus(&["up"]);
    let has_ended = || cluster.pid(altered).is_none() && cluster.supervisor_pid(altered).is_none();
    until("the end of the altered member and of its supervisor", || has_ended().then_some(()));
    let log = cluster.log(altered);
    let number_after = |text: &str| -> i64 {
        let rest = log.split(text).nth(1).unwrap_or_else(|| panic!("no {text:?} in {log}"));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a position")
    };
    assert!(log.contains("a majority of the members has another state than this one"), "{log}");
    assert!(number_after("last equal at position ") < number_after("at log position "), "{log}");

    // The others tell it everywhere, and go on.
    for outcome in [cluster.lugus(&["--json", "status"]), elsewhere.status()] {
        assert_eq!(outcome.code, Some(3), "{outcome:?}");
        let differing = status(&outcome).members.iter().filter(|member| member.differing_members == Some(1)).count();
        assert_eq!(differing, 2, "{outcome:?}");
    }
    assert_eq!(status(&cluster.lugus(&["--json", "status"])).member(altered).role, "fenced");
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();

    let again = cluster.lugus(&["up"]);
    assert!(again.message().contains("the member is fenced"), "{again:?}");
    assert!(has_ended());
    let node = cluster.lugus(&["node", "--cluster", "0", "--member", &altered.to_string()]);
    assert_eq!(node.code, Some(i32::from(DAMAGED_EXIT_CODE)), "{node:?}");

    // The repair that the member names.
    let member = cluster.member(altered);
    for directory in [&member.archive_dir, &member.cluster_dir] {
        fs::rename(directory, directory.with_extension("altered")).expect("moved away");
    }
    assert_eq!(cluster.up(), [i64::from(altered)]);
    until("a status without a difference", || (elsewhere.status().code == Some(0)).then_some(()));
    cluster.await_common_state();
    traders.trade(COMMANDS);
    traders.settle();
    traders.check();
}

fn status(outcome: &Outcome) -> Status {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("no status: {error}: {outcome:?}"))
}

/// A host of the deployment on which no member runs: the same file, in a folder where nothing else is.
struct Elsewhere {
    folder: tempfile::TempDir,
    drivers: std::path::PathBuf,
}

impl Elsewhere {
    fn new(cluster: &LocalCluster) -> Self {
        let folder = folder();
        let mut deployment = cluster.deployment.clone();
        deployment.save(&folder.path().join("cluster.toml")).expect("a good deployment");
        Self { folder, drivers: deployment.aeron_root() }
    }

    fn status(&self) -> Outcome {
        lugus(self.folder.path(), &["--config", "cluster.toml", "--json", "status"])
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.drivers);
    }
}

/// Changes the price of the last order in a member's recordings by one tick, and the frame's checksum accordingly.
fn alter_last_order(member: &MemberSpec) {
    let files = fs::read_dir(&member.archive_dir).expect("an archive").flatten().map(|entry| entry.path());
    let mut found = None;
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "rec")) {
        let bytes = fs::read(&path).expect("a segment");
        if let Some(at) = last_order(&bytes) {
            assert!(found.is_none(), "orders are in the log only");
            found = Some((path, bytes, at));
        }
    }
    let (path, mut bytes, at) = found.expect("an order in the log");
    let price = at + FRAME_HEADER + SESSION_HEADER + HEADER_LENGTH + PRICE;
    assert_eq!(stored_checksum(&bytes[at..]), checksum(&bytes[at..]), "the checksum is computed as the archive does");
    bytes[price] ^= 1;
    let sum = checksum(&bytes[at..]);
    bytes[at + FRAME_CHECKSUM..at + FRAME_CHECKSUM + 4].copy_from_slice(&sum.to_le_bytes());
    write(&path, &bytes);
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Offset of the last frame of a segment that has a new order.
fn last_order(segment: &[u8]) -> Option<usize> {
    let (mut at, mut last) = (0, None);
    while let Some(length) = number(segment, at).filter(|length| *length > 0) {
        let frame = &segment[at..at + length as usize];
        let message = frame.get(FRAME_HEADER + SESSION_HEADER..).and_then(|message| Envelope::open(message).ok());
        let is_order = message.is_some_and(|message| (message.schema_id, message.template_id) == NEW_ORDER);
        if is_order && number(frame, FRAME_STREAM) == Some(100) {
            last = Some(at);
        }
        at += aligned(length);
    }
    last
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Length that a frame takes in a recording, in bytes.
fn aligned(length: u32) -> usize {
    (length as usize).next_multiple_of(FRAME_HEADER)
}

fn stored_checksum(frame: &[u8]) -> u32 {
    number(frame, FRAME_CHECKSUM).expect("a frame")
}

/// CRC-32C of a frame without its header, as the archive keeps it in place of the frame's session id.
fn checksum(frame: &[u8]) -> u32 {
    let payload = &frame[FRAME_HEADER..aligned(number(frame, 0).expect("a frame"))];
    !payload.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0x82f6_3b78 } else { sum >> 1 })
    })
}
