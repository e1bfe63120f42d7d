//! Frames of Aeron's protocol written by hand, as somebody sends them who is no Aeron client and has no credentials.
//!
//! Source: Aeron's transport protocol specification; `aeron-cluster-codecs.xml` for the connect request.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::Endpoint;

/// Types of frames.
const DATA: u16 = 1;
const STATUS_MESSAGE: u16 = 3;
const SETUP: u16 = 5;
/// Flags of a message that is whole in one frame.
const WHOLE: u8 = 0xC0;
/// Frames begin at multiples of this, in bytes.
pub const FRAME_ALIGNMENT: usize = 32;
const MTU: i32 = 1408;
/// The first term's number, of any publication of these.
const TERM: i32 = 7;

/// A publication's announcement, from which a driver makes an image.
pub fn setup(session: i32, stream: i32, term_length: i32) -> Vec<u8> {
    let fields = [0, session, stream, TERM, TERM, term_length, MTU, 0];
    frame_of_type(40, 0, SETUP, &fields)
}

/// A receiver's announcement that it listens to a stream.
pub fn status_message(receiver_id: u64, stream: i32) -> Vec<u8> {
    let mut message = frame_of_type(36, 0, STATUS_MESSAGE, &[0, stream, TERM, 0, 1 << 20]);
    message.extend(receiver_id.to_le_bytes());
    message
}

/// A message in one frame of `length` bytes at an offset in the first term. Zeros follow the message, which are part of it; more of them,
/// which are not, fill the datagram to a multiple of [`FRAME_ALIGNMENT`], as a driver demands.
pub fn data(session: i32, stream: i32, offset: i32, message: &[u8], length: usize) -> Vec<u8> {
    let frame_length = i32::try_from(length).expect("short");
    let mut frame = frame_of_type(frame_length, WHOLE, DATA, &[offset, session, stream, TERM, 0, 0]);
    frame.extend(message);
    assert!(frame.len() <= length);
    frame.resize(length.next_multiple_of(FRAME_ALIGNMENT), 0);
    frame
}

/// A client's request for a session, without credentials, whose answer goes to this port of this machine.
pub fn connect_request(correlation_id: i64, response_port: u16) -> Vec<u8> {
    let (block_length, template, schema, version) = (16_u16, 3_u16, 111_u16, 8_u16);
    let mut message: Vec<u8> =
        [block_length, template, schema, version].iter().flat_map(|it| it.to_le_bytes()).collect();
    message.extend(correlation_id.to_le_bytes());
    let (response_stream, protocol_version) = (102_i32, 3_i32 << 8);
    message.extend([response_stream, protocol_version].iter().flat_map(|it| it.to_le_bytes()));
    let channel = format!("aeron:udp?endpoint=127.0.0.1:{response_port}");
    for bytes in [channel.as_bytes(), &[]] {
        message.extend(u32::try_from(bytes.len()).expect("short").to_le_bytes());
        message.extend(bytes);
    }
    message
}

/// A frame of any type: what all have in common, and fields after that.
pub fn frame_of_type(length: i32, flags: u8, frame_type: u16, fields: &[i32]) -> Vec<u8> {
    let mut frame: Vec<u8> = length.to_le_bytes().to_vec();
    frame.extend([0, flags]);
    frame.extend(frame_type.to_le_bytes());
    frame.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    frame
}

/// Frames that go from one address to one port, at a rate.
#[derive(Debug, Clone)]
pub struct Flood {
    pub from: Ipv4Addr,
    pub to: Endpoint,
    /// Frames a second.
    pub rate: u64,
}

impl Flood {
    /// Sends until it is told to stop: `frames` makes the one with this number, and what must precede it. Returns how many
    /// there were.
    pub fn run(&self, stop: &AtomicBool, mut frames: impl FnMut(u64) -> Vec<Vec<u8>>) -> u64 {
        let socket = UdpSocket::bind((self.from, 0)).expect("a socket");
        let began = Instant::now();
        let mut sent = 0;
        while !stop.load(Ordering::Relaxed) {
            let due = u64::try_from(began.elapsed().as_micros()).expect("short") * self.rate / 1_000_000;
            while sent < due {
                for frame in frames(sent) {
                    // A refusal or a full socket is as good as a loss.
                    let _ = socket.send_to(&frame, (self.to.host.as_str(), self.to.port));
                }
                sent += 1;
            }
            thread::sleep(Duration::from_millis(1));
        }
        sent
    }

    /// Announces one publication after another.
    pub fn of_setups(&self, stop: &AtomicBool, stream: i32, term_length: i32) -> u64 {
        self.run(stop, |number| vec![setup(session(number), stream, term_length)])
    }

    /// Announces one listener after another, each of which wants to be sent all that the port sends.
    pub fn of_listeners(&self, stop: &AtomicBool, stream: i32) -> u64 {
        self.run(stop, |number| vec![status_message(number, stream)])
    }

    /// Sends data of one publication after another, none of which was announced: a driver asks the sender of each to announce it.
    pub fn of_unannounced_data(&self, stop: &AtomicBool, stream: i32) -> u64 {
        self.run(stop, |number| vec![data(session(number), stream, 0, &[], FRAME_ALIGNMENT)])
    }

    /// Asks for one session after another, each time with another port for the answer, and does nothing more about it.
    pub fn of_connects(&self, stop: &AtomicBool, stream: i32) -> u64 {
        // Each publication fills its first term, which is what a receiver takes without waiting for the reader.
        const LENGTH: usize = 256;
        const TERM_LENGTH: usize = 1 << 16;
        const MESSAGES: u64 = (TERM_LENGTH / LENGTH) as u64;
        self.run(stop, |number| {
            let (publication, at) = (number / MESSAGES, number % MESSAGES);
            let offset = i32::try_from(at).expect("small") * LENGTH as i32;
            let port = 10_000 + u16::try_from(number % 20_000).expect("small");
            let message = connect_request(i64::try_from(number).expect("small"), port);
            let connect = data(session(publication), stream, offset, &message, LENGTH);
            // The next one is announced early, because a driver needs a while to make an image.
            let announced = if number == 0 { 0..2 } else { publication + 1..publication + 2 };
            let mut frames: Vec<_> = if at == 0 {
                announced.map(|publication| setup(session(publication), stream, TERM_LENGTH as i32)).collect()
            } else {
                Vec::new()
            };
            frames.push(connect);
            frames
        })
    }
}

/// Session id of a publication: far from those that a driver counts up from a random number, most likely.
fn session(publication: u64) -> i32 {
    1_000_000 + i32::try_from(publication).expect("small")
}
