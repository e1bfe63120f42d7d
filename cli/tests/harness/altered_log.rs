//! A member's log that differs from that of the others by one order's price.

use std::fs;
use std::path::Path;

use lugus_codecs::{Envelope, HEADER_LENGTH};
use lugus_topology::MemberSpec;

/// Length of the header of an Aeron frame, and offsets of fields in it (`DataHeaderFlyweight`), in bytes.
pub(super) const FRAME_HEADER: usize = 32;
pub(super) const FRAME_CHECKSUM: usize = 12;
const FRAME_STREAM: usize = 16;
/// Length of the header that a cluster puts before each message of a session in its log.
const SESSION_HEADER: usize = 32;
/// Schema and template of a new order, and offset of its price after the message's header, in bytes.
const NEW_ORDER: (u16, u16) = (201, 1);
const PRICE: usize = 16;

/// Changes the price of the last order in a member's recordings by one tick, and the frame's checksum accordingly.
pub fn alter_last_order(member: &MemberSpec) {
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

pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Length that a frame takes in a recording, in bytes.
pub(super) fn aligned(length: u32) -> usize {
    (length as usize).next_multiple_of(FRAME_HEADER)
}

fn stored_checksum(frame: &[u8]) -> u32 {
    number(frame, FRAME_CHECKSUM).expect("a frame")
}

/// CRC-32C of a frame without its header, as the archive keeps it in place of the frame's session id.
pub(super) fn checksum(frame: &[u8]) -> u32 {
    let payload = &frame[FRAME_HEADER..aligned(number(frame, 0).expect("a frame"))];
    !payload.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0x82f6_3b78 } else { sum >> 1 })
    })
}
