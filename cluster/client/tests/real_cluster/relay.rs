//! A relay between a client and a member, on loopback, that can be cut.
//!
//! The client sends its ingress to the relay. In a connect request the relay puts a port of its own in place of the egress port,
//! so that the member answers to the relay.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What precedes the port of the egress endpoint in a connect request.
const EGRESS_ENDPOINT: &[u8] = b"endpoint=127.0.0.1:";
/// Ports that the system chooses have this many digits, so one can stand in place of another.
const PORT_DIGITS: usize = 5;
/// Longer than every datagram.
const MAX_DATAGRAM: usize = 65_536;

/// What is dropped while the relay is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// What the member sends to the client's egress. All else goes on.
    Egress,
    /// Everything, in both directions.
    Everything,
}

/// A relay that runs until it is dropped.
pub(crate) struct Relay {
    ingress: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_egress_cut: AtomicBool,
    is_all_cut: AtomicBool,
    is_stopped: AtomicBool,
}

impl Relay {
    /// A relay to the member with this ingress endpoint.
    pub(crate) fn start(member: &str) -> Self {
        let shared = Arc::new(Shared::default());
        let ingress = Way::new(member.parse().unwrap());
        let address = ingress.front.local_addr().unwrap();
        let work = Arc::clone(&shared);
        let thread = thread::spawn(move || Relayed { ingress, egress: Vec::new() }.run(&work));
        Self { ingress: address, shared, thread: Some(thread) }
    }

    /// Where the client has to send its ingress.
    pub(crate) fn ingress_endpoint(&self) -> String {
        self.ingress.to_string()
    }

    pub(crate) fn cut(&self, cut: Cut) {
        self.shared.is_egress_cut.store(true, Ordering::Release);
        self.shared.is_all_cut.store(cut == Cut::Everything, Ordering::Release);
    }

    pub(crate) fn heal(&self) {
        self.shared.is_egress_cut.store(false, Ordering::Release);
        self.shared.is_all_cut.store(false, Ordering::Release);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// All that is relayed: ingress, and egress to each port that the client has had.
struct Relayed {
    ingress: Way,
    egress: Vec<Way>,
}

impl Relayed {
    fn run(mut self, shared: &Shared) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        while !shared.is_stopped.load(Ordering::Acquire) {
            let is_egress_cut = shared.is_egress_cut.load(Ordering::Acquire);
            let is_all_cut = shared.is_all_cut.load(Ordering::Acquire);
            let Self { ingress, egress } = &mut self;
            let mut work = ingress.forward(&mut buffer, |datagram| {
                redirect(datagram, egress);
                !is_all_cut
            });
            work |= ingress.back(&mut buffer, is_all_cut);
            for way in egress {
                work |= way.forward(&mut buffer, |_| !is_egress_cut);
                work |= way.back(&mut buffer, is_all_cut);
            }
            if !work {
                thread::sleep(Duration::from_micros(100));
            }
        }
    }
}

/// Puts the relay's port in place of the client's egress port, if the datagram has one.
fn redirect(datagram: &mut [u8], egress: &mut Vec<Way>) {
    let Some(start) = datagram.windows(EGRESS_ENDPOINT.len()).position(|window| window == EGRESS_ENDPOINT) else {
        return;
    };
    let start = start + EGRESS_ENDPOINT.len();
    let digits = &mut datagram[start..start + PORT_DIGITS];
    let port: u16 = std::str::from_utf8(digits).unwrap().parse().unwrap();
    let known = egress.iter().position(|way| way.destination.port() == port);
    let way = known.unwrap_or_else(|| {
        egress.push(Way::new(SocketAddr::from(([127, 0, 0, 1], port))));
        egress.len() - 1
    });
    digits.copy_from_slice(egress[way].front.local_addr().unwrap().port().to_string().as_bytes());
}

/// The way to one destination. Each sender gets a socket of its own, to which the destination answers.
struct Way {
    front: UdpSocket,
    destination: SocketAddr,
    senders: Vec<(SocketAddr, UdpSocket)>,
}

impl Way {
    fn new(destination: SocketAddr) -> Self {
        Self { front: socket(), destination, senders: Vec::new() }
    }

    /// Hands on what has come for the destination, if `pass` lets it through. Returns whether there was anything.
    fn forward(&mut self, buffer: &mut [u8], mut pass: impl FnMut(&mut [u8]) -> bool) -> bool {
        let Some((length, sender)) = receive(&self.front, buffer) else { return false };
        let known = self.senders.iter().position(|(address, _)| *address == sender);
        let index = known.unwrap_or_else(|| {
            self.senders.push((sender, socket()));
            self.senders.len() - 1
        });
        if pass(&mut buffer[..length]) {
            // A destination that has gone loses the datagram.
            let _ = self.senders[index].1.send_to(&buffer[..length], self.destination);
        }
        true
    }

    /// Hands back what the destination has answered, or drops it. Returns whether there was anything.
    fn back(&mut self, buffer: &mut [u8], is_cut: bool) -> bool {
        let mut work = false;
        for (sender, socket) in &self.senders {
            if let Some((length, _)) = receive(socket, buffer) {
                if !is_cut {
                    let _ = self.front.send_to(&buffer[..length], sender);
                }
                work = true;
            }
        }
        work
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.local_addr().unwrap().port().to_string().len(), PORT_DIGITS);
    socket
}

/// A datagram, if there is one.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    match socket.recv_from(buffer) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => None,
        received => Some(received.unwrap()),
    }
}
