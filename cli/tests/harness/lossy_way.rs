//! A way between a listener and a member's port that loses some of what the member sends.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Offset of a frame's type, and the type of frames with data.
const FRAME_TYPE: usize = 6;
const DATA: u8 = 1;
/// Length of the header of a frame with data: one that is no longer only tells that somebody sends.
const HEADER: usize = 32;
/// One frame with data in this number is lost.
const LOST_ONE_IN: u64 = 20;
const PAUSE: Duration = Duration::from_micros(500);

/// Forwards datagrams to and fro until it is dropped.
pub struct LossyWay {
    /// Where listeners announce themselves, instead of at the member's port.
    pub address: SocketAddr,
    lost: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LossyWay {
    /// A way to this port, for one listener.
    pub fn to(port: SocketAddr) -> Self {
        let socket = || {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.set_nonblocking(true).expect("a socket");
            socket
        };
        let (to_listener, to_member) = (socket(), socket());
        let address = to_listener.local_addr().expect("an address");
        let (lost, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&lost), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let (mut buffer, mut listener, mut frames) = ([0; 65_536], None, 0_u64);
            while !stopped.load(Ordering::Relaxed) {
                let mut work = 0;
                while let Ok((length, from)) = to_listener.recv_from(&mut buffer) {
                    listener = Some(from);
                    let _ = to_member.send_to(&buffer[..length], port);
                    work += 1;
                }
                while let (Some(listener), Ok(length)) = (listener, to_member.recv(&mut buffer)) {
                    work += 1;
                    if buffer[FRAME_TYPE] == DATA && length > HEADER {
                        frames += 1;
                        // In no step with any pattern of the market.
                        if (frames.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % LOST_ONE_IN == 0 {
                            counted.fetch_add(1, Ordering::Relaxed);
                            continue;
                        }
                    }
                    let _ = to_listener.send_to(&buffer[..length], listener);
                }
                if work == 0 {
                    thread::sleep(PAUSE);
                }
            }
        });
        Self { address, lost, stop, thread: Some(thread) }
    }

    /// Number of datagrams that were lost.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for LossyWay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
