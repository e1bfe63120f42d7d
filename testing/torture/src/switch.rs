//! A switch in this process, to which places (members, and the clients) are connected by devices of their own. It passes IP packets on,
//! except for what their links do to them. So the network can be hurt on any kernel, in each direction apart, and repeatably; of
//! `tc netem` many kernels have nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use std::thread;
use std::time::Instant;

use lugus_simulator::Random;

use crate::error::TortureError;
use crate::links::Links;

/// Longest packet that is passed on, in bytes.
const LONGEST_PACKET: usize = 65_536;

/// Number of late packets that are kept; what comes beyond is lost, as in a switch.
const MAXIMUM_LATE: usize = 50_000;

/// Where a header of IPv4 has the address of the receiver, in bytes.
const DESTINATION: std::ops::Range<usize> = 16..20;

/// A place that is connected.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its address.
    pub(crate) address: Ipv4Addr,
    /// The device's end in this process.
    pub(crate) device: File,
}

/// The switch. Its threads last as long as the process.
#[derive(Debug)]
pub(crate) struct Switch {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    places: Vec<Place>,
    links: RwLock<Links>,
    late: Mutex<BinaryHeap<Reverse<Late>>>,
    more: Condvar,
}

/// A packet that is under way.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    due: Instant,
    to: usize,
    packet: Vec<u8>,
}

impl Switch {
    /// Connects the places.
    ///
    /// # Errors
    /// A thread can't be started.
    pub(crate) fn start(places: Vec<Place>, seed: u64) -> Result<Self, TortureError> {
        let count = places.len();
        let shared = Arc::new(Shared {
            links: RwLock::new(Links::new(count)),
            late: Mutex::new(BinaryHeap::new()),
            more: Condvar::new(),
            places,
        });
        for from in 0..count {
            let (shared, random) = (Arc::clone(&shared), Random::new(seed, 1_000 + from as u64));
            spawn(move || shared.pass_on(from, random))?;
        }
        let deliverer = Arc::clone(&shared);
        spawn(move || deliverer.deliver_late())?;
        Ok(Self { shared })
    }

    /// Changes what the links do.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Links)) {
        change(&mut self.shared.links.write().unwrap_or_else(|poisoned| poisoned.into_inner()));
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), TortureError> {
    let thread = thread::Builder::new().name(String::from("switch")).spawn(work);
    thread.map(drop).map_err(|error| TortureError::Thread(format!("can't be started: {error}")))
}

impl Shared {
    /// Passes on what one place sends, until its device is gone.
    fn pass_on(&self, from: usize, mut random: Random) {
        let mut buffer = vec![0; LONGEST_PACKET];
        let mut device = &self.places[from].device;
        while let Ok(length) = device.read(&mut buffer) {
            let packet = &buffer[..length];
            let Some(to) = self.receiver(packet).filter(|to| *to != from) else { continue };
            let link = *self.links.read().unwrap_or_else(|poisoned| poisoned.into_inner()).of(from, to);
            for late in link.pass(&mut random).into_iter().flatten() {
                if late.is_zero() {
                    self.deliver(to, packet);
                } else {
                    self.keep(Late { due: Instant::now() + late, to, packet: packet.to_vec() });
                }
            }
        }
    }

    fn receiver(&self, packet: &[u8]) -> Option<usize> {
        let is_version_4 = packet.first().is_some_and(|byte| byte >> 4 == 4);
        let address: [u8; 4] = packet.get(DESTINATION).filter(|_| is_version_4)?.try_into().ok()?;
        self.places.iter().position(|place| place.address.octets() == address)
    }

    /// A device that is down takes nothing: the packet is lost, as on a real network.
    fn deliver(&self, to: usize, packet: &[u8]) {
        let _ = (&self.places[to].device).write(packet);
    }

    fn late(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Late>>> {
        self.late.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn keep(&self, packet: Late) {
        let mut late = self.late();
        if late.len() < MAXIMUM_LATE {
            late.push(Reverse(packet));
            self.more.notify_one();
        }
    }

    fn deliver_late(&self) {
        let mut late = self.late();
        loop {
            let now = Instant::now();
            let wait = late.peek().map(|Reverse(first)| first.due.saturating_duration_since(now));
            late = match wait {
                Some(wait) if wait.is_zero() => {
                    let due = late.pop();
                    drop(late);
                    if let Some(Reverse(Late { to, packet, .. })) = due {
                        self.deliver(to, &packet);
                    }
                    self.late()
                }
                Some(wait) => match self.more.wait_timeout(late, wait) {
                    Ok((late, _)) => late,
                    Err(poisoned) => poisoned.into_inner().0,
                },
                None => self.more.wait(late).unwrap_or_else(|poisoned| poisoned.into_inner()),
            };
        }
    }
}
