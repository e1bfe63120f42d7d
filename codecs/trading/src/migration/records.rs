//! Records of an instrument in a run of few bytes.
//!
//! This is a second layout of executions and orders beside their messages. An instrument is traded nowhere while its
//! records are on their way from one cluster to the other, so their number of bytes decides how long it is away. As
//! messages, a kept execution takes 144 bytes and an order 90; here, an order takes about 14, since most numbers differ
//! little from those of the record before, and most fields are absent. What is rare needs no layout of its own: all other
//! records are the messages of the snapshot.
//!
//! A record begins with a tag. After `MESSAGE`, one message follows, or the two of a kept event. After `EXECUTION` and
//! `ORDER` come a byte of flags that tell which optional fields are present, one byte for each enumeration, and numbers:
//! seven bits a byte, the lowest first, with the highest bit set in all bytes but the last. A number is written as its
//! difference from that of the record before where `Before` has one, with the sign in the lowest bit. The first record of
//! a run is told from zeros, so that each run stands for itself.

pub mod reader;
pub mod writer;

/// Maximum length of a run of records, in bytes.
pub const MAXIMUM_RUN_LENGTH: usize = 32 * 1024;

/// A record that is written as messages of the snapshot.
const MESSAGE: u8 = 0;
/// A kept event that is an execution.
const EXECUTION: u8 = 1;
/// A live order.
const ORDER: u8 = 2;

// Flags of an execution.
/// The event answers the scope's last applied command.
const ANSWER: u8 = 1;
/// There is a price.
const PRICE: u8 = 1 << 1;
/// There is a last price.
const LAST_PRICE: u8 = 1 << 2;
/// There are a trade id and a last quantity.
const TRADE: u8 = 1 << 3;
/// There is an original client order id.
const ORIGINAL: u8 = 1 << 4;
/// There is a cumulative quantity.
const FILLED: u8 = 1 << 5;
/// The open quantity is not the quantity less the cumulative quantity, and is present.
const LEFT: u8 = 1 << 6;

// Flags of an order.
/// The order is post-only.
const POST_ONLY: u8 = 1;
/// The open quantity is less than the quantity, and is present.
const PARTLY: u8 = 1 << 1;
/// The shown quantity is less than the open quantity, and is present.
const HIDES: u8 = 1 << 2;
/// There is a display quantity.
const DISPLAY: u8 = 1 << 3;
/// There is a stop price.
const STOP: u8 = 1 << 4;
/// There is an expire time.
const EXPIRES: u8 = 1 << 5;

/// The numbers that those of the next record are differences from.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    participant: u32,
    event_sequence: u64,
    applied: u64,
    time: i64,
    order_id: u64,
    client_order_id: u64,
    price: i64,
    expire_time: i64,
}
